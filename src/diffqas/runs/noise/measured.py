"""Circuits that are measured: what this room needs to know of a model."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffqas.architecture import frequencies
from diffqas.devices import NO_INPUTS, EstimatorReader, Readable, Reader
from diffqas.errors import ArgumentError
from diffqas.runs.noise.device import Simulation

NO_EXPECTATIONS = (
    "Argument `primitives` must be sampler where circuits write weights: probabilities do, and an "
    "estimator gives expectations alone."
)


class Measured(ABC):
    """The weighted circuits of one trained model, and what is read from them.

    Attributes:
        n: the number of qubits.
        exact: what is read of each candidate without errors, float64 (candidates, ...). These are
            probabilities (..., 2**n) that sum to 1, unless a subclass says otherwise.
        run: the indices of the candidates that are measured. The others are constants, which are
            known without a circuit.
        candidates: the candidates in their order; in a model with several gates, each with its
            gate.
        drawable: whether the weights are probabilities by which a shot can draw its candidate.
        bases: how many measurements each candidate needs.
        inputs: the inputs of the circuits, (samples, inputs).
    """

    n: int
    exact: Tensor
    run: tuple[int, ...]
    candidates: Sequence[Hashable]
    drawable: bool
    bases: int = 1
    inputs: NDArray[np.float64] = NO_INPUTS

    @property
    def circuits(self) -> int:
        """The number of circuits that are run."""
        return self.bases * len(self.run)

    @abstractmethod
    def mixed(self, p: Tensor | None = None) -> Tensor:
        """What the model makes of `exact`, with the entries of measured candidates replaced by `p`.

        Args:
            p: what was read of the measured candidates, (measured candidates, ...).
        """

    def weighted(self, shots: int, draw: np.random.Generator) -> Tensor:
        """What the model makes of frequencies, with `shots` shots of each measured circuit."""
        if not self.run:
            return self.mixed(None)
        return self.mixed(frequencies(self.exact[list(self.run)], shots, draw))

    @abstractmethod
    def drawn(self, shots: int, draw: np.random.Generator) -> Tensor:
        """What the model makes of shots each of which draws its candidate by the weights.

        There are as many shots in all as `weighted` takes.
        """

    @abstractmethod
    def disturbed(self, index: int, simulation: Simulation) -> Tensor:
        """What a simulated device reads of one candidate in place of `exact`, (...)."""

    @abstractmethod
    def readables(self, index: int) -> list[Readable]:
        """The circuits that a device runs for one candidate, as many as `bases`."""

    def through(
        self, reader: Reader, shots: int, seed: int, known: dict[Hashable, Tensor]
    ) -> Tensor:
        """As `weighted`, with frequencies that a device gives.

        Args:
            reader: what measures on the device.
            shots: how many shots each circuit has.
            seed: the seed of the shots, if diffqas decides about it.
            known: the frequencies of candidates that were measured before; those that are measured
                now are added.
        """
        missing = [index for index in self.run if self.candidates[index] not in known]
        if missing:
            circuits = [circuit for index in missing for circuit in self.readables(index)]
            found = torch.tensor(reader.read(circuits, self.inputs, shots, seed))
            each = found.reshape(len(missing), *self.exact.shape[1:])
            known |= {self.candidates[index]: p for index, p in zip(missing, each, strict=True)}
        measured = [known[self.candidates[index]] for index in self.run]
        return self.mixed(torch.stack(measured) if measured else None)

    def estimated(self, reader: EstimatorReader, shots: int, seed: int) -> Tensor:
        """As `through`, with expectations of an estimator in place of frequencies.

        Raises:
            ArgumentError: the circuits write weights, which needs probabilities.
        """
        raise ArgumentError(NO_EXPECTATIONS)

    def replaced(self, p: Tensor | None) -> Tensor:
        """`exact` with what is read of the measured candidates replaced by `p`."""
        if p is None or not self.run:
            return self.exact
        every = self.exact.clone()
        every[list(self.run)] = p
        return every


def weighted(found: Measured, shots: int, draw: np.random.Generator) -> Tensor:
    """As `Measured.weighted`."""
    return found.weighted(shots, draw)


def drawn(found: Measured, shots: int, draw: np.random.Generator) -> Tensor:
    """As `Measured.drawn`."""
    return found.drawn(shots, draw)


def on_device(found: Measured, known: Mapping[Hashable, Tensor]) -> Measured:
    """The same circuits, with what a device gives in place of `exact`.

    Args:
        found: the circuits.
        known: what was read of the measured candidates, (...), by the candidate.
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
        """Close what is open."""
        ...


Made: TypeAlias = Callable[[int | None], list[Measured]]
"""The circuits of every model, of its best candidates if a number of them is given."""
