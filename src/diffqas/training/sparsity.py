"""Sparsity of structural weights: a soft threshold for raw ones, the entropy for probabilities.

Raw weights have an L1 penalty. It acts as a proximal step after the optimiser's step (ISTA; Beck &
Teboulle 2009) and is independent of the optimiser's scaling, as the decay of AdamW is, so weights
become exactly zero. At strength 1 the threshold is as long as a step of Adam. For probabilities the
penalty is their entropy, relative to its largest value, as a share of the loss: it counts as much
when the loss is 1e-7 as when it is 1.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from diffqas.errors import require
from diffqas.optimisers import GradientDescent, Population
from diffqas.quantum_train import Lockstep
from diffqas.tasks import Settings, Task
from diffqas.training.bilevel import STRUCTURE
from diffqas.training.cost import problem_of


class SparseDescent(GradientDescent):
    """Gradient descent with a penalty of strength `settings.sparsity` on the structural weights.

    Raises:
        ArgumentError: the population is not one of Quantum-Train, or trains no structural weights.
    """

    def __init__(self, population: Population, task: Task, settings: Settings) -> None:
        super().__init__(population, problem_of(population, task, settings), settings.optimizer)
        names = [group["name"] for group in self.optimizer.param_groups]
        rule = "be 0 where no candidates are weighed by Quantum-Train"
        searched = STRUCTURE in names and isinstance(population, Lockstep)
        require(searched, "sparsity", rule, settings.sparsity)
        assert isinstance(population, Lockstep)
        self.circuits = population.circuits
        self.strength = settings.sparsity

    def _penalty(self, losses: Tensor) -> Tensor | float:
        others = super()._penalty(losses)
        if self.circuits.relaxation.name == "raw":
            return others
        return others + self.strength * losses * relative_entropy(self.circuits.weights)

    @torch.no_grad()
    def _move(self) -> None:
        # The optimiser's step comes first: the threshold is the proximal step after it.
        super()._move()
        if self.circuits.relaxation.name != "raw":
            return
        for group in self.optimizer.param_groups:
            if group["name"] == STRUCTURE:
                for weights in group["params"]:
                    weights.copy_(soft_threshold(weights, self.strength * group["lr"]))


def soft_threshold(weights: Tensor, threshold: float) -> Tensor:
    """The proximal step of threshold * sum |w|: sign(w) max(|w| - threshold, 0).

    >>> soft_threshold(torch.tensor([0.5, -0.5, 0.1]), 0.25).tolist()
    [0.25, -0.25, 0.0]
    """
    return weights.sign() * (weights.abs() - threshold).clamp(min=0)


def relative_entropy(weights: Tensor) -> Tensor:
    """The mean entropy of each seed's distributions, divided by its largest value ln(count).

    Distributions (seeds, ..., count) give (seeds,). One-hot distributions give 0, uniform ones 1.

    >>> relative_entropy(torch.tensor([[0.5, 0.5], [1.0, 0.0]])).abs().tolist()
    [1.0, 0.0]
    """
    # 0 ln 0 counts as 0, and the derivative there stays finite.
    tiny = torch.finfo(weights.dtype).tiny
    entropy = -(weights * weights.clamp(min=tiny).log()).sum(-1)
    return (entropy / math.log(max(weights.shape[-1], 2))).reshape(len(weights), -1).mean(1)
