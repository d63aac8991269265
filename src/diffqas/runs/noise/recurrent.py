"""Quantum LSTMs whose circuits are measured at every moment of every test window."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import torch
from torch import Tensor

from diffqas.architecture import frequencies
from diffqas.devices import EstimatorReader, Readable, Reader
from diffqas.layers import QLSTM, Forecaster, GateReadings, Round
from diffqas.runs.noise.device import Simulation
from diffqas.runs.noise.layer import Spaced
from diffqas.runs.noise.measured import Measured
from diffqas.runs.noise.pulled_back import damped_outputs
from diffqas.tasks import Task


class RecurrentReading(Measured):
    """The circuits of one quantum LSTM for some windows.

    A circuit is a candidate of a gate. `exact` has the coefficients of its outputs, (circuits,
    hidden_size, 3**n), and `mixed` gives h after the last moment, (samples, hidden_size). Shots are
    drawn moment by moment, because each moment decides the inputs of the next.

    Args:
        cell: a trained quantum LSTM of one layer.
        x: the windows, (samples, time).
        constants: whether constants are measured like any other circuit.
    """

    drawable = False

    def __init__(self, cell: QLSTM, x: Tensor, constants: bool = False) -> None:
        self.readings = GateReadings(cell)
        self.windows = x.detach().cpu().double()
        self.exact, self.n = self.readings.coefficients, self.readings.n
        every = range(len(self.readings.places))
        self.candidates: Sequence[Hashable] = [self.readings.candidate(index) for index in every]
        self.run = tuple(every if constants else self.readings.live)
        self._readables = {index: self.readings.readable(index) for index in self.run}

    @property
    def circuits(self) -> int:
        """How many circuits are run for one window; each is run once at every moment."""
        return len(self.run) * self.windows.shape[1]

    def mixed(self, p: Tensor | None = None) -> Tensor:
        """As of `Measured`, of coefficients in the place of probabilities."""
        return self.readings.hidden_of(self.windows, self.replaced(p))

    def weighted(self, shots: int, draw: np.random.Generator) -> Tensor:
        """As of `Measured`."""

        def read(v: Tensor) -> Tensor:
            p = self.readings.probabilities(v, self.run)
            return self.readings.means(frequencies(p, shots, draw))

        return self._measured(read)

    def drawn(self, shots: int, draw: np.random.Generator) -> Tensor:
        """As `weighted`, because four gates have no common candidate that a shot could draw."""
        return self.weighted(shots, draw)

    def disturbed(self, index: int, simulation: Simulation) -> Tensor:
        """Coefficients behind errors of a device that has no name of its own."""
        device = simulation.device
        found = self.exact[index]
        if device.depolarising:
            gates = self.readings.readable(index).gates
            outputs = found.shape[0]
            found = torch.from_numpy(damped_outputs(gates, self.n, outputs, device.depolarising))
        # <Z> of a bit that is read as the other with probability e is 1 - 2 e times as large.
        return (1 - 2 * device.readout) * found

    def readables(self, index: int) -> list[Readable]:
        """As of `Measured`."""
        return [self._readables[index]]

    def through(
        self, reader: Reader, shots: int, seed: int, known: dict[Hashable, Tensor]
    ) -> Tensor:
        """As of `Measured`; nothing is known beforehand of inputs that other shots decide."""
        circuits = [self._readables[index] for index in self.run]

        def one_round(v: Tensor, number: int) -> Tensor:
            shares = torch.tensor(reader.read(circuits, v.numpy(), shots, number))
            return self.readings.means(shares)

        return self._by_device(one_round, seed)

    def estimated(self, reader: EstimatorReader, shots: int, seed: int) -> Tensor:
        """As of `Measured`."""
        circuits = [self._readables[index] for index in self.run]
        hidden = self.readings.hidden
        sums = [{"I" * qubit + "Z" + "I" * (self.n - 1 - qubit): 1.0} for qubit in range(hidden)]

        def one_round(v: Tensor, number: int) -> Tensor:
            return torch.tensor(reader.expectations(circuits, sums, v.numpy(), shots, number))

        return self._by_device(one_round, seed)

    def _by_device(self, one_round: Callable[[Tensor, int], Tensor], seed: int) -> Tensor:
        """Moment by moment, each with draws of its own."""
        draws = np.random.SeedSequence(seed)

        def read(v: Tensor) -> Tensor:
            (own,) = draws.spawn(1)
            return one_round(v, int(own.generate_state(1)[0]))

        return self._measured(read)

    def _measured(self, read: Round) -> Tensor:
        if not self.run:
            return self.mixed(None)
        return self.readings.hidden_by(self.windows, self.run, read)


class WindowScorer(Spaced):
    """The figures of several quantum LSTMs on test windows, for any h after the last moment.

    Args:
        models: one per seed.
        task: with its samples on the models' device.
        samples: as of `Spaced`.
    """

    def __init__(self, models: Sequence[Forecaster], task: Task, samples: int | None) -> None:
        self.models = list(models)
        each = sum(
            len(layer.candidates) * 4 << layer.n
            for model in models
            for layer in model.cell.circuits
        )
        super().__init__(task, samples, each)
        self.notes = (
            *self.notes,
            "Each circuit is measured at every moment of a window, and what it gives decides what "
            "the next moment's are fed.",
        )

    @torch.no_grad()
    def readings(self, k: int | None, constants: bool) -> list[Measured]:
        """The circuits of every model, or of the k best candidates of each gate."""
        found: list[Measured] = []
        for model in self.models:
            cell = model.cell if k is None else model.cell.discretize(k)
            found.append(RecurrentReading(cell, self.inputs, constants))
        return found

    @torch.no_grad()
    def __call__(self, mixed: Sequence[Tensor]) -> dict[str, list[float]]:
        """Figures by metric, one per model; `mixed` holds (samples, hidden_size) for each."""
        pairs = zip(self.models, mixed, strict=True)
        outputs = [model.answers(h.to(model.head.weight)) for model, h in pairs]
        return self.figures(torch.stack(outputs))
