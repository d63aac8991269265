"""Adam in the eigenbasis of the gradient's covariance.

All weights of a generated network are sums of the same few numbers, so gradients with respect to
these are strongly correlated, and Adam, which scales each by itself, has to be slow in all of them.
SOAP (Vyas et al., arXiv 2409.11321) runs Adam in the eigenbasis of the gradients' covariance. For
ordinary networks that covariance has to be approximated, layer by layer, by a Kronecker product;
for the hundreds of numbers of a generator it is simply stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from diffqas.choices import option
from diffqas.optimisers.choice import (
    Optimisation,
    Optimiser,
    Problem,
    per_seed,
    schedule_factor,
)
from diffqas.optimisers.descent import BETA_2, BETAS, RATE, RATES
from diffqas.optimisers.population import Population, flat_numbers, move_numbers
from diffqas.storage import State, storable

MEMORY = 0.99
"""Decay rate of the covariance."""

WARM_UP = 100
"""Steps over which the learning rate rises, but no more than an eighth of all."""

REFRESH = 10
"""Steps between two new bases; at the start, for twice as many steps, each has its own."""

FLOOR = 0.03
"""Added to the denominator in units of its largest entry: directions without gradient stay where
they are.
"""


@storable
@dataclass(frozen=True)
class SOAP(Optimiser):
    """Adam in the eigenbasis of the gradients' covariance (Vyas et al., arXiv 2409.11321)."""

    lr: float = option(0.01, RATE, above=0, tune=RATES)
    betas: tuple[float, float] = option((0.9, 0.999), BETAS, least=0, below=1, tune=BETA_2)

    name: ClassVar[str] = "soap"
    most_numbers: ClassVar[int | None] = 2048
    """Decomposing a covariance takes the cube of this."""

    def make(self, population: Population, problem: Problem) -> Optimisation:
        """SOAP with one block for all trainable numbers."""
        return Soap(population, problem, self)


class Soap:
    """SOAP with one block for all trainable numbers, one per seed.

    It computes in float64 whatever the network's dtype.

    Args:
        population: the seeds' models; their parameter groups give the units in which numbers are
            measured.
        problem: loss and schedule.
        choice: rate and decay rates of the moments.

    Raises:
        ArgumentError: too many trainable numbers.
    """

    def __init__(self, population: Population, problem: Problem, choice: SOAP) -> None:
        self.population, self.problem, self.choice = population, problem, choice
        self.unsound: Tensor | None = None
        self.parameters, self.units = flat_numbers(population, choice.most_numbers)
        count = len(self.units)
        lead = (len(self.parameters[0]), count)
        self.steps = 0
        self.mean = self.units.new_zeros(lead)
        self.square = self.units.new_zeros(lead)
        self.covariance = self.units.new_zeros(*lead, count)
        self.basis = torch.eye(count, dtype=self.units.dtype, device=self.units.device).repeat(
            lead[0], 1, 1
        )

    def step(self, inputs: Tensor, targets: Tensor, progress: float, frozen: Tensor) -> Tensor:
        """Make one step, as `Optimisation.step` describes it."""
        losses = per_seed(self.problem.loss, self.population(inputs), targets)
        gradients = torch.autograd.grad(losses.sum(), self.parameters, materialize_grads=True)
        gradient = torch.cat([part.flatten(1) for part in gradients], 1).double() * self.units
        # A seed whose loss or gradient is not finite stands still; its moments see a zero.
        sound = torch.isfinite(losses.detach()) & torch.isfinite(gradient).all(1) & ~frozen
        gradient = torch.where(sound[:, None], gradient, torch.zeros_like(gradient))
        rate = self.choice.lr * schedule_factor(self.problem.schedule, progress)
        direction = self._direction(gradient)
        # The eigenbasis of few gradients is noise: the rate rises over the first steps, of
        # which `_direction` has just counted this one.
        warmth = min(1.0, max(self.steps / WARM_UP, 8 * progress))
        update = direction * warmth * -rate
        moves = torch.where(sound[:, None], update * self.units, torch.zeros_like(update))
        move_numbers(self.parameters, moves)
        return losses.detach()

    def _direction(self, gradient: Tensor) -> Tensor:
        """Adam's step before the rate, (seeds, numbers)."""
        self.steps += 1
        first, second = self.choice.betas
        # The covariance of gradients, E[g g^T], whose eigenvectors are the basis.
        outer = gradient.unsqueeze(2) * gradient.unsqueeze(1)
        self.covariance = MEMORY * self.covariance + (1 - MEMORY) * outer
        if self.steps <= 2 * REFRESH or self.steps % REFRESH == 0:
            self._turn()
        # Adam in the eigenbasis: the mean is kept in the old coordinates and turned when it is
        # used, the squares are kept in the basis (Vyas et al. 2024, arXiv 2409.11321).
        self.mean = first * self.mean + (1 - first) * gradient
        self.square = second * self.square + (1 - second) * _apply(self.basis.mT, gradient).square()
        mean = _apply(self.basis.mT, self.mean) / (1 - first**self.steps)
        root = (self.square / (1 - second**self.steps)).sqrt()
        floor = FLOOR * root.amax(1, keepdim=True)
        return _apply(self.basis, mean / (root + floor).clamp(min=torch.finfo(root.dtype).tiny))

    def _turn(self) -> None:
        """Turn to the eigenbasis of the present covariance; squares follow as if uncorrelated."""
        basis = torch.linalg.eigh(self.covariance).eigenvectors
        self.square = _apply((basis.mT @ self.basis).square(), self.square)
        self.basis = basis

    def state_dict(self) -> State:
        """Covariances, bases, moments and the number of steps done.

        Covariances and bases are (seeds, numbers, numbers), moments (seeds, numbers).
        """
        return {name: getattr(self, name) for name in _STATE}

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from what `state_dict` gave."""
        for name in _STATE:
            value = state_dict[name]
            setattr(self, name, value.to(self.units) if isinstance(value, Tensor) else value)


_STATE = ("steps", "mean", "square", "covariance", "basis")


def _apply(matrices: Tensor, vectors: Tensor) -> Tensor:
    """(seeds, k, n), (seeds, n) -> (seeds, k)."""
    return (matrices @ vectors.unsqueeze(2)).squeeze(2)
