"""A recipe bundles every choice about a Quantum-Train model that the papers leave open or that can
be better.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from diffqas.architecture import Raw, Relaxation
from diffqas.errors import choose, require
from diffqas.quantum_train.scale import DimensionScale, Scale, TanhScale
from diffqas.storage import storable


@storable
@dataclass(frozen=True)
class Rates:
    """Learning rates of the three kinds of parameters, relative to the optimiser's base rate.

    One step of the mapping moves all weights together, since each is a sum of the same few bits;
    hence a rate of its own.
    """

    angles: float = 1.0
    structure: float = 1.0
    mapping: float = 1.0


@storable
@dataclass(frozen=True)
class Recipe:
    """Choices about the model; the optimiser's belong to the training.

    Attributes:
        relaxation: how structural parameters become weights.
        scale: applied to the probabilities before the mapping.
        start: `"target"` gives each generated tensor the mean and spread of the target's own
            initialisation; `"none"` leaves the mapping's output as it is.
        bits: coding of the bits, `"signed"` or `"binary"`.
        order: `"index"`: basis state i writes weight i; `"shuffled"`: another one does (`Order`).
        spread: standard deviation of the angles at the start, in radians.
        rates: learning rates relative to the base rate.
    """

    relaxation: Relaxation = field(default_factory=Raw)
    scale: Scale = field(default_factory=TanhScale)
    start: str = "target"
    bits: str = "binary"
    spread: float = 1.0
    rates: Rates = field(default_factory=lambda: Rates(angles=3.0))
    order: str = "index"


RECIPES = {
    # What the papers state; open points: 0/1 bits, 2**n p, nearly zero angles, torch's start of a
    # linear layer.
    "paper": Recipe(scale=DimensionScale(limit=None), start="none", spread=0.01, rates=Rates()),
    # What trains best at the same count; how it was chosen stands in docs/series.md.
    "default": Recipe(),
}


def as_recipe(recipe: str | Recipe) -> Recipe:
    """Accept a recipe's name where a recipe is meant."""
    if isinstance(recipe, str):
        return RECIPES[choose(recipe, RECIPES, "recipe")]
    require(isinstance(recipe, Recipe), "recipe", "be a name or a Recipe", repr(recipe))
    return recipe


STARTS = ("none", "target")
