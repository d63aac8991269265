"""Training as estimation: an extended Kalman filter over the trainable numbers.

The filter keeps a Gaussian over all trainable numbers and corrects it with every batch, as if the
targets were measurements: recursive Gauss-Newton. Its covariance has the square of the number of
parameters as entries, which rules it out for ordinary networks, and costs next to nothing for the
hundred numbers of a generator. Singhal & Wu, "Training multilayer perceptrons with the extended
Kalman algorithm", NIPS 1988.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from diffqas.choices import Tuning, option
from diffqas.errors import require
from diffqas.optimisers.choice import Optimisation, Optimiser, Problem
from diffqas.optimisers.population import (
    AloneAsTogether,
    Population,
    SamplesApart,
    flat_numbers,
    move_numbers,
)
from diffqas.storage import State, storable


@storable
@dataclass(frozen=True)
class Kalman(Optimiser):
    """An extended Kalman filter over the trainable numbers, for losses that are squared errors.

    The rates of the groups of numbers are the standard deviations of its prior.
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
    most_numbers: ClassVar[int | None] = 4096
    """The covariance of so many takes 134 MB."""

    def make(self, population: Population, problem: Problem) -> Optimisation:
        """The filter over all trainable numbers."""
        return KalmanFilter(population, problem, self)


