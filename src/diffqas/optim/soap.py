"""SOAP as an ordinary optimiser of torch, with one block for all parameters together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, overload

import torch
from torch import Tensor

from diffqas.errors import as_number, positive, require, whole
from diffqas.optim.eigenbasis import MOST_NUMBERS, REFRESH, WARM_UP, EigenbasisAdam
from diffqas.optim.flat import FlatOptimizer, Parameters, dense, pair

CHEAP = 512
"""The most numbers for which a new basis every ten steps costs little beside a network's step."""


class SOAP(FlatOptimizer):
    """Adam in the eigenbasis of the gradients' covariance (Vyas et al., arXiv 2409.11321).

    All parameters form one block of at most 2,048 numbers, such as those of a `QuantumTrain` model.
    It is used like any optimiser of torch: with groups and their own rates, schedulers, gradient
    clipping, `GradScaler` and checkpoints. It computes in float64 whatever the parameters' dtype. A
    step whose gradient is not finite is left out. Groups cannot be added later. For up to 512
    numbers a new basis is found every ten steps, and less often for more: every forty steps for
    2,000 numbers.

    Args:
        params: tensors or groups of them, such as `model.parameter_groups(lr)`.
        lr: the rate of groups that have none of their own.
        betas: the decay rates of the moments.
        warm_up: the steps over which the rate rises from 1 / warm_up of its value, as the
            eigenbasis of few gradients is noise.
        capturable: whether `step` can be recorded by `diffqas.capture`. It then reads nothing back
            from the device, and the rates of groups may be tensors. A new basis is found by
            `refresh`, which must be called after each step, outside of what is recorded.

    Raises:
        ArgumentError: a rate or a decay rate is out of range, all rates are 0, a number is complex,
            or there are more than 2,048 numbers.

    >>> weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    >>> optimizer = SOAP([weight], lr=0.1, warm_up=1)
    >>> for _ in range(100):
    ...     optimizer.zero_grad()
    ...     ((weight.sum() - 1) ** 2 + 100 * (weight[0] - weight[1]) ** 2).backward()
    ...     optimizer.step()
    >>> bool((weight - 0.5).abs().max() < 0.05)
    True
    """

    own: ClassVar[tuple[str, ...]] = ("warm_up", "capturable", "_adam", "_done")

    def __init__(
        self,
        params: Parameters,
        lr: float = 0.01,
        betas: tuple[float, float] = (0.9, 0.999),
        warm_up: int = WARM_UP,
        capturable: bool = False,
    ) -> None:
        require(positive(lr), "lr", "be a positive number", lr)
        proper = pair(betas) and all(0 <= as_number(beta) < 1 for beta in betas)
        require(proper, "betas", "lie in [0, 1), each of the two", betas)
        require(whole(warm_up), "warm_up", "be a positive integer", repr(warm_up))
        super().__init__(params, {"lr": lr, "betas": betas}, MOST_NUMBERS)
        self.warm_up = warm_up
        highest = max(float(group["lr"]) for group in self.param_groups)
        require(highest > 0, "lr", "be positive in a group", highest)
        for group in self.param_groups:
            # The units in which numbers are measured: they stay when a schedule changes the rates.
            group["unit"] = group["lr"] / highest
        units = self._spread("unit")
        self._adam = EigenbasisAdam((), len(units), betas, units, steps_between(len(units)))
        self.capturable = capturable
        self._done = torch.zeros_like(self._adam.mean[0])
        """The steps that were not left out, if the optimiser is capturable."""

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Make one step by the present gradients; a missing gradient counts as zero.

        Args:
            closure: computes the loss and its gradients anew; None: they are there already.

        Returns:
            What the closure returned, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        numbers = self._numbers()
        gradients = [
            torch.zeros_like(number) if number.grad is None else dense(number.grad)
            for number in numbers
        ]
        gradient = torch.cat([part.flatten().double() for part in gradients])
        if self.capturable:
            self._recorded_step(gradient)
            return loss
        if not torch.isfinite(gradient).all():
            return loss
        direction = self._adam.direction(gradient * self._spread("unit"))
        warmth = min(1.0, self._adam.steps / self.warm_up)
        self._move(-warmth * self._spread("lr") * direction)
        return loss

    def _recorded_step(self, gradient: Tensor) -> None:
        """A step in the present basis that reads nothing back from the device."""
        sound = torch.isfinite(gradient).all()
        # A step that is left out has a share of 0 in every average, and no length.
        share = sound.double()
        scaled = torch.where(sound, gradient, 0.0) * self._spread("unit")
        self._adam.observe(scaled, share)
        self._done.add_(share)
        # Before the first sound step nothing was averaged, and nothing is divided by.
        steps = self._done.clamp(min=1)
        first, second = self._adam.betas
        direction = self._adam.along(scaled, 1 - first**steps, 1 - second**steps, share)
        warmth = (self._done / self.warm_up).clamp(max=1)
        self._move(-share * warmth * self._spread("lr") * direction)

    @torch.no_grad()
    def refresh(self) -> bool:
        """Find a new basis if one is due; to be called after each step of a capturable optimiser.

        The basis of a step is then that of the gradients before it.

        Returns:
            Whether there is a new basis.
        """
        self._adam.steps += 1
        if self._adam.due:
            self._adam.turn()
        return self._adam.due

    def state_dict(self) -> dict[str, Any]:
        """The groups, as in every optimiser, with the covariance and moments of all numbers."""
        shared = self._adam.state_dict()
        if self.capturable:
            shared["steps"] = int(self._done)
        return super().state_dict() | {"shared": shared}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave.

        Raises:
            ArgumentError: a state of another optimiser, or of other numbers.
        """
        self._adam.load_state_dict(self._load(state_dict, self._adam.state_dict()))
        self._done.fill_(self._adam.steps)


def steps_between(count: int) -> int:
    """The number of steps between two new bases of `count` numbers.

    The time for a basis grows with the cube of `count`, so that with a fixed interval it would soon
    be most of a training. No loss by the longer interval was measured (docs/own-networks.md).

    >>> steps_between(500), steps_between(2_000)
    (10, 40)
    """
    return REFRESH * -(-count // CHEAP)
