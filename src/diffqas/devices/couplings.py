"""Coupling maps: which pairs of a device's qubits a two-qubit gate can act on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from diffqas.errors import ArgumentError, require, whole

Pair = tuple[int, int]

ALL = "all"
"""The word for a device on which every pair of qubits is coupled: no routing is needed."""


@dataclass(frozen=True)
class Coupling:
    """Qubits of a device and the pairs that are coupled, in both directions.

    Args:
        name: the name for messages and tables.
        qubits: the number of qubits.
        pairs: the coupled pairs of different qubits, counted from 0.

    Raises:
        ArgumentError: the number of qubits is below 1, or a pair is not of two of these qubits.
    """

    name: str
    qubits: int
    pairs: tuple[Pair, ...]

    def __post_init__(self) -> None:
        require(whole(self.qubits), "qubits", "be a whole number of at least 1", self.qubits)
        rule = f"be pairs of different qubits below {self.qubits}"
        for one, other in self.pairs:
            fits = one != other and {one, other} <= set(range(self.qubits))
            require(fits, "pairs", rule, (one, other))


def _line(n: int) -> Coupling:
    """0 - 1 - 2 - ..."""
    return Coupling("line", n, tuple((q, q + 1) for q in range(n - 1)))


def _ring(n: int) -> Coupling:
    """A line whose ends are coupled, too."""
    if n < 3:
        return Coupling("ring", n, _line(n).pairs)
    return Coupling("ring", n, (*_line(n).pairs, (n - 1, 0)))


def _grid(n: int) -> Coupling:
    """The smallest rectangle, as square as possible, that has n places."""
    columns = math.isqrt(n - 1) + 1
    rows = -(-n // columns)
    pairs: list[Pair] = []
    for place in range(rows * columns):
        if place % columns < columns - 1:
            pairs.append((place, place + 1))
        if place + columns < rows * columns:
            pairs.append((place, place + columns))
    return Coupling("grid", rows * columns, tuple(pairs))


def _heavy_hex(n: int) -> Coupling:
    """The hexagons of IBM's devices, with a qubit on every edge: as many rows as n qubits need.

    A long row of 4 cells' width alternates with a row of connecting qubits, which stand below
    every fourth place, by turns from the first and from the third one on.
    """
    width = 9
    rows = 1
    while _heavy_size(rows, width) < n:
        rows += 1
    pairs: list[Pair] = []
    above = 0
    for row in range(rows):
        pairs += [(above + place, above + place + 1) for place in range(width - 1)]
        if row == rows - 1:
            break
        between = above + width
        below = between + len(_joints(row, width))
        for count, place in enumerate(_joints(row, width)):
            pairs += [(above + place, between + count), (between + count, below + place)]
        above = below
    return Coupling("heavy-hex", _heavy_size(rows, width), tuple(pairs))


def _joints(row: int, width: int) -> range:
    """Places of a long row that the qubits below it are coupled to."""
    return range(0 if row % 2 == 0 else 2, width, 4)


def _heavy_size(rows: int, width: int) -> int:
    """Qubits of so many long rows, and of those between them."""
    return rows * width + sum(len(_joints(row, width)) for row in range(rows - 1))


MAPS: Mapping[str, Callable[[int], Coupling]] = {
    "line": _line,
    "ring": _ring,
    "grid": _grid,
    "heavy-hex": _heavy_hex,
}
"""Coupling maps for at least n qubits, by their words."""


def coupling_of(word: str, n: int) -> Coupling | None:
    """The map that a word of `MAPS` stands for; None for any other word, which names a backend.

    >>> coupling_of("ring", 4).pairs
    ((0, 1), (1, 2), (2, 3), (3, 0))
    >>> [coupling_of(word, 11).qubits for word in MAPS]
    [11, 11, 12, 21]

    Raises:
        ArgumentError: `n` is no whole number of at least 1.
    """
    if not whole(n):
        raise ArgumentError(f"Argument `n` must be a whole number of at least 1, but got {n!r}.")
    make = MAPS.get(word)
    return None if make is None else make(n)
