"""Models around a searched quantum layer whose circuits are measured for every test sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from diffqas.architecture import frequencies
from diffqas.devices import EstimatorReader, Readable
from diffqas.layers import HybridModel, LayerReadings, QuantumLayer, pauli_sums
from diffqas.optimisers import per_seed
from diffqas.runs.noise.device import Simulation
from diffqas.runs.noise.measured import Measured
from diffqas.tasks import Task

LAYER_SHOTS = tuple(10**power for power in range(1, 7))
"""Tried if none are given: expectations in [-1, 1] are known to a hundredth by 1e4 shots."""
MOST_SAMPLES = 200
"""Test samples that are measured if no number is given."""
MOST_NUMBERS = 2**25
"""Probabilities of all circuits, samples and seeds that are kept at once: 268 MB."""


class LayerReading(Measured):
    """The circuits of one trained layer for some samples.

    `mixed` gives the outputs of the layer, (samples, outputs).

    Args:
        layer: the layer of the model.
        x: the inputs of the layer, (samples, inputs).
        constants: whether constants are measured like any other circuit.
    """

    def __init__(self, layer: QuantumLayer, x: Tensor, constants: bool = False) -> None:
        self._layer, self.readings = layer, LayerReadings(layer, x)
        self.inputs = x.detach().cpu().double().numpy()
        self.exact = self.readings.probabilities
        self.n, self.bases = layer.n, len(self.readings.bases)
        self.candidates = tuple(layer.candidates)
        self.drawable = layer.relaxation.name != "raw" and layer.structured == "layer"
        known = [finding.constant is not None for finding in layer.findings(layer.candidates)]
        places = range(len(known))
        self.run = tuple(place for place in places if constants or not known[place])
        # Made once: a device routes each of them once, however often it is run.
        self._readables = {
            place: [self.readings.readable(place, basis) for basis in range(self.bases)]
            for place in self.run
        }

    def mixed(self, p: Tensor | None = None) -> Tensor:
        """Outputs (samples, outputs) of exact probabilities, with some replaced by `p`."""
        return self.readings.outputs(self.replaced(p))

    def drawn(self, shots: int, draw: np.random.Generator) -> Tensor:
        """Outputs from shots that draw their candidate, in each basis as many as in `weighted`."""
        counted = frequencies(self.readings.mixed(), shots * max(1, len(self.run)), draw)
        return self.readings.outputs_of_mixture(counted)

    def disturbed(self, index: int, simulation: Simulation) -> Tensor:
        """Probabilities (bases, samples, 2**n) of a candidate on a device."""
        found: list[Tensor] = []
        for basis, circuit in enumerate(self.readables(index)):
            ideal = self.exact[index, basis].numpy()
            p = simulation.samples(circuit.to_qiskit, self.inputs.tolist(), ideal)
            found.append(torch.from_numpy(p))
        return torch.stack(found)

    def readables(self, index: int) -> list[Readable]:
        """As of `Measured`."""
        return self._readables[index]

    @cached_property
    def _plain(self) -> list[Readable]:
        """The circuits that are measured, without a basis: an estimator turns the qubits itself."""
        return [replace(self._readables[index][0], turns=()) for index in self.run]

    @cached_property
    def _sums(self) -> list[dict[str, float]]:
        """The observable of each output as a sum of Pauli strings."""
        return pauli_sums(self._layer)

    def estimated(self, reader: EstimatorReader, shots: int, seed: int) -> Tensor:
        """As of `Measured`."""
        known = self.exact.clone()
        known[list(self.run)] = 0
        outputs = self.readings.outputs(known)
        if not self.run:
            return outputs
        values = reader.expectations(self._plain, self._sums, self.inputs, shots, seed)
        weights = self.readings.weights[:, list(self.run)]
        return outputs + torch.einsum("cso,oc->so", torch.tensor(values), weights)


class Spaced:
    """Evenly spaced test samples, which are measured one by one.

    Args:
        task: the task, with its samples on the device of the models.
        samples: how many samples; None means as many as can be kept, at most `MOST_SAMPLES`.
        each: how many numbers are kept for each sample.
    """

    part = "test"

    def __init__(self, task: Task, samples: int | None, each: int) -> None:
        available = len(task.test.inputs)
        most = max(1, min(available, MOST_SAMPLES, MOST_NUMBERS // each))
        count = most if samples is None else min(samples, available)
        places = torch.linspace(0, available - 1, count).round().long()
        places = places.to(task.test.inputs.device)
        self.inputs, self.targets = task.test.inputs[places], task.test.targets[places]
        self.functions = dict(task.metrics)
        self.metrics = tuple(self.functions)
        whole = "all" if count == available else f"{count:,} of the"
        self.notes: tuple[str, ...] = (
            f"Figures are of {whole} {available:,} test samples. Each is measured by itself: all "
            "shots are those of one sample.",
        )

    def figures(self, outputs: Tensor) -> dict[str, list[float]]:
        """Figures by metric, one per model, of predictions (models, samples, ...)."""
        return {
            name: per_seed(metric, outputs, self.targets).tolist()
            for name, metric in self.functions.items()
        }

    def close(self) -> None:
        """Do nothing, because nothing is open."""


class LayerScorer(Spaced):
    """The figures of several models on test samples, for any outputs of their layers.

    Args:
        models: one per seed.
        task: as of `Spaced`.
        samples: as of `Spaced`.
    """

    def __init__(self, models: Sequence[HybridModel], task: Task, samples: int | None) -> None:
        self.models = list(models)
        each = sum(len(model.layer.candidates) << model.layer.n for model in models)
        super().__init__(task, samples, each)

    @torch.no_grad()
    def readings(self, k: int | None, constants: bool) -> list[Measured]:
        """The circuits of every model, or of its k best candidates."""
        found: list[Measured] = []
        for model in self.models:
            layer = model.layer if k is None else model.layer.discretize(k)
            found.append(LayerReading(layer, model.angles_of(self.inputs), constants))
        return found

    @torch.no_grad()
    def __call__(self, mixed: Sequence[Tensor]) -> dict[str, list[float]]:
        """Figures by metric, one per model; `mixed` holds (samples, outputs) for each."""
        pairs = zip(self.models, mixed, strict=True)
        outputs = [model.answers(read.to(model.layer.angles)) for model, read in pairs]
        return self.figures(torch.stack(outputs))
