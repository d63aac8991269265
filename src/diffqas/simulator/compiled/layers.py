"""Layers of real gates on one state, and layers undone with their gradient, in compiled code.

A state is an array of 2**n numbers; bit 0 is the last qubit. A layer is one gather, which carries
out the CNOTs and mixes the three lowest bits by an 8x8 matrix, then butterflies on the other bits,
several of them per pass over memory. CNOTs are linear over GF(2), so the amplitudes of a block of
eight come from one place, exclusive-or eight offsets. Passes run over pieces that fit the fastest
cache; what is done with states of several pieces stands in `regions`.

Gates are real 2x2 matrices (a, b, c, d), one per bit, one after the other in an array of 4 n
numbers.

Compiled code here asks little of numba's own library (array expressions, sums, reshapes): each such
call costs a tenth of a second and more to compile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numba
from numba.core import types

from diffqas.simulator.compiled.vectors import (
    LANES,
    Array,
    extract,
    load,
    splat,
    store,
    swap,
    zeros,
)

LOW = 3
"""Bits inside one vector."""

PIECE = 11
"""Bits of a piece: a state and its cotangent then take 16 KB in float32."""

jit: Any = numba.njit


def inner(function: Callable[..., Any]) -> Any:
    """Compile a function that is called from compiled code only."""
    # Wrappers for Python and C would be built for nothing.
    compiled = jit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    template = compiled.get_call_template

    def without_literals(args: Iterable[Any], keywords: dict[str, Any]) -> Any:
        # A number that is written out is a type of its own to numba, which would compile the
        # function anew for each. LLVM makes use of such numbers anyway, where it inlines.
        return template(tuple(types.unliteral(each) for each in args), keywords)

    compiled.get_call_template = without_literals
    return compiled


@inner
def gather(
    source: Array,
    target: Array,
    start: int,
    blocks: Array,
    at_piece: int,
    offsets: Array,
    matrix: Array,
) -> None:
    """target[start + block] = matrix @ source[at_piece ^ blocks[block] ^ offsets], for a piece."""
    # Two sums, so that an addition need not wait for the one before it.
    m0, m1, m2, m3 = load(matrix, 0), load(matrix, 8), load(matrix, 16), load(matrix, 24)
    m4, m5, m6, m7 = load(matrix, 32), load(matrix, 40), load(matrix, 48), load(matrix, 56)
    o1, o2, o3, o4 = offsets[1], offsets[2], offsets[3], offsets[4]
    o5, o6, o7 = offsets[5], offsets[6], offsets[7]
    for block in range(len(blocks)):
        at = at_piece ^ blocks[block]
        even = splat(source, at) * m0 + splat(source, at ^ o1) * m1
        odd = splat(source, at ^ o2) * m2 + splat(source, at ^ o3) * m3
        even = splat(source, at ^ o4) * m4 + even
        odd = splat(source, at ^ o5) * m5 + odd
        even = splat(source, at ^ o6) * m6 + even
        odd = splat(source, at ^ o7) * m7 + odd
        store(target, start + LANES * block, even + odd)


@inner
def low_matrix(gates: Array, matrix: Array) -> None:
    """Kronecker product of the three lowest bits' gates, transposed: matrix[8 * column + row]."""
    for column in range(LANES):
        for row in range(LANES):
            entry = 1.0
            for bit in range(LOW):
                entry *= gates[4 * bit + 2 * (row >> bit & 1) + (column >> bit & 1)]
            matrix[LANES * column + row] = entry


