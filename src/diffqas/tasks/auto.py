"""Settings for networks that nobody tuned for: the recipe `auto`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from diffqas.optimisers import SOAP, Adam
from diffqas.quantum_train import ADAM_LR, RECIPES, SOAP_LR, DimensionScale
from diffqas.tasks.settings import Settings

AUTO = "auto"
"""The word of the recipe."""

UNSIGNED = replace(RECIPES[AUTO], order="shuffled", scale=DimensionScale())
"""Its generator without signs and with another scale: committed figures and rates that were chosen
before it had them are of this one.
"""

NO_RECIPES: Mapping[str, Settings] = MappingProxyType({})
"""Stands for recipes that a task does not bring."""

DEPTH = 30
"""Layers: some 300 to 500 numbers for most networks."""

STEPS = 2_000
"""Steps of a training whose length nobody chose."""

LARGEST_BATCH = 64
BATCHES = 8
"""Least batches of an epoch, where there are samples enough."""


def auto_settings(samples: int) -> Settings:
    """All settings from the number of training samples.

    >>> settings = auto_settings(6500)
    >>> settings.depth, settings.batch_size, settings.epochs, settings.optimizer.name
    (30, 64, 20, 'soap')
    """
    batch_size = max(1, min(LARGEST_BATCH, samples // BATCHES))
    steps_per_epoch = -(-samples // batch_size)
    lengths = Settings(
        RECIPES[AUTO],
        depth=DEPTH,
        epochs=-(-STEPS // steps_per_epoch),
        batch_size=batch_size,
        shuffle=True,
    )
    return _automatic(lengths)


def with_auto(recipes: Mapping[str, Settings]) -> Mapping[str, Settings]:
    """The recipes of a task and `auto` beside them, as long and as deep as the first of them."""
    if AUTO in recipes or not recipes:
        return recipes
    like = recipes.get("default", next(iter(recipes.values())))
    return {**recipes, AUTO: _automatic(like)}


def _automatic(like: Settings) -> Settings:
    """The same with the generator and the optimiser of `auto`, as `QuantumTrain.optimizer` has it.

    A search that takes turns or is drawn to few candidates needs Adam in any case.
    """
    adam = Adam(ADAM_LR)
    strict = like.bilevel or like.sparsity > 0
    return replace(
        like,
        generator=RECIPES[AUTO],
        optimizer=adam if strict else SOAP(SOAP_LR),
        others=(adam,),
        schedule="cosine",
    )
