"""Adam in the eigenbasis of the gradient's covariance, for several seeds at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from diffqas.choices import option
from diffqas.optim import (
    MOST_NUMBERS,
    WARM_UP,
    EigenbasisAdam,
    HostNumbers,
    Number,
    schedule_factor,
)
from diffqas.optimisers.choice import (
    Optimisation,
    Optimiser,
    Problem,
    per_seed,
)
from diffqas.optimisers.descent import BETA_2, BETAS, RATE, RATES
from diffqas.optimisers.population import Population, flat_numbers, move_numbers
from diffqas.optimisers.stages import stage
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
        """Make SOAP with one block for all trainable numbers."""
        return Soap(population, problem, self)


class Soap:
    """SOAP at work, with one block for all trainable numbers of each seed.

    It computes in float64 whatever the network's dtype.

    Args:
        population: the seeds' models. The rates of their parameter groups are the units in which
            numbers are measured.
        problem: loss and schedule.
        choice: the learning rate and the decay rates of the moments.

    Raises:
        ArgumentError: there are too many trainable numbers.
    """

    def __init__(self, population: Population, problem: Problem, choice: SOAP) -> None:
        self.population, self.problem, self.choice = population, problem, choice
        self.unsound: Tensor | None = None
        self._present: tuple[Number, ...] = ()
        self.parameters, self.units = flat_numbers(population, choice.most_numbers)
        lead = (len(self.parameters[0]),)
        self.adam = EigenbasisAdam(lead, len(self.units), choice.betas, self.units)
        device = self.units.device
        self._numbers = HostNumbers(4, device)
        # A new basis comes about between the stages, outside of what is recorded: an eigenvalue
        # problem on a card reads back whether it was solved.
        self._observe = stage(self._observed, population, device)
        self._move = stage(self._moved, population, device)

    def step(self, inputs: Tensor, targets: Tensor, progress: float, frozen: Tensor) -> Tensor:
        """Make one step, as `Optimisation.step` describes it."""
        losses, gradient, sound = self._observe(inputs, targets, frozen)
        self.adam.steps += 1
        if self.adam.due:
            self.adam.turn()
        rate = self.choice.lr * schedule_factor(self.problem.schedule, progress)
        # The eigenbasis of few gradients is noise: the rate rises over the first steps, but over
        # no more than an eighth of all.
        warmth = min(1.0, max(self.adam.steps / WARM_UP, 8 * progress))
        self._present = self._numbers(*self.adam.corrections, warmth, -rate)
        self._move(gradient, sound)
        return losses

    def _observed(
        self, inputs: Tensor, targets: Tensor, frozen: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Losses, gradient and sound seeds of a batch, taken into the covariance."""
        losses = per_seed(self.problem.loss, self.population(inputs), targets)
        total = losses.sum()
        if self.problem.penalty is not None:
            total = total + self.problem.penalty(losses.detach()).sum()
        gradients = torch.autograd.grad(total, self.parameters, materialize_grads=True)
        gradient = torch.cat([part.flatten(1) for part in gradients], 1).double() * self.units
        # A seed whose loss or gradient is not finite stands still; its moments see a zero.
        sound = torch.isfinite(losses.detach()) & torch.isfinite(gradient).all(1) & ~frozen
        gradient = torch.where(sound[:, None], gradient, torch.zeros_like(gradient))
        self.adam.observe(gradient)
        return losses.detach(), gradient, sound

    def _moved(self, gradient: Tensor, sound: Tensor) -> None:
        """Change the numbers along a gradient that was taken in."""
        of_mean, of_square, warmth, rate = self._present
        update = self.adam.along(gradient, of_mean, of_square) * warmth * rate
        moves = torch.where(sound[:, None], update * self.units, torch.zeros_like(update))
        move_numbers(self.parameters, moves)

    @property
    def uncaptured(self) -> str | None:
        """The reason why steps on a card are not recorded, or None if they are."""
        return self._observe.reason or self._move.reason

    def state_dict(self) -> State:
        """As `EigenbasisAdam.state_dict`, with a leading dimension for the seeds."""
        return self.adam.state_dict()

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from what `state_dict` gave."""
        self.adam.load_state_dict(state_dict)
