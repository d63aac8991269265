"""Whether a training has left the loss that it started from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from torch import Tensor

SHARE = 0.1
"""Share of the epochs after which it should have."""

LEFT = 0.01
"""Relative fall of the loss that counts as having left."""

ROUNDING = 1e-6
"""Relative difference between predictions below which they are the same for every sample."""

MOST_NAMED = 5
"""Seeds that a line names."""


def judged_at(epochs: int) -> int:
    """The epoch after which a training of so many epochs is judged.

    >>> judged_at(100), judged_at(25), judged_at(3)
    (10, 3, 1)
    """
    return max(1, math.ceil(SHARE * epochs))


def stuck(
    seeds: Sequence[int], before: Sequence[float], now: Sequence[float], predictions: Tensor
) -> dict[int, str]:
    """Find the seeds that have learnt nothing.

    A seed has learnt nothing if its predictions are the same for every sample, or if its loss is
    hardly below that at the start. Seeds that diverged are not among them.

    Args:
        seeds: the numbers of the seeds.
        before: losses at the start, one per seed.
        now: losses on the same samples now.
        predictions: predictions on these samples, (seeds, samples, ...).

    Returns:
        For each seed that has learnt nothing, how that is seen.
    """
    found: dict[int, str] = {}
    for index, seed in enumerate(seeds):
        first, last, given = before[index], now[index], predictions[index]
        if not (math.isfinite(first) and math.isfinite(last)):
            continue  # that the seed diverged is reported elsewhere
        if len(given) > 1 and _alike(given):
            found[seed] = "the predictions are the same for every sample"
        elif first - last <= LEFT * abs(first):
            found[seed] = f"the loss is {last:.4g}, and it started at {first:.4g}"
    return found


def _alike(predictions: Tensor) -> bool:
    """Whether a network predicts the same for all inputs, so that nothing gets through it."""
    numbers = predictions.double()
    widest = (numbers - numbers[:1]).abs().max()
    return bool(widest <= ROUNDING * numbers.abs().max())


def in_words(reasons: Mapping[int, str], epoch: int, epochs: int) -> str:
    """Tell a person in one line which seeds have learnt nothing.

    >>> in_words({3: "the loss is 2.3, and it started at 2.3"}, 10, 100)
    'Seed 3 has learnt nothing after 10 of 100 epochs: the loss is 2.3, and it started at 2.3. \
Try another learning rate or another --recipe.'
    """
    first = next(iter(reasons))
    who = f"Seed {first} has"
    if len(reasons) > 1:
        who = f"Seeds {_listed(reasons)} have"
    whose = f" (seed {first})" if len(reasons) > 1 else ""
    return (
        f"{who} learnt nothing after {epoch} of {epochs} epochs: {reasons[first]}{whose}. "
        "Try another learning rate or another --recipe."
    )


def _listed(seeds: Iterable[int]) -> str:
    names = [str(seed) for seed in seeds]
    if len(names) > MOST_NAMED:
        names = [*names[:MOST_NAMED], f"and {len(names) - MOST_NAMED} more"]
    return ", ".join(names)
