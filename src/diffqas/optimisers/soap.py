"""Adam in the eigenbasis of the gradient's covariance, for several seeds at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from diffqas.choices import option
from diffqas.optim import MOST_NUMBERS, WARM_UP, EigenbasisAdam, schedule_factor
from diffqas.optimisers.choice import (
    Optimisation,
    Optimiser,
    Problem,
    per_seed,
)
from diffqas.optimisers.descent import BETA_2, BETAS, RATE, RATES
from diffqas.optimisers.population import Population, flat_numbers, move_numbers
from diffqas.storage import State, storable


@storable
@dataclass(frozen=True)
class SOAP(Optimiser):
    """Adam in the eigenbasis of the gradients' covariance (Vyas et al., arXiv 2409.11321)."""

    lr: float = option(0.01, RATE, above=0, tune=RATES)
    betas: tuple[float, float] = option((0.9, 0.999), BETAS, least=0, below=1, tune=BETA_2)

    name: ClassVar[str] = "soap"
    most_numbers: ClassVar[int | None] = MOST_NUMBERS

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
        lead = (len(self.parameters[0]),)
        self.adam = EigenbasisAdam(lead, len(self.units), choice.betas, self.units)

    def step(self, inputs: Tensor, targets: Tensor, progress: float, frozen: Tensor) -> Tensor:
        """Make one step, as `Optimisation.step` describes it."""
        losses = per_seed(self.problem.loss, self.population(inputs), targets)
        gradients = torch.autograd.grad(losses.sum(), self.parameters, materialize_grads=True)
        gradient = torch.cat([part.flatten(1) for part in gradients], 1).double() * self.units
        # A seed whose loss or gradient is not finite stands still; its moments see a zero.
        sound = torch.isfinite(losses.detach()) & torch.isfinite(gradient).all(1) & ~frozen
        gradient = torch.where(sound[:, None], gradient, torch.zeros_like(gradient))
        rate = self.choice.lr * schedule_factor(self.problem.schedule, progress)
        direction = self.adam.direction(gradient)
        # The eigenbasis of few gradients is noise: the rate rises over the first steps, of
        # which `direction` has just counted this one, but over no more than an eighth of all.
        warmth = min(1.0, max(self.adam.steps / WARM_UP, 8 * progress))
        update = direction * warmth * -rate
        moves = torch.where(sound[:, None], update * self.units, torch.zeros_like(update))
        move_numbers(self.parameters, moves)
        return losses.detach()

    def state_dict(self) -> State:
        """As `EigenbasisAdam.state_dict`, with a leading dimension for the seeds."""
        return self.adam.state_dict()

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from what `state_dict` gave."""
        self.adam.load_state_dict(state_dict)
