"""Random architectures, none drawn twice, from spaces that may be too large to be listed."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from diffqas.strategies.spaces import ArchitectureSpace

MOST_LISTED = 2**20
"""Architectures up to which a space is listed; of a larger one, few are ever drawn twice."""


def shuffled(space: ArchitectureSpace, draw: np.random.Generator) -> Iterator[int]:
    """All architectures in a random order."""
    if space.size <= MOST_LISTED:
        yield from draw.permutation(space.size).tolist()
        return
    seen: set[int] = set()
    while len(seen) < space.size:
        chosen = unseen(space, seen, draw)
        seen.add(chosen)
        yield chosen


def unseen(space: ArchitectureSpace, seen: Collection[int], draw: np.random.Generator) -> int:
    """A random architecture among those that have not been seen; there must be one."""
    if space.size <= MOST_LISTED:
        fresh = [each for each in range(space.size) if each not in seen]
        return int(draw.choice(fresh))
    while True:
        chosen = space.drawn(draw)
        if chosen not in seen:
            return chosen
