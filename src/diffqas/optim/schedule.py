"""Learning rates over the course of a training."""

from __future__ import annotations

import math


def schedule_factor(schedule: str, progress: float) -> float:
    """Learning rate relative to its base after the share `progress` of all steps; it has no state.

    >>> [round(schedule_factor("cosine", p), 2) for p in (0, 0.5, 1)]
    [1.0, 0.5, 0.0]
    """
    return 1.0 if schedule == "constant" else 0.5 * (1 + math.cos(math.pi * progress))