class KalmanFilter:
    """The filter at work, one per seed.

    The variance of the measurements falls geometrically from the first to the second value of
    `measurement_noise`, but never below the mean squared error of the last epoch. Older batches are
    forgotten over `forget_epochs` epochs at the start of training, and not any more at its end.

    Args:
        population: the seeds' models.
        problem: its targets give the scale; its loss must be `torch.nn.functional.mse_loss`.
        choice: noise and memory.

    Raises:
        ArgumentError: another loss, or too many trainable numbers.
    """

    def __init__(self, population: Population, problem: Problem, choice: Kalman) -> None:
        rule = "be adam or rmsprop for a loss other than mse_loss"
        require(problem.loss is mse_loss, "optimizer", rule, choice.name)
        # The filter amplifies differences of rounding a thousandfold in a few epochs. A seed alone
        # must therefore be computed by the operations that it is computed by in company.
        if isinstance(population, AloneAsTogether):
            population.compute_alone_as_together()
        self.population, self.choice = population, choice
        self.unsound: Tensor | None = None
        self.steps_per_epoch = problem.steps_per_epoch
        self.memory = choice.forget_epochs * self.steps_per_epoch
        self.variance = float(problem.targets.double().var(correction=0)) or 1.0
        self.parameters, rates = flat_numbers(population, choice.most_numbers)
        self._prior = rates.square()
        self.covariance = torch.diag(self._prior).repeat(len(self.parameters[0]), 1, 1)
        self.residual = torch.full_like(self.covariance[:, 0, 0], self.variance)
        """Mean squared error over about the last epoch, (seeds,)."""

    def step(self, inputs: Tensor, targets: Tensor, progress: float, frozen: Tensor) -> Tensor:
        """Make one step, as `Optimisation.step` describes it."""
        outputs, rows = jacobian(self.population, inputs, self.parameters)
        count = outputs.shape[1]
        require(count == targets.numel(), "targets", f"hold {count} values", targets.numel())
        errors = targets.reshape(1, -1).double() - outputs
        losses = errors.square().mean(1)
        first, last = self.choice.measurement_noise
        # No measurement is better than what is left unexplained: a filter that takes noise for
        # truth goes astray.
        known = torch.where(torch.isfinite(losses), losses, self.residual)
        # An exponential mean whose window is about one epoch.
        self.residual = self.residual + (known - self.residual) / self.steps_per_epoch
        # R falls geometrically with the training's share: R = R_0 (R_1 / R_0)^progress.
        noise = (self.variance * first * (last / first) ** progress) * torch.ones_like(losses)
        noise = torch.maximum(noise, self.residual)
        # P is divided by `kept` in each step: with kept = 1 - 1 / memory a batch counts e times
        # less after `memory` steps; at the end of training nothing is forgotten.
        kept = 1 - (1 - progress) / max(self.memory, 2.0)
        update, covariance = correct(self.covariance, rows, errors, noise, kept)
        variances = covariance.diagonal(dim1=1, dim2=2)
        sound = torch.isfinite(update).all(1) & torch.isfinite(variances).all(1)
        moves = sound & torch.isfinite(losses) & ~frozen
        if not sound.all():  # a covariance that round-off has spoilt starts again from the prior
            covariance[~sound] = torch.diag(self._prior)
        self.covariance = covariance
        move_numbers(self.parameters, torch.where(moves[:, None], update, torch.zeros_like(update)))
        return losses

    def state_dict(self) -> State:
        """The covariances, (seeds, numbers, numbers), and the running errors, (seeds,)."""
        return {"covariance": self.covariance, "residual": self.residual}

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from what `state_dict` gave."""
        self.covariance = state_dict["covariance"].to(self.covariance)
        self.residual = state_dict["residual"].to(self.residual)


def correct(
    covariance: Tensor, rows: Tensor, errors: Tensor, noise: Tensor | float, kept: float = 1.0
) -> tuple[Tensor, Tensor]:
    """One correction of a Kalman filter.

    Args:
        covariance: (..., numbers, numbers) before the measurement.
        rows: (..., measurements, numbers), derivatives of what is measured.
        errors: (..., measurements), measured less expected.
        noise: variance of each measurement, (...).
        kept: the old knowledge counts this much beside the new.

    Returns:
        Change of the numbers (..., numbers), and their covariance afterwards; not finite if
        `covariance` is not positive semidefinite.

    # two equally good guesses: halfway
    >>> correct(torch.eye(1), torch.eye(1), torch.ones(1), noise=1.0)
    (tensor([0.5000]), tensor([[0.5000]]))
    """
    # With H the rows, P the covariance, R the noise: S = H P H^T + R = L L^T, W = L^-1 H P, and
    # the correction is W^T L^-1 e, after which P - W^T W is left.
    shadow = rows @ covariance
    variance = torch.as_tensor(noise, dtype=rows.dtype, device=rows.device)
    one = torch.eye(rows.shape[-2], dtype=rows.dtype, device=rows.device)
    expected = shadow @ rows.mT + variance[..., None, None] * one
    # One seed whose S is not positive must not stop the others: it goes on as not a number,
    # which the caller sees and starts again from the prior.
    factor, failed = torch.linalg.cholesky_ex(expected)
    factor = torch.where((failed != 0)[..., None, None], math.nan, factor)
    whitened = torch.linalg.solve_triangular(factor, shadow, upper=False)
    surprise = torch.linalg.solve_triangular(factor, errors.unsqueeze(-1), upper=False)
    # A row from the left, not a column from the right: of one seed BLAS takes that by another
    # kernel than of several, and what is rounded otherwise grows with every batch.
    update = (surprise.mT @ whitened).squeeze(-2)
    # What is subtracted is symmetric, so round-off cannot build up on one side of the diagonal.
    square = whitened.mT @ whitened
    return update, torch.sub(covariance, square, out=square).div_(kept)


def jacobian(
    population: Population, inputs: Tensor, parameters: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Outputs (seeds, m) and their derivatives (seeds, m, numbers) in float64.

    There are m = samples times outputs of them per seed.

    The models run forward once; all rows go backward together where vmap can do that.
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

    def row(cotangent: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad(
            outputs, parameters, cotangent, retain_graph=True, materialize_grads=True
        )

    try:
        with warnings.catch_warnings():
            # Where an operation has no rule for vmap, torch goes row by row by itself.
            warnings.filterwarnings("ignore", "There is a performance drop")
            return outputs, list(torch.func.vmap(row)(every))
    except RuntimeError:  # an operation of the target that vmap does not know
        return outputs, [torch.stack(column) for column in zip(*map(row, every), strict=True)]
