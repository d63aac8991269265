"""RY and RX circuits in compiled code: final amplitudes, and gradients in the angles."""

from __future__ import annotations

import math

import numpy as np

from diffqas.simulator.compiled.layers import LOW, apply_layer, inner, undo_layer
from diffqas.simulator.compiled.vectors import LANES, Array, load, store, swap

# RY circuits: real amplitudes.


@inner
def _angle(angles: Array, used: int) -> float:
    """Rotations about one axis add up."""
    total = 0.0
    for i in range(used):
        total += angles[i]
    return total


@inner
def rotations(angles: Array, used: int, sign: float, gates: Array) -> None:
    """RY gates of one layer of angles (n, r), or their adjoints for sign = -1."""
    n = len(angles)
    for q in range(n):
        half = 0.5 * sign * _angle(angles[q], used)
        cos, sin = math.cos(half), math.sin(half)
        at = 4 * (n - 1 - q)
        gates[at], gates[at + 1], gates[at + 2], gates[at + 3] = cos, -sin, sin, cos


@inner
def ry_forward(
    angles: Array, used: int, hadamard: bool, base: Array, offsets: Array, final: Array, work: Array
) -> None:
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
        rotations(angles[layer], used, 1.0, gates)
        apply_layer(source, target, base, offsets, gates, matrix)
        source, target = target, source


@inner
def ry_backward(
    angles: Array, used: int, base: Array, offsets: Array, undo: int, work: Array, grad: Array
) -> None:
    """Add the gradient to `grad` (depth, n, r), from final amplitudes and cotangent in work[:2].

    The inverse of the CNOTs is base[undo]; base[0] is the identity.
    """
    depth, n = angles.shape[0], angles.shape[1]
    gates, matrix = np.empty(4 * n, work.dtype), np.empty(LANES * LANES, work.dtype)
    sums = np.empty(n, np.float64)
    source, target = work[:2], work[2:]
    way = 0
    for layer in range(depth - 1, -1, -1):
        rotations(angles[layer], used, -1.0, gates)
        for q in range(n):
            sums[q] = 0.0
        undo_layer(source, target, base[way], offsets[way], gates, matrix, sums)
        source, target, way = target, source, undo
        # Rotations of a qubit about one axis add up, so that all of them have the same gradient.
        for q in range(n):
            for i in range(used):
                grad[layer, q, i] += 0.5 * sums[n - 1 - q]


# RX circuits: F = exp(-i/2 WHT(c)), psi = WHT(F) / 2**n, where c holds at s the sum of the angles
# of X^s.


@inner
def _times(a: Array, b: Array, c: Array, d: Array, sign: Array) -> Array:
    """The products u v below and u conj(v) above, u from a lower lane and v from its upper one.

    The sign is 1 below and -1 above.

    a + bi is each lane's own number, c + di the other one.
    """
    turned = sign * b
    return a * c - turned * d, a * d + turned * c


@inner
def rx_phases(angles: Array, used: int, strings: Array, real: Array, imaginary: Array) -> None:
    """F as a product of phases.

    It takes sine and cosine of the angles only, so nothing is lost where phases are large.
    """
    for i in range(len(real)):
        real[i], imaginary[i] = 1.0, 0.0
    for layer in range(len(angles)):
        for q in range(angles.shape[1]):
            half, s = 0.5 * _angle(angles[layer, q], used), strings[layer, q]
            cos, sin, re, im = math.cos(half), math.sin(half), real[s], imaginary[s]
            real[s], imaginary[s] = re * cos + im * sin, im * cos - re * sin
    # A Walsh-Hadamard butterfly takes (a, b) to (a + b, a - b). Here the exponents are transformed
    # while their phases u = exp(-i a/2), v = exp(-i b/2) are multiplied: (u v, u conj(v)).
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
                a, b, c, d = (
                    load(real, i),
                    load(imaginary, i),
                    load(real, i + stride),
                    load(imaginary, i + stride),
                )
                store(real, i, a * c - b * d)
                store(imaginary, i, a * d + b * c)
                store(real, i + stride, a * c + b * d)
                store(imaginary, i + stride, b * c - a * d)
        stride *= 2


@inner
def _half_walsh(gates: Array) -> None:
    """Gates whose product is WHT / 2**n."""
    for i in range(len(gates)):
        gates[i] = -0.5 if i % 4 == 3 else 0.5


@inner
def rx_forward(
    angles: Array, used: int, strings: Array, base: Array, offsets: Array, final: Array, work: Array
) -> None:
    """Final amplitudes (2, 2**n), real and imaginary; base and offsets are the identity's."""
    gates, matrix = np.empty(4 * angles.shape[1], final.dtype), np.empty(LANES * LANES, final.dtype)
    _half_walsh(gates)
    rx_phases(angles, used, strings, work[0], work[1])
    for part in range(2):
        apply_layer(work[part], final[part], base, offsets, gates, matrix)


@inner
def rx_backward(
    angles: Array, used: int, strings: Array, base: Array, offsets: Array, work: Array, grad: Array
) -> None:
    """Add the gradient to `grad` (depth, n, r), given the final cotangent in work[:2]."""
    rx_pull(strings, base, offsets, work)
    rx_phases(angles, used, strings, work[0], work[3])
    rx_gradient(work[0], work[3], used, strings, base, offsets, work, grad)


@inner
def rx_pull(strings: Array, base: Array, offsets: Array, work: Array) -> None:
    """Write the cotangent of F to work[1:3], given that of the final amplitudes in work[:2]."""
    gates, matrix = np.empty(4 * strings.shape[1], work.dtype), np.empty(LANES * LANES, work.dtype)
    _half_walsh(gates)
    apply_layer(work[1], work[2], base, offsets, gates, matrix)
    apply_layer(work[0], work[1], base, offsets, gates, matrix)


@inner
def rx_gradient(
    real: Array,
    imaginary: Array,
    used: int,
    strings: Array,
    base: Array,
    offsets: Array,
    work: Array,
    grad: Array,
) -> None:
    """Add the gradient to `grad`, given F and the cotangent that `rx_pull` left.

    F may lie in work[0], which is written to.
    """
    gates, matrix = np.empty(4 * strings.shape[1], work.dtype), np.empty(LANES * LANES, work.dtype)
    _half_walsh(gates)
    # dF = -i F d(phase), and phase = WHT(c) / 2; WHT is symmetric, so it also pulls back. The gates
    # are WHT / 2**n, hence the factor 2**n, which is the row's length, in the last line.
    for i in range(0, work.shape[1], LANES):
        store(work[0], i, load(work[1], i) * load(imaginary, i) - load(work[2], i) * load(real, i))
    apply_layer(work[0], work[1], base, offsets, gates, matrix)
    for layer in range(len(strings)):
        for q in range(strings.shape[1]):
            for i in range(used):
                grad[layer, q, i] += 0.5 * work.shape[1] * work[1, strings[layer, q]]
