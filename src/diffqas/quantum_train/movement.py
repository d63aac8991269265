"""How far the raw weights move when numbers of a generator take a unit step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

FEWEST, MOST = 2, 64
"""Random directions per kind of numbers. A direction has as many signs as there are numbers, and
the mean is over p weights: of thousands, two agree to some percent.
"""

ENOUGH = 2**15
"""Of a small generator so many directions that there are about as many changes of weights."""

STEP = 1e-6
"""Of the difference that stands for a derivative, in float64."""


@torch.no_grad()
def movement(raw: Callable[[], Tensor], numbers: Sequence[Tensor]) -> float:
    """The root mean square change of the raw weights per unit step of the numbers, in float64.

    A unit step changes every number by +1 or -1, as a step of Adam at rate 1 does. The signs are
    drawn from a fixed seed.
    """
    start, draws = raw(), torch.Generator().manual_seed(0)
    probes = min(max(FEWEST, ENOUGH // start.numel()), MOST)
    moved = _moved(numbers, draws, probes)
    squares = [((raw() - start) / STEP).square().mean() for _ in moved]
    return float(torch.stack(squares).mean().sqrt())


def _moved(numbers: Sequence[Tensor], draws: torch.Generator, probes: int) -> Iterator[None]:
    """Move the numbers by a step in each of some random directions, and back again."""
    kept = [number.clone() for number in numbers]
    for _ in range(probes):
        for number, own in zip(numbers, kept, strict=True):
            number.copy_(own + STEP * _signs(own, draws))
        yield
    for number, own in zip(numbers, kept, strict=True):
        number.copy_(own)


def _signs(like: Tensor, draws: torch.Generator) -> Tensor:
    return (torch.randint(2, like.shape, generator=draws) * 2 - 1).to(like)
