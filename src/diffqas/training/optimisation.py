"""Optimisers and learning-rate schedules by name."""

from __future__ import annotations

import math
from typing import Any

import torch

from diffqas.tasks.settings import Settings


def make_optimizer(groups: list[dict[str, Any]], settings: Settings) -> torch.optim.Optimizer:
    """The settings' optimiser over parameter groups; each group's `lr` is remembered as `base_lr`."""
    groups = [group | {"base_lr": group["lr"]} for group in groups]
    if settings.optimizer == "rmsprop":
        return torch.optim.RMSprop(groups, lr=settings.lr, alpha=settings.alpha, eps=settings.eps)
    return torch.optim.Adam(groups, lr=settings.lr, betas=settings.betas, eps=settings.eps)


def schedule_factor(schedule: str, progress: float) -> float:
    """Learning rate relative to its base after the share `progress` of all steps: a function, no state.

    >>> [round(schedule_factor("cosine", p), 2) for p in (0, 0.5, 1)]
    [1.0, 0.5, 0.0]
    """
    return 1.0 if schedule == "constant" else 0.5 * (1 + math.cos(math.pi * progress))
