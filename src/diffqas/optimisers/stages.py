"""Parts of a training step that a card records once and repeats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

import torch

from diffqas.optim import Captured
from diffqas.optimisers.population import Population, Steady

T = TypeVar("T")

WARM_UP = 8
"""Steps of a training before one is recorded, as a recording does not pay in a short training."""


@runtime_checkable
class Captures(Protocol):
    """An optimisation whose steps are recorded where that is possible."""

    @property
    def uncaptured(self) -> str | None:
        """The reason why steps on a card are not recorded, or None if they are."""
        ...


def stage(work: Callable[..., T], population: Population, device: torch.device) -> Captured[T]:
    """A part of a step that is recorded on a card, if every step does the same to the models.

    On the CPU it is called as it is.
    """
    reason: str | None = "this kind of model does not say that all of its steps are alike"
    if isinstance(population, Steady):
        reason = population.new_in_each_step
    return Captured(work, device, WARM_UP, draws=False, reason=reason, warns=False)
