"""RX circuits on states beyond the fastest cache: units of work, for one thread or several.

States lie in order. What concerns the bits above a piece is done tile by tile, in a copy.
"""

from __future__ import annotations

import numpy as np

from diffqas.simulator.compiled.layers import (
    PIECE,
    apply_to_piece,
    bits,
    inner,
    low_matrix,
    total_of,
)
from diffqas.simulator.compiled.regions import share
from diffqas.simulator.compiled.vectors import LANES, Array, load, splat, store, zeros
from diffqas.simulator.compiled.walsh import (
    half_walsh,
    multiply,
    multiply_in_piece,
    write_phases,
)

TILE = 5
"""Bits of the neighbours in a tile: 128 bytes of float32."""

RUN, TILES = 1 << TILE, 1 << (PIECE - TILE)
"""Neighbours in a tile, and tiles of a state."""

RX_FORWARD_PHASES, RX_BACKWARD_PHASES = 5, 6
"""Phases of the two functions below."""


@inner
def _read_tile(row: Array, index: int, tile: Array) -> None:
    for k in range(0, len(tile), RUN):
        for lane in range(0, RUN, LANES):
            store(tile, k + lane, load(row, (k << (PIECE - TILE)) + index * RUN + lane))


@inner
def _write_tile(tile: Array, row: Array, index: int) -> None:
    for k in range(0, len(tile), RUN):
        for lane in range(0, RUN, LANES):
            store(row, (k << (PIECE - TILE)) + index * RUN + lane, load(tile, k + lane))


@inner
def _fill(real: Array, imaginary: Array, n: int, unit: int, units: int) -> None:
    first, last = share(1 << n, unit, units)
    ones, zeros = real[first:last], imaginary[first:last]
    for i in range(len(ones)):
        ones[i], zeros[i] = 1.0, 0.0


@inner
def _multiply_in_pieces(real: Array, imaginary: Array, n: int, unit: int, units: int) -> None:
    first, last = share(1 << (n - PIECE), unit, units)
    for index in range(first, last):
        start, stop = index << PIECE, (index + 1) << PIECE
        multiply_in_piece(real[start:stop], imaginary[start:stop])


@inner
def rx_forward_unit(
    angles: Array,
    used: int,
    strings: Array,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    final: Array,
    work: Array,
    phase: int,
    unit: int,
    units: int,
) -> None:
    """One unit of the way to the final amplitudes (2, 2**n); work (2, 2**n).

    The permutation is the identity.
    """
    n = angles.shape[1]
    if phase == 0:
        _fill(work[0], work[1], n, unit, units)
    elif phase == 1:
        if unit == 0:
            write_phases(angles, used, strings, work[0], work[1])
    elif phase == 2:
        _multiply_in_pieces(work[0], work[1], n, unit, units)
    elif phase == 3:
        gates = np.empty(4 * n, work.dtype)
        half_walsh(gates)
        tile = np.empty((2, RUN << (n - PIECE)), work.dtype)
        first, last = share(TILES, unit, units)
        for index in range(first, last):
            for part in range(2):
                _read_tile(work[part], index, tile[part])
            multiply(tile[0], tile[1], RUN)
            for part in range(2):
                bits(tile[part], 0, tile.shape[1], gates, PIECE, n, RUN)
                _write_tile(tile[part], work[part], index)
    else:
        gates, matrix = np.empty(4 * n, work.dtype), np.empty(LANES * LANES, work.dtype)
        half_walsh(gates)
        low_matrix(gates, matrix)
        first, last = share(len(pieces), unit, units)
        for index in range(first, last):
            for part in range(2):
                apply_to_piece(
                    work[part],
                    final[part],
                    index << PIECE,
                    blocks,
                    pieces[index],
                    offsets,
                    gates,
                    matrix,
                )


