"""The circuits that write a trained model's network, and the figures of the network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from diffqas.architecture import frequencies, live
from diffqas.circuits import operations
from diffqas.devices import Readable
from diffqas.optimisers import per_seed
from diffqas.quantum_train import Lockstep, QuantumTrain
from diffqas.runs.noise.device import Simulation
from diffqas.runs.noise.measured import Measured
from diffqas.tasks import Task
from diffqas.training import EVALUATED


class Writing(Measured):
    """The mixture of one trained model, whose circuits write weights.

    Attributes:
        model: the model.
        weights: the weights of the candidates, float64 (candidates,).
    """

    def __init__(
        self, model: QuantumTrain, weights: Tensor, exact: Tensor, run: tuple[int, ...]
    ) -> None:
        self.model, self.weights, self.exact, self.run = model, weights, exact, run
        self.n = model.circuits.n
        self.candidates = tuple(model.circuits.candidates)
        self.drawable = model.circuits.relaxation.name != "raw"
        # Made once: a device routes each of them once, however often it is run.
        self._readables = {index: [self._readable(index)] for index in run}

    def mixed(self, p: Tensor | None = None) -> Tensor:
        """Mixture (2**n,) of the exact probabilities, with some replaced by `p`."""
        return self.weights @ self.replaced(p)

    def drawn(self, shots: int, draw: np.random.Generator) -> Tensor:
        """Frequencies (2**n,) from shots each of which draws its candidate."""
        return frequencies(self.mixed(), shots * max(1, len(self.run)), draw)

    def disturbed(self, index: int, simulation: Simulation) -> Tensor:
        """Probabilities (2**n,) of a candidate on a device."""
        candidate = self.model.circuits.candidates[index]
        ideal = self.exact[index].numpy()
        p = simulation.probabilities(candidate, self.angles(index).tolist(), ideal)
        return torch.from_numpy(p)

    def readables(self, index: int) -> list[Readable]:
        """As of `Measured`."""
        return self._readables[index]

    def _readable(self, index: int) -> Readable:
        candidate = self.model.circuits.candidates[index]
        gates = operations(candidate, self.angles(index).tolist())
        return Readable(candidate.name, self.n, gates)

    def angles(self, index: int) -> Tensor:
        """Angles of a candidate, (depth, n) or (depth, n, r)."""
        angles = self.model.circuits.angles.detach()
        return angles[index] if self.model.circuits.sharing == "separate" else angles


@torch.no_grad()
def writing(model: QuantumTrain, constants: bool = False) -> Writing:
    """The mixture of a model; with `constants`, constants are measured like other circuits."""
    circuits = model.mixture
    exact = circuits.probabilities().cpu().double()
    places = range(len(circuits.candidates)) if constants else live(circuits.candidates)
    normed = exact / exact.sum(-1, keepdim=True)
    return Writing(model, circuits.weights.detach().cpu().double(), normed, tuple(places))


def written(population: Lockstep, mixed: Sequence[Tensor]) -> dict[str, Tensor]:
    """The named weights (seeds, ...) that generators make of probabilities (2**n,) per seed."""
    weights = population.generator(torch.stack(list(mixed)).to(population.generator.gain))
    return population.targets[0].layout.tensors(weights)  # pyright: ignore


class Scorer:
    """The figures of several models' networks on the test part, for any mixed probabilities.

    Args:
        models: one per seed, alike in all but their numbers.
        task: with its samples on the models' device.
    """

    part = "test"
    notes: tuple[str, ...] = ()

    def __init__(self, models: Sequence[QuantumTrain], task: Task) -> None:
        self.population = Lockstep(models).eval()
        self.inputs, self.targets = task.test.inputs, task.test.targets
        self.functions = dict(task.metrics)
        self.metrics = tuple(self.functions)

    @torch.no_grad()
    def __call__(self, mixed: Sequence[Tensor]) -> dict[str, list[float]]:
        """Figures by metric, one per model; `mixed` holds (2**n,) for each."""
        tensors = written(self.population, mixed)
        parts = [self.population.call(tensors, few) for few in self.inputs.split(EVALUATED)]
        outputs = torch.cat(parts, dim=1)
        return {
            name: per_seed(metric, outputs, self.targets).tolist()
            for name, metric in self.functions.items()
        }

    def close(self) -> None:
        """Do nothing, because nothing is open."""
