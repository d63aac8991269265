"""Models around a searched quantum layer whose circuits are measured for every test sample."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from diffqas.architecture import frequencies
from diffqas.layers import HybridModel, LayerReadings, QuantumLayer
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
    """The circuits of one trained model for some samples.

    What is `mixed` are the outputs of the layer, (samples, outputs).

    Args:
        layer: the layer of the model.
        x: what the layer is fed, (samples, inputs).
        constants: constants are measured like any other circuit.
    """

    def __init__(self, layer: QuantumLayer, x: Tensor, constants: bool = False) -> None:
        self.readings = LayerReadings(layer, x)
        self.inputs: list[list[float]] = x.detach().cpu().double().tolist()
        self.exact = self.readings.probabilities
        self.n, self.bases = layer.n, len(self.readings.bases)
        self.candidates = tuple(layer.candidates)
        self.drawable = layer.relaxation.name != "raw" and layer.structured == "layer"
        known = [finding.constant is not None for finding in layer.findings(layer.candidates)]
        places = range(len(known))
        self.run = tuple(place for place in places if constants or not known[place])

    def mixed(self, p: Tensor | None = None) -> Tensor:
        """Outputs (samples, outputs) of exact probabilities, with some replaced by `p`."""
        return self.readings.outputs(self.replaced(p))

    def drawn(self, shots: int, draw: np.random.Generator) -> Tensor:
        """Outputs of shots of the mixture itself, as many in each basis as `weighted` takes."""
        counted = frequencies(self.readings.mixed(), shots * max(1, len(self.run)), draw)
        return self.readings.outputs_of_mixture(counted)

    def disturbed(self, index: int, simulation: Simulation) -> Tensor:
        """Probabilities (bases, samples, 2**n) of a candidate on a device."""
        found: list[Tensor] = []
        for basis in range(self.bases):
            ideal = self.exact[index, basis].numpy()
            make = partial(self.readings.circuit, index, basis)
            p = simulation.samples(make, self.inputs, ideal)
            found.append(torch.from_numpy(p))
        return torch.stack(found)


class LayerScorer:
    """The figures of several models on test samples, for any outputs of their layers.

    Args:
        models: one per seed.
        task: with its samples on the models' device.
        samples: how many of the test part, evenly spaced; None: as many as can be kept, at most
            `MOST_SAMPLES`.
    """

    part = "test"

    def __init__(self, models: Sequence[HybridModel], task: Task, samples: int | None) -> None:
        self.models = list(models)
        available = len(task.test.inputs)
        count = self._most(available) if samples is None else min(samples, available)
        places = torch.linspace(0, available - 1, count).round().long()
        places = places.to(task.test.inputs.device)
        self.inputs, self.targets = task.test.inputs[places], task.test.targets[places]
        self.functions = dict(task.metrics)
        self.metrics = tuple(self.functions)
        whole = "all" if count == available else f"{count:,} of the"
        self.notes = (
            f"Figures are of {whole} {available:,} test samples. Each is measured by itself: all "
            "shots are those of one sample.",
        )

    def _most(self, available: int) -> int:
        each = sum(len(model.layer.candidates) << model.layer.n for model in self.models)
        return max(1, min(available, MOST_SAMPLES, MOST_NUMBERS // each))

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
        outputs = torch.stack([model.answers(read.to(model.layer.angles)) for model, read in pairs])
        return {
            name: per_seed(metric, outputs, self.targets).tolist()
            for name, metric in self.functions.items()
        }

    def close(self) -> None:
        """Nothing is open."""
