"""The optimiser that suits a generator of so many numbers, with its schedule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from diffqas.errors import require, whole
from diffqas.optim.eigenbasis import MOST_NUMBERS, WARM_UP
from diffqas.optim.schedule import schedule_factor
from diffqas.optim.soap import SOAP


class Falling(torch.optim.Optimizer):
    """Rates that fall to zero by a cosine, as part of an optimiser: each `step` lowers them.

    A copy or a pickle of the optimiser has the schedule, too.
    """

    over: int
    """Steps after which the rates are zero."""

    def fall(self, over: int) -> None:
        """Begin to fall, from the rates of the groups."""
        self.over = over
        for group in self.param_groups:
            group |= {"base_lr": group["lr"], "done": 0}
        self.register_step_post_hook(_lower)

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"over": self.over}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if not self._optimizer_step_post_hooks:  # torch leaves the hooks of a copy out
            self.register_step_post_hook(_lower)
        for group in self.param_groups:
            # The state of an optimiser whose rates do not fall: they begin to.
            group.setdefault("base_lr", group["lr"])
            group.setdefault("done", 0)


class FallingSOAP(Falling, SOAP):
    """SOAP whose rates fall."""


class FallingAdam(Falling, torch.optim.Adam):
    """Adam whose rates fall."""


def recommended(groups: Iterable[dict[str, Any]], steps: int) -> torch.optim.Optimizer:
    """SOAP for up to 2,048 numbers, Adam for more; the rates fall to zero by a cosine.

    The schedule is part of the optimiser: each `step` lowers the rates. After `steps` of them the
    rates are zero, and stay so. How many were made stands in the groups, so that a checkpoint of
    the optimiser brings its schedule.

    Args:
        groups: of parameters, each with its rate.
        steps: how many there will be.

    Raises:
        ArgumentError: `steps` is no positive integer, or nothing learns.
    """
    require(whole(steps), "steps", "be a positive integer", repr(steps))
    given = list(groups)
    rule = "have numbers that learn (`requires_grad_` decides)"
    require(len(given) > 0, "model", rule, "frozen ones alone")
    optimizer: FallingSOAP | FallingAdam
    if suits_soap(given):
        # The usual warm-up would be most of a short training.
        optimizer = FallingSOAP(given, warm_up=max(1, min(WARM_UP, steps // 8)))
    else:
        optimizer = FallingAdam(given)
    optimizer.fall(steps)
    return optimizer


def suits_soap(groups: Iterable[dict[str, Any]]) -> bool:
    """Whether there are so few numbers that SOAP is affordable."""
    return sum(number.numel() for group in groups for number in group["params"]) <= MOST_NUMBERS


def _lower(optimizer: torch.optim.Optimizer, *_: object) -> None:
    assert isinstance(optimizer, Falling)
    for group in optimizer.param_groups:
        group["done"] = min(group["done"] + 1, optimizer.over)
        group["lr"] = group["base_lr"] * schedule_factor("cosine", group["done"] / optimizer.over)
