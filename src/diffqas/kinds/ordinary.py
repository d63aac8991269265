"""An ordinary small network beside a search: as many numbers, the same optimiser, its own rate.

`tasks.ordinary_network` says which network it is, and `training.choose_rate` chooses its rate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from torch import nn

from diffqas.kinds.kind import Companion
from diffqas.optimisers import DirectLockstep
from diffqas.tasks import Settings, Task, ordinary_network
from diffqas.training import RATES, choose_rate, seeded

FEW_SAMPLES = 200_000
"""Samples that are shown in seconds: training samples times epochs."""


def takes_seconds(task: Task, settings: Settings) -> bool:
    """Whether an ordinary network is trained beside a search if the options do not say.

    It is if training samples times epochs are at most `FEW_SAMPLES`. The five series take up to
    half a minute, the pairs of MNIST minutes.
    """
    return len(task.train) * settings.epochs <= FEW_SAMPLES


def ordinary_companion(task: Task, settings: Settings, numbers: int) -> Companion:
    """The ordinary network that a run trains beside its search.

    Args:
        task: what the search learns.
        settings: how the search is trained.
        numbers: how many numbers the search trains; the network has at most so many.

    Raises:
        ArgumentError: as of `ordinary_network`.
    """
    found = ordinary_network(task, numbers)
    return Companion(
        name=found.name,
        numbers=found.numbers,
        remark=f"{found.numbers:,} trainable numbers, an ordinary network",
        populate=partial(_populated, found.make, task),
        task=task,
        settings=without_structure(settings),
        rates=RATES,
    )


def ordinary_networks(
    task: Task, settings: Settings, seeds: Sequence[int], numbers: int
) -> DirectLockstep:
    """The ordinary networks of a row of a study, at the rate that is chosen for them.

    Raises:
        ArgumentError, RunError: as of `ordinary_network` and `choose_rate`.
    """
    found = ordinary_network(task, numbers)
    populate = partial(_populated, found.make, task)
    return populate(seeds, choose_rate(populate, task, settings))


def without_structure(settings: Settings) -> Settings:
    """The settings without those options that concern structural weights alone."""
    return replace(settings, bilevel=False, sparsity=0.0, cost=None, cost_weight=0.0)


def _populated(
    make: Callable[[], nn.Module], task: Task, seeds: Sequence[int], rate: float
) -> DirectLockstep:
    return DirectLockstep([seeded(seed, make, task) for seed in seeds], rate)
