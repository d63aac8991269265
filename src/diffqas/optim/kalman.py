"""An extended Kalman filter as an ordinary optimiser of torch, whose closure gives residuals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, TypeAlias, cast, overload

import torch
from torch import Tensor

from diffqas.errors import ArgumentError, as_number, positive, require, whole
from diffqas.optim.estimate import MOST_ESTIMATED, Estimate, derivatives
from diffqas.optim.flat import FlatOptimizer, Parameters, dense, pair

Residuals: TypeAlias = Callable[[], object]
"""A function that gives predictions minus targets, or the reverse: a tensor of any shape."""


class Kalman(FlatOptimizer):
    """An extended Kalman filter over all parameters, for sums of squares.

    It keeps a Gaussian over at most 4,096 numbers and corrects it with every batch, as if the
    targets were measurements. This is a recursive Gauss-Newton method, the one of
    `--optimizer kalman` in a search. Each step asks for the residuals r of a batch and takes the
    derivatives of all of them in one backward pass by `torch.func.vmap`. For a network that vmap
    cannot run backward, each residual has its own pass. The memory of a step grows with the square
    of the number of residuals.

    Let P be the covariance of the numbers, H = dr/d(numbers), and R the variance of a measurement.
    With K = P H^T (H P H^T + R)^-1 the numbers change by -K r, and P becomes (P - K H P) / kept. R
    falls geometrically over `steps` from the first to the second `measurement_noise`, and `kept` is
    1 - (1 - progress) / (forget_epochs * steps_per_epoch).

    Groups, checkpoints and schedulers work as with any optimiser; a schedule multiplies the changes
    of its group. There is no gradient to clip, to scale or to accumulate. So `GradScaler` is
    refused, and parts of a batch are joined in the closure by `torch.cat([...])`. If one residual
    of a batch is not finite, the numbers do not change, `step` returns a loss that is not finite,
    and the covariance starts again from its prior. Groups cannot be added later.

    Args:
        params: tensors or groups of them, such as `model.parameter_groups(lr=1.0)`.
        steps: the number of steps that there will be.
        lr: the standard deviation of the prior, for groups that have none of their own: how far
            their numbers may be from their start.
        steps_per_epoch: the batches of one pass over the data.
        measurement_noise: the variance of a residual at the start and at the end, in units of
            `variance`.
        forget_epochs: the epochs over which the filter forgets at the start; at the end of the
            training it forgets nothing. With `math.inf` it never forgets.
        variance: the variance of the training targets. None: the mean squared residual of the first
            step.
        noise_floor: whether the variance of a residual is never taken to be smaller than the mean
            squared residual of about the last epoch.
        capturable: whether `step` can be recorded by `diffqas.capture`. It then reads nothing back
            from the device, so that `variance` must be given, and `step` returns a tensor.

    Raises:
        ArgumentError: a choice is out of range, a number is complex, there are more than 4,096
            numbers, or, in a step, the closure gives no residuals.

    A line through two points:

    >>> line = torch.nn.Linear(1, 1)
    >>> x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [3.0]])
    >>> optimizer = Kalman(line.parameters(), steps=20, lr=10.0)
    >>> for _ in range(20):
    ...     loss = optimizer.step(lambda: line(x) - y)
    >>> bool((line(torch.tensor([[2.0]])) - 5).abs() < 0.01)
    True
    """

    own: ClassVar[tuple[str, ...]] = (
        "steps",
        "capturable",
        "_done",
        "_passed",
        "_unit_known",
        "_estimate",
    )

    def __init__(
        self,
        params: Parameters,
        steps: int,
        lr: float = 1.0,
        steps_per_epoch: int = 1,
        measurement_noise: tuple[float, float] = (100.0, 1e-3),
        forget_epochs: float = 3.0,
        variance: float | None = None,
        noise_floor: bool = True,
        capturable: bool = False,
    ) -> None:
        rule = "be a positive integer"
        require(whole(steps), "steps", rule, repr(steps))
        require(whole(steps_per_epoch), "steps_per_epoch", rule, repr(steps_per_epoch))
        require(positive(lr), "lr", "be a positive number", lr)
        proper = pair(measurement_noise) and all(positive(noise) for noise in measurement_noise)
        require(proper, "measurement_noise", "be two positive variances", measurement_noise)
        require(as_number(forget_epochs) > 0, "forget_epochs", "be positive", forget_epochs)
        fits = variance is None or positive(variance)
        require(fits, "variance", "be a positive number", variance)
        known = variance is not None or not capturable
        require(known, "variance", "be given to a capturable optimiser", variance)
        super().__init__(params, {"lr": lr}, MOST_ESTIMATED)
        for group in self.param_groups:
            # The prior stays when a schedule changes the rates.
            group["prior"] = float(group["lr"])
        self.steps, self._done = steps, 0
        self._unit_known = variance is not None
        self._estimate = Estimate(
            lead=(),
            prior=self._spread("prior"),
            unit=1.0 if variance is None else float(variance),
            measurement_noise=measurement_noise,
            memory=forget_epochs * steps_per_epoch,
            window=steps_per_epoch if noise_floor else 0,
            waits=not capturable,
        )
        self.capturable = capturable
        self._passed = torch.zeros_like(self._estimate.residual)
        """The steps done, if the optimiser is capturable."""

    @overload
    def step(self, closure: None = None) -> NoReturn: ...

    @overload
    def step(self, closure: Residuals) -> float: ...

    @torch.no_grad()
    def step(self, closure: Residuals | None = None) -> float:
        """Make one step by the residuals of a batch.

        Args:
            closure: a function that gives the residuals, a tensor that is computed from the
                parameters. It calls neither `zero_grad` nor `backward`.

        Returns:
            The mean square of the residuals before the step; a tensor () if the optimiser is
            capturable.

        Raises:
            ArgumentError: there is no closure, or it gives no residuals.
        """
        if closure is None:
            raise ArgumentError(
                "Argument `closure` must be a function that gives the residuals of a batch, but "
                "got None: call `optimizer.step(closure)`, without `backward` and GradScaler."
            )
        with torch.enable_grad():
            residuals = _checked(closure()).flatten()
            rows = self._rows(residuals)
        errors = residuals.detach().double()
        if self.capturable:
            progress = (self._passed / self.steps).clamp(max=1)
            found = self._estimate.correct(rows, -errors, progress)
            self._passed.add_(1)
            self._move(found.change * self._shares())
            # By torch's types `step` gives a number; a recorded step gives a tensor instead.
            return cast("float", found.losses)
        if not self._unit_known and torch.isfinite(errors).all():
            self._estimate.measure_in(float(errors.square().mean()) or 1.0)
            self._unit_known = True
        # The measurement is a residual of zero. The change is then -K r, whatever the sign of r.
        found = self._estimate.correct(rows, -errors, min(self._done / self.steps, 1.0))
        self._done += 1
        self._move(found.change * self._shares())
        return float(found.losses)

    def _rows(self, residuals: Tensor) -> Tensor:
        """Derivatives of residuals (m,) by all numbers, (m, numbers), in float64."""
        numbers = self._numbers()
        trained = [number for number in numbers if number.requires_grad]
        every = torch.eye(len(residuals), dtype=residuals.dtype, device=residuals.device)
        found = iter(derivatives(residuals, trained, every))
        columns: list[Tensor] = []
        for number in numbers:
            part = number.new_zeros(len(residuals), number.numel())
            if number.requires_grad:
                part = dense(next(found)).flatten(1)
            columns.append(part.double())
        return torch.cat(columns, dim=1)

    def _shares(self) -> Tensor:
        """The share of its change that each number makes: its rate relative to its prior."""
        for group in self.param_groups:
            # A prior of 0 holds its numbers where they are, whatever the schedule.
            rate = group["lr"] if self.capturable else float(group["lr"])
            group["share"] = rate / (group["prior"] or 1.0)
        moved = [torch.full_like(n.flatten(), n.requires_grad).double() for n in self._numbers()]
        return self._spread("share") * torch.cat(moved)

    def state_dict(self) -> dict[str, Any]:
        """The groups, as in every optimiser, and the part that all numbers share.

        This part has covariance, running error, the number of steps done and the unit of the noise.
        """
        return super().state_dict() | {"shared": self._shared()}

    def _shared(self) -> dict[str, object]:
        done = int(self._passed) if self.capturable else self._done
        own = {"done": done, "unit": self._estimate.unit, "unit_known": self._unit_known}
        return {**self._estimate.state_dict(), **own}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave.

        Raises:
            ArgumentError: a state of another optimiser, or of other numbers.
        """
        shared = self._load(state_dict, self._shared())
        self._estimate.load_state_dict(shared)
        self._estimate.unit = shared["unit"]
        self._done, self._unit_known = shared["done"], shared["unit_known"]
        self._passed.fill_(self._done)


def _checked(residuals: object) -> Tensor:
    """Refuse what a closure gives if it is no residuals."""
    rule = "give a tensor of residuals, one for each value that is predicted"
    if not isinstance(residuals, Tensor):
        raise ArgumentError(f"Argument `closure` must {rule}, but got {type(residuals).__name__}.")
    shape = tuple(residuals.shape)
    require(residuals.ndim > 0 and residuals.numel() > 0, "closure", rule, f"the shape {shape}")
    real = residuals.is_floating_point()
    require(real, "closure", "give residuals that are real numbers", residuals.dtype)
    rule = "give residuals that were computed from the parameters"
    require(residuals.requires_grad, "closure", rule, "a tensor without a gradient")
    return residuals
