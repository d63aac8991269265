"""A recipe bundles the choices of a Quantum-Train model that the papers leave open."""

from __future__ import annotations

from dataclasses import dataclass, field

from diffqas.architecture import RELAXATIONS, Raw, Relaxation, as_relaxation
from diffqas.choices import Tuning, Unread, accept_old_names, check, option, renamed
from diffqas.errors import choose, require
from diffqas.quantum_train.anchor import ANCHORED
from diffqas.quantum_train.mapping import BITS
from diffqas.quantum_train.order import ORDERS
from diffqas.quantum_train.scale import SCALES, DimensionScale, Scale, TanhScale, as_scale
from diffqas.storage import Json, JsonView, storable

STARTS = ("none", "target", *ANCHORED)

OLD_NAMES = {"spread": "init_std"}
"""New names of fields by those of version 0.1.0."""

RATE = "Learning rate of the {} relative to --lr (kalman: standard deviation of their prior)."


@storable
@dataclass(frozen=True)
class Rates:
    """Learning rates of the three kinds of parameters, relative to the optimiser's base rate.

    A step of the mapping moves all weights together, since each weight is a sum of the same few
    numbers; so the mapping has its own rate.

    Raises:
        ArgumentError: a rate is negative or no finite number.
    """

    angles: float = option(
        1.0, RATE.format("angles"), least=0, flag="angles_rate", tune=Tuning(0.1, 100.0)
    )
    structure: float = option(
        1.0,
        RATE.format("structural weights"),
        least=0,
        flag="structure_rate",
        tune=Tuning(0.1, 100.0),
    )
    mapping: float = option(
        1.0, RATE.format("mapping"), least=0, flag="mapping_rate", tune=Tuning(0.1, 10.0)
    )

    def __post_init__(self) -> None:
        check(self)


@storable
@dataclass(frozen=True)
class Recipe:
    """The choices about the model; the optimiser is a choice of the training.

    Attributes:
        relaxation: how structural parameters become weights.
        scale: the function that is applied to the probabilities before the mapping.
        start: the start of the generated tensors. `"target"` gives each tensor the mean and spread
            of the target's own initialisation, and `"none"` leaves the mapping's output as it is.
            `"drawn"` starts at values drawn with that mean and spread, and `"own"` at the target's
            own values; the circuits then move these values.
        bits: the coding of the bits, `"signed"` or `"binary"`.
        init_std: the standard deviation of the angles at the start, in radians.
        rates: the learning rates relative to the base rate.
        order: which basis state writes which weight. `"index"`: basis state i writes weight i;
            `"shuffled"`: a fixed other one does; `"signed"`: the same, and half of the states write
            with the opposite sign (`Order`).
        leverage: by how many of its spreads a weight moves per unit step of the angles (each by +1
            or -1 radian, to first order), for the starts `"drawn"` and `"own"`. With a larger
            leverage smaller turns are enough, and the generator is nearer to linear.
        calibrated: whether `rates` are shares of a measured movement
            (`diffqas.quantum_train.calibration`) instead of multiples of the base rate.

    Raises:
        ArgumentError: a value breaks the rule of its option.
    """

    relaxation: Relaxation = option(
        factory=Raw,
        help="How structural parameters become weights of the candidates.",
        family=lambda: RELAXATIONS,
    )
    scale: Scale = option(
        factory=TanhScale,
        help="What brings probabilities, which are near 2^-n, to the size of the bits beside them.",
        family=lambda: SCALES,
    )
    start: str = option(
        "target",
        "target: each written tensor starts with the mean and spread of the target's own. none: "
        "with what the mapping gives. drawn: with values drawn with that mean and spread, which "
        "the circuits move. own: with the target's own values.",
        among=STARTS,
    )
    bits: str = option("binary", "Coding of the bits: 0/1 or -1/+1.", among=tuple(BITS))
    init_std: float = option(
        1.0,
        "Standard deviation of the angles at the start, in radians.",
        least=0,
        flag="spread",
        tune=Tuning(0.01, 3.0),
    )
    rates: Rates = field(default_factory=lambda: Rates(angles=3.0))
    order: str = option(
        "index",
        "index: basis state i writes weight i. shuffled: another one does. signed: another one, "
        "half of them with the opposite sign.",
        among=ORDERS,
    )
    leverage: float = option(
        1.0,
        "Of the starts drawn and own: spreads that a weight moves by per unit step of all angles.",
        above=0,
    )
    calibrated: bool = option(
        False,
        "Measure how far a step of angles, structure and mapping moves the weights; their rates "
        "are then shares of that.",
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "relaxation", as_relaxation(self.relaxation))
        object.__setattr__(self, "scale", as_scale(self.scale))
        check(self)

    def unread(self) -> dict[str, Unread]:
        """The options of this recipe that have no effect, by their names."""
        if self.start in ANCHORED:
            return {}
        rule = f"go with the start {' or '.join(ANCHORED)}"
        return {"leverage": Unread(rule, f"the start {self.start}")}

    @staticmethod
    def upgraded(values: JsonView) -> Json:
        """The fields as this version stores them, from those that version 0.1.0 stored."""
        return renamed(values, OLD_NAMES)


accept_old_names(Recipe, OLD_NAMES)

RECIPES = {
    # What the papers state; open points: 0/1 bits, 2**n p, nearly zero angles, torch's start of a
    # linear layer.
    "paper": Recipe(scale=DimensionScale(limit=None), start="none", init_std=0.01, rates=Rates()),
    # What trains best at the same count; how it was chosen stands in docs/series.md.
    "default": Recipe(),
    # For networks that nobody tuned for; how it was chosen stands in docs/training-needs.md.
    "auto": Recipe(
        scale=TanhScale(),
        start="drawn",
        order="signed",
        leverage=300.0,
        calibrated=True,
        rates=Rates(),
    ),
}


def as_recipe(recipe: str | Recipe) -> Recipe:
    """Look up a recipe by its name; a `Recipe` is returned as it is.

    Raises:
        ArgumentError: an unknown name, or something that is no recipe.
    """
    if isinstance(recipe, str):
        return RECIPES[choose(recipe, RECIPES, "recipe")]
    require(isinstance(recipe, Recipe), "recipe", "be a name or a Recipe", repr(recipe))
    return recipe
