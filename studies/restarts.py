"""Trainings from a new start with a structure that was found before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from diffqas.architecture import Raw, Relaxation
from diffqas.quantum_train import QuantumTrain
from diffqas.tasks import Settings

ANEW = 1000
"""Seed s starts anew from the random numbers of seed s + 1000: not from where the search began that
found it.
"""


@dataclass(frozen=True)
class Given(Raw):
    """Weights as they were found.

    >>> Given(found=(0.5, -2.0)).initial(2).tolist()
    [0.5, -2.0]
    """

    found: tuple[float, ...] = ()

    def initial(self, count: int) -> Tensor:
        """The weights, (count,)."""
        return torch.tensor(self.found)


def anew(seeds: Sequence[int]) -> list[int]:
    """The seeds that decide new starts.

    >>> anew([0, 3])
    [1000, 1003]
    """
    return [seed + ANEW for seed in seeds]


def with_relaxation(settings: Settings, relaxation: Relaxation) -> Settings:
    """The same with another relaxation."""
    return replace(settings, generator=replace(settings.generator, relaxation=relaxation))


def freeze_structure(model: QuantumTrain) -> QuantumTrain:
    """Leave the weights as they are."""
    model.circuits.structure.requires_grad_(False)
    return model