@inner
def two_bits(x: Array, low: int, high: int, gates: Array, bit: int, stride: int) -> None:
    """Gates of two bits in one pass over x[low:high].

    Amplitudes that differ in the first bit are `stride` apart, in the second twice as far.
    """
    at = 4 * bit
    a, b, c, d = splat(gates, at), splat(gates, at + 1), splat(gates, at + 2), splat(gates, at + 3)
    e, f, g, h = (
        splat(gates, at + 4),
        splat(gates, at + 5),
        splat(gates, at + 6),
        splat(gates, at + 7),
    )
    for start in range(low, high, 4 * stride):
        for i in range(start, start + stride, LANES):
            i1, i2, i3 = i + stride, i + 2 * stride, i + 3 * stride
            x0, x1, x2, x3 = load(x, i), load(x, i1), load(x, i2), load(x, i3)
            y0, y1, y2, y3 = a * x0 + b * x1, c * x0 + d * x1, a * x2 + b * x3, c * x2 + d * x3
            store(x, i, e * y0 + f * y2)
            store(x, i1, e * y1 + f * y3)
            store(x, i2, g * y0 + h * y2)
            store(x, i3, g * y1 + h * y3)


@inner
def one_bit(x: Array, low: int, high: int, gates: Array, bit: int, stride: int) -> None:
    """Gate of one bit."""
    at = 4 * bit
    a, b, c, d = splat(gates, at), splat(gates, at + 1), splat(gates, at + 2), splat(gates, at + 3)
    for start in range(low, high, 2 * stride):
        for i in range(start, start + stride, LANES):
            x0, x1 = load(x, i), load(x, i + stride)
            store(x, i, a * x0 + b * x1)
            store(x, i + stride, c * x0 + d * x1)


@inner
def bits(x: Array, low: int, high: int, gates: Array, first: int, last: int, stride: int) -> None:
    """Gates of the bits from `first` to before `last` on x[low:high].

    Amplitudes that differ in the first of them are a stride apart, and so on by powers of two.
    """
    for bit in range(first, last - 1, 2):
        two_bits(x, low, high, gates, bit, stride << (bit - first))
    if (last - first) & 1:
        one_bit(x, low, high, gates, last - 1, stride << (last - 1 - first))


@inner
def apply_layer(
    source: Array,
    target: Array,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    gates: Array,
    matrix: Array,
) -> None:
    """Write (one gate per bit) @ (permuted source) to target."""
    n = len(gates) // 4
    low_matrix(gates, matrix)
    for index in range(len(pieces)):
        start, at_piece = index << PIECE, pieces[index]
        apply_to_piece(source, target, start, blocks, at_piece, offsets, gates, matrix)
    bits(target, 0, len(target), gates, min(n, PIECE), n, 1 << PIECE)


