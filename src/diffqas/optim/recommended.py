"""The optimiser that suits a generator with a given number of numbers, with its schedule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from diffqas.errors import require, whole
from diffqas.optim.eigenbasis import MOST_NUMBERS, WARM_UP
from diffqas.optim.schedule import schedule_factor
from diffqas.optim.soap import SOAP


class Falling(torch.optim.Optimizer):
    """An optimiser whose rates fall to zero by a cosine: each `step` lowers them.

    Copies and pickles of the optimiser include the schedule.
    """

    over: int
    """The number of steps after which the rates are zero."""

    def fall(self, over: int) -> None:
        """Let the rates of the groups fall to zero over so many steps from now on."""
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
            # A state of an optimiser whose rates did not fall: they begin to fall now.
            group.setdefault("base_lr", group["lr"])
            group.setdefault("done", 0)


class FallingSOAP(Falling, SOAP):
    """SOAP whose rates fall."""


class FallingAdam(Falling, torch.optim.Adam):
    """Adam whose rates fall."""


def recommended(groups: Iterable[dict[str, Any]], steps: int) -> torch.optim.Optimizer:
    """Make SOAP for up to 2,048 numbers or Adam for more, with rates that fall to zero by a cosine.

    The schedule is part of the optimiser: each `step` lowers the rates. After `steps` steps they
    are zero and stay so. The groups hold the number of steps done, so that a checkpoint of the
    optimiser includes its schedule.

    Args:
        groups: the groups of parameters, each with its rate.
        steps: the number of steps that there will be.

    Raises:
        ArgumentError: `steps` is no positive integer, or there are no groups.
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
