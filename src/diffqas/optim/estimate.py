"""An extended Kalman filter over the numbers of a model: training as estimation.

The filter keeps a Gaussian over all trainable numbers and corrects it with every batch, as if the
targets were measurements. This is a recursive Gauss-Newton method. The number of entries of its
covariance is the square of the number of parameters. This rules it out for ordinary networks, but
is cheap for the hundred numbers of a generator. Source: Singhal & Wu, "Training multilayer
perceptrons with the extended Kalman algorithm", NIPS 1988.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from diffqas.optim.host_numbers import Number

MOST_ESTIMATED = 4096
"""The most numbers of one filter; their covariance takes 134 MB."""


@dataclass(frozen=True)
class Correction:
    """The result of a correction by one batch of measurements.

    Attributes:
        losses: the mean squared errors before the correction, (*lead,).
        change: the change of the numbers, (*lead, numbers); zeros where `sound` is False.
        sound: whether errors, change and covariance are finite, (*lead,) of bool.
    """

    losses: Tensor
    change: Tensor
    sound: Tensor


class Estimate:
    """The Gaussian over the numbers, and how it forgets; one for each entry of `lead`.

    Args:
        lead: the leading dimensions, one entry per independent copy.
        prior: the standard deviations of the numbers, (numbers,) in float64.
        unit: the variance of what is measured.
        measurement_noise: the variance of a measurement at the start and at the end, in that unit.
        memory: the steps over which the filter forgets at the start; at the end it forgets nothing.
        window: the steps of a running mean squared error, below which the noise never falls; 0
            means that the noise has no such limit.
        waits: whether the host may read what the device has computed. If not, a covariance is
            repaired in every step, whether it needs it or not.
    """

    def __init__(
        self,
        lead: tuple[int, ...],
        prior: Tensor,
        unit: float,
        measurement_noise: tuple[float, float],
        memory: float,
        window: int,
        waits: bool = True,
    ) -> None:
        self.unit, self.measurement_noise = unit, measurement_noise
        self.memory, self.window, self.waits = memory, window, waits
        self._prior = torch.diag(prior.square())
        self.covariance = self._prior.repeat(*lead, 1, 1)
        self.residual = torch.full_like(self.covariance[..., 0, 0], unit)
        """Mean squared error over about the last `window` steps, (*lead,)."""

    def measure_in(self, unit: float) -> None:
        """Set the variance of what is measured, before the first correction."""
        self.unit = unit
        self.residual = torch.full_like(self.residual, unit)

    def correct(self, rows: Tensor, errors: Tensor, progress: Number) -> Correction:
        """Take a batch of measurements into account.

        Args:
            rows: the derivatives of what is measured, (*lead, measurements, numbers).
            errors: measured minus expected values, (*lead, measurements).
            progress: the share of all steps done.
        """
        losses = errors.square().mean(-1)
        noise = self._noise(losses, progress)
        # P is divided by `kept` in each step: with kept = 1 - 1 / memory a batch counts e times
        # less after `memory` steps; at the end of training nothing is forgotten.
        kept = 1 - (1 - progress) / max(self.memory, 2.0)
        change, covariance = correct(self.covariance, rows, errors, noise, kept)
        variances = covariance.diagonal(dim1=-2, dim2=-1)
        sound = torch.isfinite(change).all(-1) & torch.isfinite(variances).all(-1)
        # A covariance that round-off has spoilt starts again from the prior.
        if not self.waits or not sound.all():
            covariance = torch.where(sound[..., None, None], covariance, self._prior)
        self._hold(covariance)
        sound = sound & torch.isfinite(losses)
        change = torch.where(sound[..., None], change, torch.zeros_like(change))
        return Correction(losses, change, sound)

    def _hold(self, covariance: Tensor) -> None:
        """Take the next covariance; in the same memory where a recorded step reads it again."""
        if self.waits:
            self.covariance = covariance
        else:
            self.covariance.copy_(covariance)

    def _noise(self, losses: Tensor, progress: Number) -> Tensor:
        """Variance of a measurement in this step, (*lead,)."""
        first, last = self.measurement_noise
        # R falls geometrically with the training's share: R = R_0 (R_1 / R_0)^progress.
        noise = (self.unit * first * (last / first) ** progress) * torch.ones_like(losses)
        if self.window == 0:
            return noise
        # The noise is at least what is left unexplained: a filter that trusts noise goes wrong.
        known = torch.where(torch.isfinite(losses), losses, self.residual)
        # An exponential mean over about the window.
        self.residual.copy_(self.residual + (known - self.residual) / self.window)
        return torch.maximum(noise, self.residual)

    def state_dict(self) -> dict[str, Tensor]:
        """The covariances, (*lead, numbers, numbers), and the running errors, (*lead,)."""
        return {"covariance": self.covariance.clone(), "residual": self.residual.clone()}

    def load_state_dict(self, state_dict: dict[str, Tensor]) -> None:
        """Continue from what `state_dict` gave."""
        self.covariance.copy_(state_dict["covariance"])
        self.residual.copy_(state_dict["residual"])


def correct(
    covariance: Tensor, rows: Tensor, errors: Tensor, noise: Number, kept: Number = 1.0
) -> tuple[Tensor, Tensor]:
    """One correction of a Kalman filter.

    Args:
        covariance: (..., numbers, numbers) before the measurement.
        rows: (..., measurements, numbers), the derivatives of what is measured.
        errors: (..., measurements), measured minus expected values.
        noise: the variance of each measurement, (...).
        kept: the share of the old knowledge that is kept beside the new.

    Returns:
        The change of the numbers (..., numbers), and their covariance afterwards. Both are not
        finite if `covariance` is not positive semidefinite.

    # two equally good guesses: halfway
    >>> correct(torch.eye(1), torch.eye(1), torch.ones(1), noise=1.0)
    (tensor([0.5000]), tensor([[0.5000]]))
    """
    # With H the rows, P the covariance, R the noise: S = H P H^T + R = L L^T, W = L^-1 H P, and
    # the correction is W^T L^-1 e, after which P - W^T W is left.
    shadow = rows @ covariance
    variance = noise
    if not isinstance(variance, Tensor):
        variance = torch.tensor(variance, dtype=rows.dtype, device=rows.device)
    one = torch.eye(rows.shape[-2], dtype=rows.dtype, device=rows.device)
    expected = shadow @ rows.mT + variance[..., None, None] * one
    # One seed whose S is not positive must not stop the others. Its result is NaN, which the
    # caller notices, so that this seed starts again from the prior.
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


def derivatives(outputs: Tensor, parameters: Sequence[Tensor], cotangents: Tensor) -> list[Tensor]:
    """Products of cotangents with the derivatives of outputs, one per parameter.

    All cotangents share one backward pass if `torch.func.vmap` can do that; otherwise each has its
    own.

    Args:
        outputs: the outputs of a graph that contains the parameters.
        parameters: the parameters of the derivatives; one without effect on the outputs has zeros.
        cotangents: (count, *outputs.shape).

    Returns:
        For each parameter the products, (count, *parameter.shape).
    """

    def one(cotangent: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad(
            outputs, parameters, cotangent, retain_graph=True, materialize_grads=True
        )

    try:
        with warnings.catch_warnings():
            # Where an operation has no rule for vmap, torch goes row by row by itself.
            warnings.filterwarnings("ignore", "There is a performance drop")
            return list(torch.func.vmap(one)(cotangents))
    except RuntimeError:  # an operation of the target that vmap does not know
        return [torch.stack(column) for column in zip(*map(one, cotangents), strict=True)]
