"""Table I's circuits in compiled code: probabilities forward, gradients backward, one candidate after the other.

A state is an array of 2**n numbers; bit 0 is the last qubit. A layer is one gather, which carries out the CNOTs
and mixes the three lowest bits by an 8x8 matrix, then butterflies on the other bits, two of them per pass over
memory. CNOTs are linear over GF(2), so the amplitudes of a block of eight come from base[block] ^ offsets[0..7].
Passes run over pieces that fit the fastest cache.

Gates are real 2x2 matrices (a, b, c, d), one per bit, one after the other in an array of 4 n numbers.

The code asks little of numba's own library (array expressions, sums, reshapes) because each such
call costs a tenth of a second and more to compile. It's one file because numba's cache looks at the file of the
two entries only: after a change in `vectors.py`, touch this one.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from diffqas.simulator.compiled.vectors import LANES, load, splat, store, swap

LOW = 3
"""Bits inside one vector."""

PIECE = 11
"""Bits of a piece: a state and its cotangent then take 16 KB in float32."""

UNIFORM, ZERO, RY, H_RY, RX = range(5)
"""How a candidate's probabilities come about."""

inner = numba.njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)


# Layers.


@inner
def _gather(source: Any, target: Any, base: Any, offsets: Any, matrix: Any, low: int, high: int) -> None:
    """target[block] = matrix @ source[base[block] ^ offsets], for the blocks low..high."""
    m0, m1, m2, m3 = load(matrix, 0), load(matrix, 8), load(matrix, 16), load(matrix, 24)
    m4, m5, m6, m7 = load(matrix, 32), load(matrix, 40), load(matrix, 48), load(matrix, 56)
    o1, o2, o3, o4 = offsets[1], offsets[2], offsets[3], offsets[4]
    o5, o6, o7 = offsets[5], offsets[6], offsets[7]
    for block in range(low, high):
        at = base[block]
        even = splat(source, at) * m0 + splat(source, at ^ o1) * m1
        odd = splat(source, at ^ o2) * m2 + splat(source, at ^ o3) * m3
        even = splat(source, at ^ o4) * m4 + even
        odd = splat(source, at ^ o5) * m5 + odd
        even = splat(source, at ^ o6) * m6 + even
        odd = splat(source, at ^ o7) * m7 + odd
        store(target, LANES * block, even + odd)


@inner
def _low_matrix(gates: Any, matrix: Any) -> None:
    """Kronecker product of the three lowest bits' gates, transposed: matrix[8 * column + row]."""
    for column in range(LANES):
        for row in range(LANES):
            entry = 1.0
            for bit in range(LOW):
                entry *= gates[4 * bit + 2 * (row >> bit & 1) + (column >> bit & 1)]
            matrix[LANES * column + row] = entry


@inner
def _two_bits(x: Any, gates: Any, bit: int) -> None:
    at = 4 * bit
    a, b, c, d = splat(gates, at), splat(gates, at + 1), splat(gates, at + 2), splat(gates, at + 3)
    e, f, g, h = splat(gates, at + 4), splat(gates, at + 5), splat(gates, at + 6), splat(gates, at + 7)
    stride = 1 << bit
    for start in range(0, len(x), 4 * stride):
        for i in range(start, start + stride, LANES):
            i1, i2, i3 = i + stride, i + 2 * stride, i + 3 * stride
            x0, x1, x2, x3 = load(x, i), load(x, i1), load(x, i2), load(x, i3)
            y0, y1, y2, y3 = a * x0 + b * x1, c * x0 + d * x1, a * x2 + b * x3, c * x2 + d * x3
            store(x, i, e * y0 + f * y2)
            store(x, i1, e * y1 + f * y3)
            store(x, i2, g * y0 + h * y2)
            store(x, i3, g * y1 + h * y3)


