"""Training as estimation: an extended Kalman filter over the numbers of several seeds at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from diffqas.choices import Tuning, option
from diffqas.errors import require
from diffqas.optim import MOST_ESTIMATED, Estimate, HostNumbers, Number, derivatives, records
from diffqas.optimisers.choice import Optimisation, Optimiser, Problem
from diffqas.optimisers.population import (
    AloneAsTogether,
    Population,
    SamplesApart,
    flat_numbers,
    move_numbers,
)
from diffqas.optimisers.stages import stage
from diffqas.storage import State, storable


@storable
@dataclass(frozen=True)
class Kalman(Optimiser):
    """An extended Kalman filter over the trainable numbers, for losses that are squared errors.

    The learning rates of the groups of numbers are the standard deviations of its prior.
    """

    measurement_noise: tuple[float, float] = option(
        (100.0, 1e-3),
        "Variance of a measurement at the start and at the end, in units of that of the training "
        "targets.",
        flag="noise",
        above=0,
        rule="be two positive variances",
        tune=(
            Tuning(1.0, 1e4, entry=0, name="noise_start"),
            Tuning(1e-5, 1e-1, entry=1, name="noise_end"),
        ),
    )
    forget_epochs: float = option(
        3.0,
        "Epochs over which the filter forgets at the start of training; at its end it forgets "
        "nothing.",
        flag="memory",
        above=0,
        rule="be a positive number of epochs",
        tune=Tuning(1.0, 30.0),
    )

    name: ClassVar[str] = "kalman"
    most_numbers: ClassVar[int | None] = MOST_ESTIMATED
    scheduled: ClassVar[bool] = False
    penalised: ClassVar[bool] = False

    def make(self, population: Population, problem: Problem) -> Optimisation:
        """Make the filter over all trainable numbers."""
        return KalmanFilter(population, problem, self)


class KalmanFilter:
    """The Kalman filter at work, one per seed.

    The variance of the measurements falls geometrically from the first to the second value of
    `measurement_noise`, but never below the mean squared error of about the last epoch. At the
    start of training older batches are forgotten over `forget_epochs` epochs, at the end not at
    all.

    Args:
        population: the seeds' models.
        problem: its targets give the scale; its loss must be `torch.nn.functional.mse_loss`.
        choice: noise and memory.

    Raises:
        ArgumentError: the loss is another one, or there are too many trainable numbers.
    """

    def __init__(self, population: Population, problem: Problem, choice: Kalman) -> None:
        rule = "be adam or rmsprop for a loss other than mse_loss"
        require(problem.loss is mse_loss, "optimizer", rule, choice.name)
        # The filter amplifies rounding errors a thousandfold in a few epochs. So a single seed must
        # be computed by the same operations as several seeds.
        if isinstance(population, AloneAsTogether):
            population.compute_alone_as_together()
        self.population = population
        self.unsound: Tensor | None = None
        self.parameters, prior = flat_numbers(population, choice.most_numbers)
        self.estimate = Estimate(
            lead=(len(self.parameters[0]),),
            prior=prior,
            unit=float(problem.targets.double().var(correction=0)) or 1.0,
            measurement_noise=choice.measurement_noise,
            memory=choice.forget_epochs * problem.steps_per_epoch,
            window=problem.steps_per_epoch,
            waits=not records(prior.device),
        )
        self._numbers = HostNumbers(1, prior.device)
        self._present: tuple[Number, ...] = ()
        self._correct = stage(self._corrected, population, prior.device)

    def step(self, inputs: Tensor, targets: Tensor, progress: float, frozen: Tensor) -> Tensor:
        """Make one step, as `Optimisation.step` describes it."""
        self._present = self._numbers(progress)
        return self._correct(inputs, targets, frozen)

    def _corrected(self, inputs: Tensor, targets: Tensor, frozen: Tensor) -> Tensor:
        """Take a batch into account, and return the losses before that."""
        outputs, rows = jacobian(self.population, inputs, self.parameters)
        count = outputs.shape[1]
        require(count == targets.numel(), "targets", f"hold {count} values", targets.numel())
        errors = targets.reshape(1, -1).double() - outputs
        found = self.estimate.correct(rows, errors, self._present[0])
        still = torch.zeros_like(found.change)
        move_numbers(self.parameters, torch.where(frozen[:, None], still, found.change))
        return found.losses

    @property
    def uncaptured(self) -> str | None:
        """The reason why steps on a card are not recorded, or None if they are."""
        return self._correct.reason

    def state_dict(self) -> State:
        """The covariances, (seeds, numbers, numbers), and the running errors, (seeds,)."""
        return self.estimate.state_dict()

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from what `state_dict` gave."""
        self.estimate.load_state_dict(state_dict)


def jacobian(
    population: Population, inputs: Tensor, parameters: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Outputs (seeds, m) and their derivatives (seeds, m, numbers) in float64.

    Here m is the number of samples times that of outputs per sample. The models run forward once,
    and all rows share one backward pass if vmap can do that.
    """
    found = None
    if isinstance(population, SamplesApart):
        found = population.sample_jacobian(inputs, parameters)
    outputs, parts = found or _row_by_row(population, inputs, parameters)
    rows = torch.cat([part.flatten(2) for part in parts], dim=2).transpose(0, 1)
    return outputs.detach().double(), rows.double()


def _row_by_row(
    population: Population, inputs: Tensor, parameters: Sequence[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    outputs = population(inputs).flatten(1)
    seeds, m = outputs.shape
    every = (
        torch.eye(m, dtype=outputs.dtype, device=outputs.device).unsqueeze(1).expand(m, seeds, m)
    )
    return outputs, derivatives(outputs, parameters, every)
