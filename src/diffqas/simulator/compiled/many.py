"""Layers of RY undone on a state and many cotangents at once, in compiled code.

Conventions are those of `layers`.

Every pass over memory takes the cotangents first, each beside the state as it still is, and then
the state: what depends on the circuit alone is done once. A single cotangent is better off in
`layers`, where it shares every pass with the state.
"""

from __future__ import annotations

import numpy as np

from diffqas.simulator.compiled.layers import (
    LOW,
    PIECE,
    gather,
    inner,
    low_gradients,
    low_matrix,
    one_bit,
    total_of,
    two_bits,
)
from diffqas.simulator.compiled.rotations import rotations
from diffqas.simulator.compiled.vectors import LANES, Array, load, splat, store, zeros


@inner
def _undo_two_bits(x: Array, y: Array, gates: Array, bit: int, sums: Array) -> None:
    """Undo rotations about two bits on a cotangent, given the state before; adds to `sums`."""
    at = 4 * bit
    c, s, k, t = splat(gates, at), splat(gates, at + 1), splat(gates, at + 4), splat(gates, at + 5)
    stride = 1 << bit
    first = second = zeros(x)
    for start in range(0, len(x), 4 * stride):
        for i in range(start, start + stride, LANES):
            i1, i2, i3 = i + stride, i + 2 * stride, i + 3 * stride
            x0, x1, x2, x3 = load(x, i), load(x, i1), load(x, i2), load(x, i3)
            y0, y1, y2, y3 = load(y, i), load(y, i1), load(y, i2), load(y, i3)
            first = first + (y1 * x0 - y0 * x1 + y3 * x2 - y2 * x3)
            second = second + (y2 * x0 - y0 * x2 + y3 * x1 - y1 * x3)
            u0, u1, u2, u3 = c * y0 + s * y1, c * y1 - s * y0, c * y2 + s * y3, c * y3 - s * y2
            store(y, i, k * u0 + t * u2)
            store(y, i1, k * u1 + t * u3)
            store(y, i2, k * u2 - t * u0)
            store(y, i3, k * u3 - t * u1)
    sums[bit] += total_of(first)
    sums[bit + 1] += total_of(second)


@inner
def _undo_one_bit(x: Array, y: Array, gates: Array, bit: int, sums: Array) -> None:
    c, s = splat(gates, 4 * bit), splat(gates, 4 * bit + 1)
    stride = 1 << bit
    total = zeros(x)
    for start in range(0, len(x), 2 * stride):
        for i in range(start, start + stride, LANES):
            x0, x1, y0, y1 = load(x, i), load(x, i + stride), load(y, i), load(y, i + stride)
            total = total + (y1 * x0 - y0 * x1)
            store(y, i, c * y0 + s * y1)
            store(y, i + stride, c * y1 - s * y0)
    sums[bit] += total_of(total)


@inner
def _undo_bits(
    vectors: Array, start: int, stop: int, gates: Array, first: int, last: int, sums: Array
) -> None:
    # Cotangents first: their gradient needs the state as it is behind the rotation.
    x = vectors[0, start:stop]
    for bit in range(first, last - 1, 2):
        for k in range(1, len(vectors)):
            _undo_two_bits(x, vectors[k, start:stop], gates, bit, sums[k - 1])
        two_bits(x, 0, len(x), gates, bit, 1 << bit)
    if (last - first) & 1:
        for k in range(1, len(vectors)):
            _undo_one_bit(x, vectors[k, start:stop], gates, last - 1, sums[k - 1])
        one_bit(x, 0, len(x), gates, last - 1, 1 << (last - 1))


@inner
def undo_layer(
    source: Array,
    target: Array,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    gates: Array,
    matrix: Array,
    sums: Array,
) -> None:
    """Permute and undo rotations on a state and m cotangents (1 + m, 2**n); sums (m, n)."""
    n, length = len(gates) // 4, target.shape[1]
    low, piece = min(n, LOW), min(n, PIECE)
    size = 1 << piece
    low_matrix(gates, matrix)
    for start in range(0, length, size):
        stop = start + size
        for k in range(len(source)):
            into = target[k, start:stop]
            gather(source[k], into, 0, blocks, pieces[start // size], offsets, matrix)
            if k > 0:
                low_gradients(target[0, start:stop], into, 0, size, sums[k - 1])
        _undo_bits(target, start, stop, gates, low, piece, sums)
    _undo_bits(target, 0, length, gates, piece, n, sums)


@inner
def ry_backward_many(
    angles: Array,
    used: int,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    undo: int,
    source: Array,
    target: Array,
    grad: Array,
) -> None:
    """Add gradients to `grad` (m, depth, n, r).

    The final amplitudes and their cotangents are in source (1 + m, 2**n).

    The inverse of the CNOTs is the permutation number `undo`; number 0 is the identity.
    """
    depth, n = angles.shape[0], angles.shape[1]
    gates, matrix = np.empty(4 * n, source.dtype), np.empty(LANES * LANES, source.dtype)
    # What does not depend on the cotangent, the state's way back, is done once for all of them.
    sums = np.empty((len(grad), n), np.float64)
    way = 0
    for layer in range(depth - 1, -1, -1):
        rotations(angles[layer], used, -1.0, gates)
        for k in range(len(grad)):
            for q in range(n):
                sums[k, q] = 0.0
        undo_layer(source, target, blocks[way], pieces[way], offsets[way], gates, matrix, sums)
        source, target, way = target, source, undo
        for k in range(len(grad)):
            for q in range(n):
                for i in range(used):
                    grad[k, layer, q, i] += 0.5 * sums[k, n - 1 - q]
