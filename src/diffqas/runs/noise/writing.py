"""The circuits behind a trained model, one by one, and what its network scores when they are mixed
anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from diffqas.architecture import frequencies, live
from diffqas.optimisers import per_seed
from diffqas.quantum_train import Lockstep, QuantumTrain
from diffqas.tasks import Task
from diffqas.training import EVALUATED


@dataclass(frozen=True, eq=False)
class Writing:
    """The mixture of one trained model.

    Attributes:
        model: whose.
        weights: of the candidates, float64 (candidates,).
        exact: probabilities of each, float64 (candidates, 2**n), each summing to 1.
        run: indices of the candidates that are measured; the others are constants, known without a
            circuit.
    """

    model: QuantumTrain
    weights: Tensor
    exact: Tensor
    run: tuple[int, ...]

    def mixed(self, p: Tensor | None = None) -> Tensor:
        """Mixture (2**n,) of the exact probabilities, with those of the measured candidates
        replaced by `p`.
        """
        every = self.exact
        if p is not None and self.run:
            every = every.clone()
            every[list(self.run)] = p
        return self.weights @ every

    def angles(self, index: int) -> Tensor:
        """Angles of a candidate, (depth, n) or (depth, n, r)."""
        angles = self.model.circuits.angles.detach()
        return angles[index] if self.model.circuits.sharing == "separate" else angles


@torch.no_grad()
def writing(model: QuantumTrain, constants: bool = False) -> Writing:
    """The mixture of a model; `constants`: constants are measured like any other circuit."""
    circuits = model.mixture
    exact = circuits.probabilities().cpu().double()
    places = range(len(circuits.candidates)) if constants else live(circuits.candidates)
    normed = exact / exact.sum(-1, keepdim=True)
    return Writing(model, circuits.weights.detach().cpu().double(), normed, tuple(places))


def weighted(found: Writing, shots: int, draw: np.random.Generator) -> Tensor:
    """sum_j w_j f_j (2**n,), with frequencies f_j in place of the probabilities p_j.

    Each measured circuit is run `shots` times.
    """
    if not found.run:
        return found.mixed(None)
    return found.mixed(frequencies(found.exact[list(found.run)], shots, draw))


def drawn(found: Writing, shots: int, draw: np.random.Generator) -> Tensor:
    """Frequencies (2**n,) of shots, each of a candidate that is drawn by its weight.

    They are as many in all as `weighted` takes. The weights must be a probability distribution:
    then these are shots of the mixture itself.
    """
    return frequencies(found.mixed(), shots * max(1, len(found.run)), draw)


def written(population: Lockstep, mixed: Sequence[Tensor]) -> dict[str, Tensor]:
    """Named weights (seeds, ...) that generators make of probabilities, (2**n,) per seed."""
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
        """Nothing is open."""


ESTIMATES: dict[str, Callable[[Writing, int, np.random.Generator], Tensor]] = {
    "weighted": weighted,
    "drawn": drawn,
}
"""Ways to a mixture from shots, by name."""
