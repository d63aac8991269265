"""The optimiser that suits a generator of so many numbers, with its schedule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR

from diffqas.errors import require
from diffqas.optim.eigenbasis import MOST_NUMBERS, WARM_UP
from diffqas.optim.soap import SOAP


def recommended(groups: Iterable[dict[str, Any]], steps: int) -> torch.optim.Optimizer:
    """SOAP for up to 2,048 numbers, Adam for more; the rates fall to zero by a cosine.

    The schedule is part of the optimiser: each `step` lowers the rates. After `steps` of them the
    rates are zero, and stay so.

    Args:
        groups: of parameters, each with its rate.
        steps: how many there will be.

    Raises:
        ArgumentError: `steps` is no positive integer.
    """
    require(isinstance(steps, int) and steps >= 1, "steps", "be a positive integer", steps)
    given = list(groups)
    count = sum(number.numel() for group in given for number in group["params"])
    optimizer: torch.optim.Optimizer
    if count <= MOST_NUMBERS:
        # Half a warm-up of few steps would be most of the training.
        optimizer = SOAP(given, warm_up=max(1, min(WARM_UP, steps // 8)))
    else:
        optimizer = torch.optim.Adam(given)
    schedule = CosineAnnealingLR(optimizer, steps)

    def lower(*_: object) -> None:
        # Beyond the last step a cosine would rise again.
        if schedule.last_epoch < steps:
            schedule.step()

    optimizer.register_step_post_hook(lower)
    return optimizer