@inner
def apply_to_piece(
    source: Array,
    target: Array,
    start: int,
    blocks: Array,
    at_piece: int,
    offsets: Array,
    gates: Array,
    matrix: Array,
) -> None:
    """What `apply_layer` does inside one piece, which begins at target[start].

    `matrix` is that of the three lowest bits.
    """
    gather(source, target, start, blocks, at_piece, offsets, matrix)
    stop = start + LANES * len(blocks)
    bits(target, start, stop, gates, LOW, min(len(gates) // 4, PIECE), LANES)


# Layers undone. With state x, cotangent y and pairs that differ in one bit, 1/2 sum(y1 x0 - y0 x1)
# is the gradient of the angle of that bit's RY. It is the same at every moment of the layer: the
# other rotations commute.


@inner
def total_of(vector: Array) -> float:
    """Sum of the eight numbers in float64."""
    total = 0.0
    for lane in range(LANES):
        total += extract(vector, lane)
    return total


@inner
def low_gradients(x: Array, y: Array, low: int, high: int, sums: Array) -> None:
    """Add sum(y1 x0 - y0 x1) of the three lowest bits to `sums`, over low..high."""
    one = two = four = zeros(x)
    for i in range(low, high, LANES):
        own, other = load(y, i), load(x, i)
        one = own * swap(other, 1) + one
        two = own * swap(other, 2) + two
        four = own * swap(other, 4) + four
    for lane in range(LANES):
        sums[0] += extract(one, lane) if lane & 1 else -extract(one, lane)
        sums[1] += extract(two, lane) if lane & 2 else -extract(two, lane)
        sums[2] += extract(four, lane) if lane & 4 else -extract(four, lane)


@inner
def _undo_two_bits(
    x: Array, y: Array, low: int, high: int, gates: Array, bit: int, stride: int, sums: Array
) -> None:
    at = 4 * bit
    c, s, k, t = splat(gates, at), splat(gates, at + 1), splat(gates, at + 4), splat(gates, at + 5)
    first = second = zeros(x)
    for start in range(low, high, 4 * stride):
        for i in range(start, start + stride, LANES):
            i1, i2, i3 = i + stride, i + 2 * stride, i + 3 * stride
            x0, x1, x2, x3 = load(x, i), load(x, i1), load(x, i2), load(x, i3)
            y0, y1, y2, y3 = load(y, i), load(y, i1), load(y, i2), load(y, i3)
            first = first + y1 * x0 - y0 * x1 + y3 * x2 - y2 * x3
            second = second + y2 * x0 - y0 * x2 + y3 * x1 - y1 * x3
            u0, u1, u2, u3 = c * x0 + s * x1, c * x1 - s * x0, c * x2 + s * x3, c * x3 - s * x2
            store(x, i, k * u0 + t * u2)
            store(x, i1, k * u1 + t * u3)
            store(x, i2, k * u2 - t * u0)
            store(x, i3, k * u3 - t * u1)
            u0, u1, u2, u3 = c * y0 + s * y1, c * y1 - s * y0, c * y2 + s * y3, c * y3 - s * y2
            store(y, i, k * u0 + t * u2)
            store(y, i1, k * u1 + t * u3)
            store(y, i2, k * u2 - t * u0)
            store(y, i3, k * u3 - t * u1)
    sums[bit] += total_of(first)
    sums[bit + 1] += total_of(second)


@inner
def _undo_one_bit(
    x: Array, y: Array, low: int, high: int, gates: Array, bit: int, stride: int, sums: Array
) -> None:
    c, s = splat(gates, 4 * bit), splat(gates, 4 * bit + 1)
    total = zeros(x)
    for start in range(low, high, 2 * stride):
        for i in range(start, start + stride, LANES):
            x0, x1, y0, y1 = load(x, i), load(x, i + stride), load(y, i), load(y, i + stride)
            total = total + y1 * x0 - y0 * x1
            store(x, i, c * x0 + s * x1)
            store(x, i + stride, c * x1 - s * x0)
            store(y, i, c * y0 + s * y1)
            store(y, i + stride, c * y1 - s * y0)
    sums[bit] += total_of(total)


@inner
def undo_bits(
    x: Array,
    y: Array,
    low: int,
    high: int,
    gates: Array,
    first: int,
    last: int,
    stride: int,
    sums: Array,
) -> None:
    """Undo rotations of the bits from `first` to before `last`; adds to their sums.

    Ranges and strides are those of `bits`.
    """
    for bit in range(first, last - 1, 2):
        _undo_two_bits(x, y, low, high, gates, bit, stride << (bit - first), sums)
    if (last - first) & 1:
        _undo_one_bit(x, y, low, high, gates, last - 1, stride << (last - 1 - first), sums)


@inner
def undo_in_piece(
    from_x: Array,
    from_y: Array,
    x: Array,
    y: Array,
    start: int,
    blocks: Array,
    at_piece: int,
    offsets: Array,
    gates: Array,
    matrix: Array,
    sums: Array,
) -> None:
    """Permute, then undo the rotations of the bits inside one piece, on state and cotangent.

    The piece begins at x[start] and y[start]. Adds sum(y1 x0 - y0 x1) per bit to `sums`. The gates
    are the adjoints of the rotations. A piece is summed in its own precision, pieces in float64.
    """
    stop = start + LANES * len(blocks)
    gather(from_x, x, start, blocks, at_piece, offsets, matrix)
    gather(from_y, y, start, blocks, at_piece, offsets, matrix)
    low_gradients(x, y, start, stop, sums)
    undo_bits(x, y, start, stop, gates, LOW, min(len(gates) // 4, PIECE), LANES, sums)
