"""Passes over long arrays, up to three bits in each: memory is read a third as often."""

from __future__ import annotations

from diffqas.simulator.compiled.layers import inner, total_of
from diffqas.simulator.compiled.vectors import LANES, Array, load, splat, store, zeros

# Of every stretch of amplitudes that agree in the bits of a pass, the part begin..end is worked on.


@inner
def _turn_three(
    x: Array, low: int, high: int, begin: int, end: int, gates: Array, bit: int
) -> None:
    at, stride = 4 * bit, 1 << bit
    a, b, c, d = splat(gates, at), splat(gates, at + 1), splat(gates, at + 2), splat(gates, at + 3)
    at += 4
    e, f, g, h = splat(gates, at), splat(gates, at + 1), splat(gates, at + 2), splat(gates, at + 3)
    at += 4
    k, m, p, q = splat(gates, at), splat(gates, at + 1), splat(gates, at + 2), splat(gates, at + 3)
    for start in range(low, high, 8 * stride):
        for i in range(start + begin, start + end, LANES):
            j = i + 4 * stride
            x0, x1 = load(x, i), load(x, i + stride)
            x2, x3 = load(x, i + 2 * stride), load(x, i + 3 * stride)
            x4, x5 = load(x, j), load(x, j + stride)
            x6, x7 = load(x, j + 2 * stride), load(x, j + 3 * stride)
            x0, x1, x2, x3 = a * x0 + b * x1, c * x0 + d * x1, a * x2 + b * x3, c * x2 + d * x3
            x4, x5, x6, x7 = a * x4 + b * x5, c * x4 + d * x5, a * x6 + b * x7, c * x6 + d * x7
            x0, x1, x2, x3 = e * x0 + f * x2, e * x1 + f * x3, g * x0 + h * x2, g * x1 + h * x3
            x4, x5, x6, x7 = e * x4 + f * x6, e * x5 + f * x7, g * x4 + h * x6, g * x5 + h * x7
            store(x, i, k * x0 + m * x4)
            store(x, i + stride, k * x1 + m * x5)
            store(x, i + 2 * stride, k * x2 + m * x6)
            store(x, i + 3 * stride, k * x3 + m * x7)
            store(x, j, p * x0 + q * x4)
            store(x, j + stride, p * x1 + q * x5)
            store(x, j + 2 * stride, p * x2 + q * x6)
            store(x, j + 3 * stride, p * x3 + q * x7)


@inner
def _turn_two(x: Array, low: int, high: int, begin: int, end: int, gates: Array, bit: int) -> None:
    at, stride = 4 * bit, 1 << bit
    a, b, c, d = splat(gates, at), splat(gates, at + 1), splat(gates, at + 2), splat(gates, at + 3)
    at += 4
    e, f, g, h = splat(gates, at), splat(gates, at + 1), splat(gates, at + 2), splat(gates, at + 3)
    for start in range(low, high, 4 * stride):
        for i in range(start + begin, start + end, LANES):
            i1, i2, i3 = i + stride, i + 2 * stride, i + 3 * stride
            x0, x1, x2, x3 = load(x, i), load(x, i1), load(x, i2), load(x, i3)
            x0, x1, x2, x3 = a * x0 + b * x1, c * x0 + d * x1, a * x2 + b * x3, c * x2 + d * x3
            store(x, i, e * x0 + f * x2)
            store(x, i1, e * x1 + f * x3)
            store(x, i2, g * x0 + h * x2)
            store(x, i3, g * x1 + h * x3)


@inner
def _turn_one(x: Array, low: int, high: int, begin: int, end: int, gates: Array, bit: int) -> None:
    at, stride = 4 * bit, 1 << bit
    a, b, c, d = splat(gates, at), splat(gates, at + 1), splat(gates, at + 2), splat(gates, at + 3)
    for start in range(low, high, 2 * stride):
        for i in range(start + begin, start + end, LANES):
            x0, x1 = load(x, i), load(x, i + stride)
            store(x, i, a * x0 + b * x1)
            store(x, i + stride, c * x0 + d * x1)


@inner
def turn(
    x: Array, low: int, high: int, begin: int, end: int, gates: Array, first: int, last: int
) -> None:
    """Gates of the bits from `first` to before `last` on x[low:high].

    Of the 2**first amplitudes that agree in these bits the part begin..end takes part, which must
    be all of them if there is more than one pass.
    """
    bit = first
    while bit < last:
        stop = end << (bit - first)
        if last - bit == 1:
            _turn_one(x, low, high, begin, stop, gates, bit)
            bit += 1
        elif last - bit == 2 or last - bit == 4:
            _turn_two(x, low, high, begin, stop, gates, bit)
            bit += 2
        else:
            _turn_three(x, low, high, begin, stop, gates, bit)
            bit += 3


# Rotations undone, on state x and cotangent y; see `layers`.


