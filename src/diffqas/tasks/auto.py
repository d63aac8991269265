"""The recipe `auto`: settings for networks for which nobody has tuned any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from diffqas.optimisers import SOAP, Adam
from diffqas.quantum_train import ADAM_LR, RECIPES, SOAP_LR, DimensionScale
from diffqas.tasks.settings import Settings

AUTO = "auto"
"""The name of the recipe."""

UNSIGNED = replace(RECIPES[AUTO], order="shuffled", scale=DimensionScale())
"""The generator of `auto` without signs and with another scale, as it was before. Committed figures
and rates that were chosen then belong to this generator.
"""

NO_RECIPES: Mapping[str, Settings] = MappingProxyType({})
"""The recipes of a task that brings none."""

DEPTH = 30
"""The layers, which give about 300 to 500 numbers for most networks."""

STEPS = 2_000
"""The steps of a training whose length nobody chose."""

LARGEST_BATCH = 64
BATCHES = 8
"""The least number of batches in an epoch, if there are enough samples."""


def auto_settings(samples: int) -> Settings:
    """The settings of the recipe `auto`, which follow from the number of training samples.

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
    """The recipes of a task, with `auto` added, which is as long and as deep as the first one."""
    if AUTO in recipes or not recipes:
        return recipes
    like = recipes.get("default", next(iter(recipes.values())))
    return {**recipes, AUTO: _automatic(like)}


def _automatic(like: Settings) -> Settings:
    """Settings with the generator and the optimiser of `auto`, as in `QuantumTrain.optimizer`.

    A bilevel search, or one with a sparsity, always needs Adam.
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