@inner
def _one_bit(x: Any, gates: Any, bit: int) -> None:
    at = 4 * bit
    a, b, c, d = splat(gates, at), splat(gates, at + 1), splat(gates, at + 2), splat(gates, at + 3)
    stride = 1 << bit
    for start in range(0, len(x), 2 * stride):
        for i in range(start, start + stride, LANES):
            x0, x1 = load(x, i), load(x, i + stride)
            store(x, i, a * x0 + b * x1)
            store(x, i + stride, c * x0 + d * x1)


@inner
def _bits(x: Any, gates: Any, first: int, last: int) -> None:
    for bit in range(first, last - 1, 2):
        _two_bits(x, gates, bit)
    if (last - first) & 1:
        _one_bit(x, gates, last - 1)


@inner
def _apply_layer(source: Any, target: Any, base: Any, offsets: Any, gates: Any, matrix: Any) -> None:
    """Write (one gate per bit) @ (permuted source) to target."""
    n = len(gates) // 4
    low, piece = min(n, LOW), min(n, PIECE)
    size = 1 << piece
    _low_matrix(gates, matrix)
    for start in range(0, len(target), size):
        _gather(source, target, base, offsets, matrix, start >> LOW, (start + size) >> LOW)
        _bits(target[start : start + size], gates, low, piece)
    _bits(target, gates, piece, n)


# Layers undone. With state x, cotangent y and pairs that differ in one bit, 1/2 sum(y1 x0 - y0 x1) is the gradient
# of the angle of that bit's RY. It is the same at every moment of the layer: the other rotations commute.


@inner
def _total(vector: Any) -> float:
    """Sum of the eight numbers in float64."""
    total = 0.0
    for lane in range(LANES):
        total += extract(vector, lane)
    return total


@inner
def _low_gradients(x: Any, y: Any, sums: Any, lanes: Any) -> None:
    """Add sum(y1 x0 - y0 x1) of the three lowest bits to `sums`."""
    for lane in range(LANES):
        lanes[lane] = 0
    zero = load(lanes, 0)
    products = zero, zero, zero
    for i in range(0, len(x), LANES):
        own, other = load(y, i), load(x, i)
        one, two, four = products
        products = own * swap(other, 1) + one, own * swap(other, 2) + two, own * swap(other, 4) + four
    for bit in range(LOW):
        store(lanes, 0, products[bit])
        for lane in range(LANES):
            sums[bit] += lanes[lane] if lane >> bit & 1 else -lanes[lane]


@inner
def _undo_two_bits(x: Any, y: Any, gates: Any, bit: int, sums: Any, lanes: Any) -> None:
    at = 4 * bit
    c, s, k, t = splat(gates, at), splat(gates, at + 1), splat(gates, at + 4), splat(gates, at + 5)
    stride = 1 << bit
    first = second = c - c
    for start in range(0, len(x), 4 * stride):
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
    sums[bit] += _total(first)
    sums[bit + 1] += _total(second)


@inner
def _undo_one_bit(x: Any, y: Any, gates: Any, bit: int, sums: Any, lanes: Any) -> None:
    c, s = splat(gates, 4 * bit), splat(gates, 4 * bit + 1)
    stride = 1 << bit
    total = c - c
    for start in range(0, len(x), 2 * stride):
        for i in range(start, start + stride, LANES):
            x0, x1, y0, y1 = load(x, i), load(x, i + stride), load(y, i), load(y, i + stride)
            total = total + y1 * x0 - y0 * x1
            store(x, i, c * x0 + s * x1)
            store(x, i + stride, c * x1 - s * x0)
            store(y, i, c * y0 + s * y1)
            store(y, i + stride, c * y1 - s * y0)
    sums[bit] += _total(total)


@inner
def _undo_bits(x: Any, y: Any, gates: Any, first: int, last: int, sums: Any, lanes: Any) -> None:
    for bit in range(first, last - 1, 2):
        _undo_two_bits(x, y, gates, bit, sums, lanes)
    if (last - first) & 1:
        _undo_one_bit(x, y, gates, last - 1, sums, lanes)