@inner
def _undo_three(
    x: Array,
    y: Array,
    low: int,
    high: int,
    begin: int,
    end: int,
    gates: Array,
    bit: int,
    sums: Array,
) -> None:
    at, stride = 4 * bit, 1 << bit
    c, s, k, t = splat(gates, at), splat(gates, at + 1), splat(gates, at + 4), splat(gates, at + 5)
    m, p = splat(gates, at + 8), splat(gates, at + 9)
    first = second = third = zeros(x)
    for start in range(low, high, 8 * stride):
        for i in range(start + begin, start + end, LANES):
            j = i + 4 * stride
            x0, x1 = load(x, i), load(x, i + stride)
            x2, x3 = load(x, i + 2 * stride), load(x, i + 3 * stride)
            x4, x5 = load(x, j), load(x, j + stride)
            x6, x7 = load(x, j + 2 * stride), load(x, j + 3 * stride)
            y0, y1 = load(y, i), load(y, i + stride)
            y2, y3 = load(y, i + 2 * stride), load(y, i + 3 * stride)
            y4, y5 = load(y, j), load(y, j + stride)
            y6, y7 = load(y, j + 2 * stride), load(y, j + 3 * stride)
            first = first + y1 * x0 - y0 * x1 + y3 * x2 - y2 * x3
            first = first + y5 * x4 - y4 * x5 + y7 * x6 - y6 * x7
            x0, x1, x2, x3 = c * x0 + s * x1, c * x1 - s * x0, c * x2 + s * x3, c * x3 - s * x2
            x4, x5, x6, x7 = c * x4 + s * x5, c * x5 - s * x4, c * x6 + s * x7, c * x7 - s * x6
            y0, y1, y2, y3 = c * y0 + s * y1, c * y1 - s * y0, c * y2 + s * y3, c * y3 - s * y2
            y4, y5, y6, y7 = c * y4 + s * y5, c * y5 - s * y4, c * y6 + s * y7, c * y7 - s * y6
            second = second + y2 * x0 - y0 * x2 + y3 * x1 - y1 * x3
            second = second + y6 * x4 - y4 * x6 + y7 * x5 - y5 * x7
            x0, x2, x1, x3 = k * x0 + t * x2, k * x2 - t * x0, k * x1 + t * x3, k * x3 - t * x1
            x4, x6, x5, x7 = k * x4 + t * x6, k * x6 - t * x4, k * x5 + t * x7, k * x7 - t * x5
            y0, y2, y1, y3 = k * y0 + t * y2, k * y2 - t * y0, k * y1 + t * y3, k * y3 - t * y1
            y4, y6, y5, y7 = k * y4 + t * y6, k * y6 - t * y4, k * y5 + t * y7, k * y7 - t * y5
            third = third + y4 * x0 - y0 * x4 + y5 * x1 - y1 * x5
            third = third + y6 * x2 - y2 * x6 + y7 * x3 - y3 * x7
            store(x, i, m * x0 + p * x4)
            store(x, i + stride, m * x1 + p * x5)
            store(x, i + 2 * stride, m * x2 + p * x6)
            store(x, i + 3 * stride, m * x3 + p * x7)
            store(x, j, m * x4 - p * x0)
            store(x, j + stride, m * x5 - p * x1)
            store(x, j + 2 * stride, m * x6 - p * x2)
            store(x, j + 3 * stride, m * x7 - p * x3)
            store(y, i, m * y0 + p * y4)
            store(y, i + stride, m * y1 + p * y5)
            store(y, i + 2 * stride, m * y2 + p * y6)
            store(y, i + 3 * stride, m * y3 + p * y7)
            store(y, j, m * y4 - p * y0)
            store(y, j + stride, m * y5 - p * y1)
            store(y, j + 2 * stride, m * y6 - p * y2)
            store(y, j + 3 * stride, m * y7 - p * y3)
    sums[bit] += total_of(first)
    sums[bit + 1] += total_of(second)
    sums[bit + 2] += total_of(third)


@inner
def _undo_two(
    x: Array,
    y: Array,
    low: int,
    high: int,
    begin: int,
    end: int,
    gates: Array,
    bit: int,
    sums: Array,
) -> None:
    at, stride = 4 * bit, 1 << bit
    c, s, k, t = splat(gates, at), splat(gates, at + 1), splat(gates, at + 4), splat(gates, at + 5)
    first = second = zeros(x)
    for start in range(low, high, 4 * stride):
        for i in range(start + begin, start + end, LANES):
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
def _undo_one(
    x: Array,
    y: Array,
    low: int,
    high: int,
    begin: int,
    end: int,
    gates: Array,
    bit: int,
    sums: Array,
) -> None:
    c, s, stride = splat(gates, 4 * bit), splat(gates, 4 * bit + 1), 1 << bit
    total = zeros(x)
    for start in range(low, high, 2 * stride):
        for i in range(start + begin, start + end, LANES):
            x0, x1, y0, y1 = load(x, i), load(x, i + stride), load(y, i), load(y, i + stride)
            total = total + y1 * x0 - y0 * x1
            store(x, i, c * x0 + s * x1)
            store(x, i + stride, c * x1 - s * x0)
            store(y, i, c * y0 + s * y1)
            store(y, i + stride, c * y1 - s * y0)
    sums[bit] += total_of(total)


@inner
def undo(
    x: Array,
    y: Array,
    low: int,
    high: int,
    begin: int,
    end: int,
    gates: Array,
    first: int,
    last: int,
    sums: Array,
) -> None:
    """Undo rotations of the bits from `first` to before `last`; adds to their sums.

    The gates are the adjoints; the other arguments are those of `turn`.
    """
    bit = first
    while bit < last:
        stop = end << (bit - first)
        if last - bit == 1:
            _undo_one(x, y, low, high, begin, stop, gates, bit, sums)
            bit += 1
        elif last - bit == 2 or last - bit == 4:
            _undo_two(x, y, low, high, begin, stop, gates, bit, sums)
            bit += 2
        else:
            _undo_three(x, y, low, high, begin, stop, gates, bit, sums)
            bit += 3