@inner
def rx_backward_unit(
    angles: Array,
    used: int,
    strings: Array,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    amplitudes: Array,
    weight: Array,
    upstream: Array,
    work: Array,
    sums: Array,
    grad: Array,
    phase: int,
    unit: int,
    units: int,
) -> None:
    """One unit of the way back from the final amplitudes (2, 2**n); work (4, 2**n).

    Adds the angles' gradient to `grad` (depth, n, r); that of the weight is the sum of
    sums[0, :, n].
    """
    n = angles.shape[1]
    if phase == 0:
        sums[0, unit, n] = _start_back(
            blocks, pieces, offsets, amplitudes, weight, upstream, work, unit, units, n
        )
        _fill(work[2], work[3], n, unit, units)
    elif phase == 1:
        if unit == 0:
            write_phases(angles, used, strings, work[2], work[3])
    elif phase == 2:
        _multiply_in_pieces(work[2], work[3], n, unit, units)
    elif phase == 3:
        _pull_tiles(work, unit, units, n)
    elif phase == 4:
        gates, matrix = np.empty(4 * n, work.dtype), np.empty(LANES * LANES, work.dtype)
        half_walsh(gates)
        low_matrix(gates, matrix)
        first, last = share(len(pieces), unit, units)
        for index in range(first, last):
            start, at_piece = index << PIECE, pieces[index]
            apply_to_piece(work[0], work[0], start, blocks, at_piece, offsets, gates, matrix)
    elif unit == 0:
        # The gates are WHT / 2**n, hence the factor 2**n.
        factor = 0.5 * (1 << n)
        for layer in range(len(strings)):
            for q in range(n):
                for i in range(used):
                    grad[layer, q, i] += factor * work[0, strings[layer, q]]


@inner
def _start_back(
    blocks: Array,
    pieces: Array,
    offsets: Array,
    amplitudes: Array,
    weight: Array,
    upstream: Array,
    work: Array,
    unit: int,
    units: int,
    n: int,
) -> float:
    """The cotangent of the amplitudes, with the bits of the pieces transformed, to work[:2].

    Returns the unit's share of the weight's gradient.
    """
    gates, matrix = np.empty(4 * n, work.dtype), np.empty(LANES * LANES, work.dtype)
    half_walsh(gates)
    low_matrix(gates, matrix)
    # Of w x^2: dL/dx = 2 w x (dL/dp), and dL/dw = sum x^2 (dL/dp).
    total = 0.0
    w = splat(weight, 0) + splat(weight, 0)
    first, last = share(len(pieces), unit, units)
    for index in range(first, last):
        for part in range(2):
            row, into = amplitudes[part], work[part]
            found = zeros(row)
            for i in range(index << PIECE, (index + 1) << PIECE, LANES):
                product = load(row, i) * load(upstream, i)
                found = product * load(row, i) + found
                store(into, i, w * product)
            total += total_of(found)
            # In place: a block of the identity reads nothing but itself.
            start, at_piece = index << PIECE, pieces[index]
            apply_to_piece(into, into, start, blocks, at_piece, offsets, gates, matrix)
    return total


@inner
def _pull_tiles(work: Array, unit: int, units: int, n: int) -> None:
    """From cotangent and phases, finished inside the pieces, what the last transform begins with.

    It goes to work[0], transformed in the bits above the pieces.
    """
    gates = np.empty(4 * n, work.dtype)
    half_walsh(gates)
    tile = np.empty((4, RUN << (n - PIECE)), work.dtype)
    first, last = share(TILES, unit, units)
    for index in range(first, last):
        for part in range(4):
            _read_tile(work[part], index, tile[part])
        for part in range(2):
            bits(tile[part], 0, tile.shape[1], gates, PIECE, n, RUN)
        multiply(tile[2], tile[3], RUN)
        # dF = -i F d(phase), and phase = WHT(c) / 2; WHT is symmetric, so it also pulls back.
        for i in range(0, tile.shape[1], LANES):
            turned = load(tile[0], i) * load(tile[3], i) - load(tile[1], i) * load(tile[2], i)
            store(tile[0], i, turned)
        bits(tile[0], 0, tile.shape[1], gates, PIECE, n, RUN)
        _write_tile(tile[0], work[0], index)
