"""How a state of n qubits is gone through: groups of neighbouring qubits, one pass for each.

A program holds a tile of amplitudes on chip and turns all qubits of a group before it writes back.
The lowest group's tile is a stretch of memory. A tile of a higher group takes, beside the bits that
it turns, some of the lowest ones along, its side bits, so that what it reads stands in runs.
"""

from __future__ import annotations

from typing import NamedTuple

TILE_BITS = 12
"""Amplitudes of a tile are 2 to this power: state and cotangent of so many fit the registers."""

SIDE_BITS = 4
"""A run of 16 amplitudes is two sectors of memory in float32."""


class Pass(NamedTuple):
    """Bits low..low+bits of the index are turned; side lowest bits go along."""

    low: int
    bits: int
    side: int

    @property
    def tile(self) -> int:
        """Amplitudes of one tile."""
        return 2 ** (self.bits + self.side)


def passes(n: int, tile_bits: int = TILE_BITS) -> tuple[Pass, ...]:
    """The passes of a layer, the lowest bits first.

    >>> passes(11)
    (Pass(low=0, bits=11, side=0),)
    >>> passes(22)
    (Pass(low=0, bits=12, side=0), Pass(low=12, bits=5, side=7), Pass(low=17, bits=5, side=7))
    """
    first = min(n, tile_bits)
    found = [Pass(0, first, 0)]
    rest = n - first
    most = max(1, tile_bits - SIDE_BITS)
    count = -(-rest // most)
    low = first
    for index in range(count):
        bits = rest // count + (index < rest % count)
        found.append(Pass(low, bits, min(low, tile_bits - bits)))
        low += bits
    return tuple(found)
