"""Windows of a few qubits as axes of a state."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from torch import Tensor


class Window(NamedTuple):
    """How 2**n numbers are split so that the qubits of a window have axes of their own.

    Neighbouring qubits that stay together share an axis: few axes are faster than n.
    """

    shape: tuple[int, ...]
    inside: tuple[int, ...]
    """Axes of the window's qubits, in the window's order."""
    outside: tuple[int, ...]
    """The other axes."""

    def rows(self, numbers: Tensor) -> Tensor:
        """A view of numbers (batch, 2**n, ...) with the axes (batch, *inside, *outside, ...)."""
        split = numbers.unflatten(1, self.shape)
        behind = range(1 + len(self.shape), split.dim())
        return split.permute(0, *(1 + axis for axis in (*self.inside, *self.outside)), *behind)

    def matrix(self, numbers: Tensor) -> Tensor:
        """Numbers (batch, 2**n) as (batch, 2**k, 2**(n - k)), the window's qubits first."""
        size = math.prod(self.shape[axis] for axis in self.inside)
        return self.rows(numbers).reshape(len(numbers), size, -1)


@lru_cache(maxsize=1024)
def window_axes(qubits: tuple[int, ...], n: int) -> Window:
    """The axes of a window.

    >>> window_axes((3, 0), 4)
    Window(shape=(2, 4, 2), inside=(2, 0), outside=(1,))
    """
    runs: list[list[int]] = []
    for q in range(n):
        if runs and _together(runs[-1][-1], q, qubits):
            runs[-1].append(q)
        else:
            runs.append([q])
    shape = tuple(2 ** len(run) for run in runs)
    first = [run[0] for run in runs]
    inside = tuple(first.index(q) for q in qubits if q in first)
    outside = tuple(axis for axis in range(len(runs)) if axis not in inside)
    return Window(shape, inside, outside)


def _together(q: int, following: int, qubits: tuple[int, ...]) -> bool:
    """Whether two neighbouring qubits can share an axis: both outside, or also in the window."""
    if q not in qubits or following not in qubits:
        return q not in qubits and following not in qubits
    return qubits.index(following) == qubits.index(q) + 1