@inner
def _undo_layer(
    source: Any, target: Any, base: Any, offsets: Any, gates: Any, matrix: Any, sums: Any, lanes: Any
) -> None:
    """Permute and then undo rotations, on state and cotangent (2, 2**n); adds sum(y1 x0 - y0 x1) per bit to `sums`.

    The gates are the adjoints of the rotations. A piece is summed in its own precision, the pieces in float64.
    """
    n = len(gates) // 4
    low, piece = min(n, LOW), min(n, PIECE)
    size = 1 << piece
    x, y = target[0], target[1]
    _low_matrix(gates, matrix)
    for start in range(0, len(x), size):
        stop = start + size
        _gather(source[0], x, base, offsets, matrix, start >> LOW, stop >> LOW)
        _gather(source[1], y, base, offsets, matrix, start >> LOW, stop >> LOW)
        _low_gradients(x[start:stop], y[start:stop], sums, lanes)
        _undo_bits(x[start:stop], y[start:stop], gates, low, piece, sums, lanes)
    _undo_bits(x, y, gates, piece, n, sums, lanes)


# RY circuits: real amplitudes.


@inner
def _angle(angles: Any, used: int) -> float:
    """Rotations about one axis add up."""
    total = 0.0
    for i in range(used):
        total += angles[i]
    return total


@inner
def _rotations(angles: Any, used: int, sign: float, gates: Any) -> None:
    """RY gates of one layer of angles (n, r), or their adjoints for sign = -1."""
    n = len(angles)
    for q in range(n):
        half = 0.5 * sign * _angle(angles[q], used)
        cos, sin = math.cos(half), math.sin(half)
        at = 4 * (n - 1 - q)
        gates[at], gates[at + 1], gates[at + 2], gates[at + 3] = cos, -sin, sin, cos


@inner
def _ry_forward(angles: Any, used: int, hadamard: bool, base: Any, offsets: Any, final: Any, work: Any) -> None:
    """Final amplitudes of one circuit with angles (depth, n, r)."""
    depth, n = angles.shape[0], angles.shape[1]
    gates, matrix = np.empty(4 * n, final.dtype), np.empty(LANES * LANES, final.dtype)
    source, target = (final, work) if depth % 2 == 0 else (work, final)
    start = 0.5 ** (0.5 * n) if hadamard else 0.0
    for i in range(len(source)):
        source[i] = start
    if not hadamard:
        source[0] = 1.0
    for layer in range(depth):
        _rotations(angles[layer], used, 1.0, gates)
        _apply_layer(source, target, base, offsets, gates, matrix)
        source, target = target, source


@inner
def _ry_backward(angles: Any, used: int, base: Any, offsets: Any, undo: int, work: Any, grad: Any) -> None:
    """Add the gradient to `grad` (depth, n, r), from final amplitudes and cotangent in work[:2].

    The inverse of the CNOTs is base[undo]; base[0] is the identity.
    """
    depth, n = angles.shape[0], angles.shape[1]
    gates, matrix = np.empty(4 * n, work.dtype), np.empty(LANES * LANES, work.dtype)
    sums, lanes = np.empty(n, np.float64), np.empty(LANES, work.dtype)
    source, target = work[:2], work[2:]
    way = 0
    for layer in range(depth - 1, -1, -1):
        _rotations(angles[layer], used, -1.0, gates)
        for q in range(n):
            sums[q] = 0.0
        _undo_layer(source, target, base[way], offsets[way], gates, matrix, sums, lanes)
        source, target, way = target, source, undo
        for q in range(n):
            for i in range(used):
                grad[layer, q, i] += 0.5 * sums[n - 1 - q]


# RX circuits: F = exp(-i/2 WHT(c)), psi = WHT(F) / 2**n, where c holds at s the sum of the angles of X^s.


@inner
def _times(a: Any, b: Any, c: Any, d: Any, sign: Any) -> Any:
    """With u the number of a lower lane, v of its upper one: u v below and u conj(v) above; sign is 1 and -1 there.

    a + bi is each lane's own number, c + di the other one.
    """
    turned = sign * b
    return a * c - turned * d, a * d + turned * c


