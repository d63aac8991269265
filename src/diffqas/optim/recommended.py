"""The optimiser that suits a generator of so many numbers, with its schedule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from diffqas.errors import require, whole
from diffqas.optim.eigenbasis import MOST_NUMBERS, WARM_UP
from diffqas.optim.schedule import schedule_factor
from diffqas.optim.soap import SOAP


def recommended(groups: Iterable[dict[str, Any]], steps: int) -> torch.optim.Optimizer:
    """SOAP for up to 2,048 numbers, Adam for more; the rates fall to zero by a cosine.

    The schedule is part of the optimiser: each `step` lowers the rates. After `steps` of them the
    rates are zero, and stay so. How many were made stands in the groups, so that a checkpoint of
    the optimiser brings its schedule.

    Args:
        groups: of parameters, each with its rate.
        steps: how many there will be.

    Raises:
        ArgumentError: `steps` is no positive integer.
    """
    require(whole(steps), "steps", "be a positive integer", steps)
    given = list(groups)
    optimizer: torch.optim.Optimizer
    if suits_soap(given):
        # The usual warm-up would be most of a short training.
        optimizer = SOAP(given, warm_up=max(1, min(WARM_UP, steps // 8)))
    else:
        optimizer = torch.optim.Adam(given)
    for group in optimizer.param_groups:
        group |= {"base_lr": group["lr"], "done": 0}

    def lower(*_: object) -> None:
        for group in optimizer.param_groups:
            group["done"] = min(group["done"] + 1, steps)
            group["lr"] = group["base_lr"] * schedule_factor("cosine", group["done"] / steps)

    optimizer.register_step_post_hook(lower)
    return optimizer


def suits_soap(groups: Iterable[dict[str, Any]]) -> bool:
    """Whether there are so few numbers that SOAP is affordable."""
    return sum(number.numel() for group in groups for number in group["params"]) <= MOST_NUMBERS
