"""Circuits that are measured, whatever is made of them: what noise needs to know of a model."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor

from diffqas.architecture import frequencies
from diffqas.circuits import AnyCandidate
from diffqas.runs.noise.device import Simulation


class Measured(ABC):
    """The weighted circuits of one trained model, and what is read from them.

    Attributes:
        n: qubits.
        exact: probabilities of each candidate, float64 (candidates, ..., 2**n), summing to 1.
        run: indices of the candidates that are measured; the others are constants, known without a
            circuit.
        candidates: in their order.
        drawable: whether the weights are probabilities by which a shot can draw its candidate.
        bases: how many measurements each candidate needs.
    """

    n: int
    exact: Tensor
    run: tuple[int, ...]
    candidates: Sequence[AnyCandidate]
    drawable: bool
    bases: int = 1

    @property
    def circuits(self) -> int:
        """How many circuits are run."""
        return self.bases * len(self.run)

    @abstractmethod
    def mixed(self, p: Tensor | None = None) -> Tensor:
        """What the exact probabilities give, with those of the measured candidates replaced by `p`.

        Args:
            p: (measured candidates, ..., 2**n).
        """

    @abstractmethod
    def drawn(self, shots: int, draw: np.random.Generator) -> Tensor:
        """The same of shots that each draw their candidate by its weight.

        They are as many in all as `weighted` takes.
        """

    @abstractmethod
    def disturbed(self, index: int, simulation: Simulation) -> Tensor:
        """Probabilities of one candidate on a device, (..., 2**n)."""

    def replaced(self, p: Tensor | None) -> Tensor:
        """The exact probabilities with those of the measured candidates replaced by `p`."""
        if p is None or not self.run:
            return self.exact
        every = self.exact.clone()
        every[list(self.run)] = p
        return every


def weighted(found: Measured, shots: int, draw: np.random.Generator) -> Tensor:
    """What frequencies give in place of the probabilities.

    Each measured circuit is run `shots` times.
    """
    if not found.run:
        return found.mixed(None)
    return found.mixed(frequencies(found.exact[list(found.run)], shots, draw))


def drawn(found: Measured, shots: int, draw: np.random.Generator) -> Tensor:
    """As `Measured.drawn`."""
    return found.drawn(shots, draw)


def on_device(found: Measured, known: Mapping[AnyCandidate, Tensor]) -> Measured:
    """The same circuits, with what a device gives in the place of exact probabilities.

    Args:
        found: the circuits.
        known: probabilities (..., 2**n) of those that are measured.
    """
    measured = [known[found.candidates[index]] for index in found.run]
    there = copy.copy(found)
    there.exact = found.replaced(torch.stack(measured) if measured else None)
    return there


Estimate: TypeAlias = Callable[[Measured, int, np.random.Generator], Tensor]
"""Makes a mixture of shots of each circuit."""

ESTIMATES: dict[str, Estimate] = {
    "weighted": weighted,
    "drawn": drawn,
}
"""Ways to a mixture from shots, by name."""


class Scores(Protocol):
    """The figures of several models, for any results of their circuits."""

    part: str
    metrics: tuple[str, ...]
    notes: tuple[str, ...]

    def __call__(self, mixed: Sequence[Tensor]) -> dict[str, list[float]]:
        """Figures by metric, one per model; `mixed` holds what `Measured.mixed` gave for each."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


Made: TypeAlias = Callable[[int | None], list[Measured]]
"""The circuits of every model, of its best candidates if a number of them is given."""