@inner
def _phases(angles: Any, used: int, strings: Any, real: Any, imaginary: Any) -> None:
    """F as a product of phases: sine and cosine of the angles only, and nothing lost where phases are large."""
    for i in range(len(real)):
        real[i], imaginary[i] = 1.0, 0.0
    for layer in range(len(angles)):
        for q in range(angles.shape[1]):
            half, s = 0.5 * _angle(angles[layer, q], used), strings[layer, q]
            cos, sin, re, im = math.cos(half), math.sin(half), real[s], imaginary[s]
            real[s], imaginary[s] = re * cos + im * sin, im * cos - re * sin
    signs = np.empty(LOW * LANES, real.dtype)
    for i in range(LOW * LANES):
        signs[i] = 1 - 2 * (i >> i // LANES & 1)
    one, two, four = load(signs, 0), load(signs, 8), load(signs, 16)
    for i in range(0, len(real), LANES):
        re, im = load(real, i), load(imaginary, i)
        re, im = _times(re, im, swap(re, 1), swap(im, 1), one)
        re, im = _times(re, im, swap(re, 2), swap(im, 2), two)
        re, im = _times(re, im, swap(re, 4), swap(im, 4), four)
        store(real, i, re)
        store(imaginary, i, im)
    stride = 1 << LOW
    while stride < len(real):
        for start in range(0, len(real), 2 * stride):
            for i in range(start, start + stride, LANES):
                a, b, c, d = load(real, i), load(imaginary, i), load(real, i + stride), load(imaginary, i + stride)
                store(real, i, a * c - b * d)
                store(imaginary, i, a * d + b * c)
                store(real, i + stride, a * c + b * d)
                store(imaginary, i + stride, b * c - a * d)
        stride *= 2


@inner
def _half_walsh(gates: Any) -> None:
    """Gates whose product is WHT / 2**n."""
    for i in range(len(gates)):
        gates[i] = -0.5 if i % 4 == 3 else 0.5


@inner
def _rx_forward(angles: Any, used: int, strings: Any, base: Any, offsets: Any, final: Any, work: Any) -> None:
    """Final amplitudes (2, 2**n), real and imaginary; base and offsets are the identity's."""
    gates, matrix = np.empty(4 * angles.shape[1], final.dtype), np.empty(LANES * LANES, final.dtype)
    _half_walsh(gates)
    _phases(angles, used, strings, work[0], work[1])
    for part in range(2):
        _apply_layer(work[part], final[part], base, offsets, gates, matrix)


@inner
def _rx_backward(angles: Any, used: int, strings: Any, base: Any, offsets: Any, work: Any, grad: Any) -> None:
    """Add the gradient to `grad` (depth, n, r), given the cotangent of the final amplitudes in work[:2]."""
    gates, matrix = np.empty(4 * angles.shape[1], work.dtype), np.empty(LANES * LANES, work.dtype)
    _half_walsh(gates)
    _apply_layer(work[1], work[2], base, offsets, gates, matrix)
    _apply_layer(work[0], work[1], base, offsets, gates, matrix)
    _phases(angles, used, strings, work[0], work[3])
    # dF = -i F d(phase), and phase = WHT(c) / 2.
    for i in range(0, work.shape[1], LANES):
        store(work[0], i, load(work[1], i) * load(work[3], i) - load(work[2], i) * load(work[0], i))
    _apply_layer(work[0], work[1], base, offsets, gates, matrix)
    for layer in range(len(angles)):
        for q in range(angles.shape[1]):
            for i in range(used):
                grad[layer, q, i] += 0.5 * work.shape[1] * work[1, strings[layer, q]]


# Amplitudes to weighted probabilities, and the whole.


@inner
def _add_squares(row: Any, weight: Any, output: Any) -> None:
    w = splat(weight, 0)
    for i in range(0, len(row), LANES):
        x = load(row, i)
        store(output, i, w * x * x + load(output, i))


@inner
def _sum(row: Any) -> float:
    total = 0.0
    for low in range(0, len(row), 1 << PIECE):
        part = load(row, low)
        for i in range(low + LANES, min(len(row), low + (1 << PIECE)), LANES):
            part = part + load(row, i)
        total += _total(part)
    return total


@inner
def _through_squares(row: Any, weight: Any, upstream: Any, cotangent: Any) -> float:
    """The cotangent of amplitudes whose squares are weighted; returns the gradient of the weight."""
    lanes, total = np.empty(LANES, row.dtype), 0.0
    w = splat(weight, 0) + splat(weight, 0)
    for low in range(0, len(row), 1 << PIECE):
        for lane in range(LANES):
            lanes[lane] = 0
        part = load(lanes, 0)
        for i in range(low, min(len(row), low + (1 << PIECE)), LANES):
            product = load(row, i) * load(upstream, i)
            part = product * load(row, i) + part
            store(cotangent, i, w * product)
        total += _total(part)
    return total


def _entry(function: Any) -> Any:
    """Compile on first use and keep the machine code on disk, where there is a folder for it."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # nowhere to write
        return numba.njit(nogil=True)(function)


@_entry
def forward(plan: Any, angles: Any, weights: Any, amplitudes: Any, output: Any, work: Any) -> None:
    """Weighted probabilities of all candidates, added up where `output` has one row for all of them.

    angles (batch, candidates or 1, depth, n, r), weights (batch, candidates); writes the final amplitudes
    (batch, rows, 2**n) and adds to output (batch, candidates or 1, 2**n); work is (4, 2**n).
    """
    for b in range(len(angles)):
        for j in range(len(plan.kind)):
            kind, row, layer, used = plan.kind[j], plan.row[j], plan.layer[j], plan.used[j]
            own = angles[b, min(j, angles.shape[1] - 1)]
            weight = weights[b, j:]
            into = output[b, min(j, output.shape[1] - 1)]
            if kind == UNIFORM:
                for i in range(len(into)):
                    into[i] += weight[0] / len(into)
            elif kind == ZERO:
                into[0] += weight[0]
            elif kind == RX:
                final = amplitudes[b, row : row + 2]
                _rx_forward(own, used, plan.strings[j], plan.base[0], plan.offsets[0], final, work)
                _add_squares(final[0], weight, into)
                _add_squares(final[1], weight, into)
            else:
                real, hadamard = amplitudes[b, row], kind == H_RY
                _ry_forward(own, used, hadamard, plan.base[layer], plan.offsets[layer], real, work[0])
                _add_squares(real, weight, into)


@_entry
def backward(
    plan: Any, angles: Any, weights: Any, amplitudes: Any, upstream: Any, to_angles: Any, to_weights: Any, work: Any
) -> None:
    """Add the gradients to to_angles and to_weights (both float64), given the gradient of the output."""
    for b in range(len(angles)):
        for j in range(len(plan.kind)):
            kind, row, layer, used = plan.kind[j], plan.row[j], plan.layer[j], plan.used[j]
            own, grad = angles[b, min(j, angles.shape[1] - 1)], to_angles[b, min(j, angles.shape[1] - 1)]
            weight, above = weights[b, j:], upstream[b, min(j, upstream.shape[1] - 1)]
            total = 0.0
            if kind == UNIFORM:
                total = _sum(above) / len(above)
            elif kind == ZERO:
                total = above[0]
            elif kind == RX:
                for part in range(2):
                    total += _through_squares(amplitudes[b, row + part], weight, above, work[part])
                _rx_backward(own, used, plan.strings[j], plan.base[0], plan.offsets[0], work, grad)
            else:
                total = _through_squares(amplitudes[b, row], weight, above, work[1])
                for i in range(len(above)):
                    work[0, i] = amplitudes[b, row, i]
                _ry_backward(own, used, plan.base, plan.offsets, layer + 1, work, grad)
            to_weights[b, j] = total
