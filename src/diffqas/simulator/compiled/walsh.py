"""RX circuits in compiled code: final amplitudes, and gradients in the angles, without layers.

F = exp(-i/2 WHT(c)), psi = WHT(F) / 2**n, where c holds at s the sum of the angles of X^s.
"""

from __future__ import annotations

import math

import numpy as np

from diffqas.simulator.compiled.layers import LOW, PIECE, apply_layer, inner
from diffqas.simulator.compiled.rotations import angle_of
from diffqas.simulator.compiled.vectors import LANES, Array, load, store, swap


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
    write_phases(angles, used, strings, real, imaginary)
    size = min(len(real), 1 << PIECE)
    for start in range(0, len(real), size):
        multiply_in_piece(real[start : start + size], imaginary[start : start + size])
    multiply(real, imaginary, size)


@inner
def write_phases(angles: Array, used: int, strings: Array, real: Array, imaginary: Array) -> None:
    """Turn the phases, which are 1, by the angles of their strings: exp(-i c/2)."""
    for layer in range(len(angles)):
        for q in range(angles.shape[1]):
            half, s = 0.5 * angle_of(angles[layer, q], used), strings[layer, q]
            cos, sin, re, im = math.cos(half), math.sin(half), real[s], imaginary[s]
            real[s], imaginary[s] = re * cos + im * sin, im * cos - re * sin


# A Walsh-Hadamard butterfly takes (a, b) to (a + b, a - b). Here the exponents are transformed
# while their phases u = exp(-i a/2), v = exp(-i b/2) are multiplied: (u v, u conj(v)).


@inner
def multiply_in_piece(real: Array, imaginary: Array) -> None:
    """The butterflies of all bits of a piece."""
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
    multiply(real, imaginary, LANES)


@inner
def multiply(real: Array, imaginary: Array, stride: int) -> None:
    """The butterflies of the bits from that of `stride` on."""
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
def half_walsh(gates: Array) -> None:
    """Gates whose product is WHT / 2**n."""
    for i in range(len(gates)):
        gates[i] = -0.5 if i % 4 == 3 else 0.5


@inner
def rx_forward(
    angles: Array,
    used: int,
    strings: Array,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    final: Array,
    work: Array,
) -> None:
    """Final amplitudes (2, 2**n), real and imaginary; the permutation is the identity."""
    gates, matrix = np.empty(4 * angles.shape[1], final.dtype), np.empty(LANES * LANES, final.dtype)
    half_walsh(gates)
    rx_phases(angles, used, strings, work[0], work[1])
    for part in range(2):
        apply_layer(work[part], final[part], blocks, pieces, offsets, gates, matrix)


@inner
def rx_backward(
    angles: Array,
    used: int,
    strings: Array,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    work: Array,
    grad: Array,
) -> None:
    """Add the gradient to `grad` (depth, n, r), given the final cotangent in work[:2]."""
    rx_pull(strings, blocks, pieces, offsets, work)
    rx_phases(angles, used, strings, work[0], work[3])
    rx_gradient(work[0], work[3], used, strings, blocks, pieces, offsets, work, grad)


@inner
def rx_pull(strings: Array, blocks: Array, pieces: Array, offsets: Array, work: Array) -> None:
    """Write the cotangent of F to work[1:3], given that of the final amplitudes in work[:2]."""
    gates, matrix = np.empty(4 * strings.shape[1], work.dtype), np.empty(LANES * LANES, work.dtype)
    half_walsh(gates)
    apply_layer(work[1], work[2], blocks, pieces, offsets, gates, matrix)
    apply_layer(work[0], work[1], blocks, pieces, offsets, gates, matrix)


@inner
def rx_gradient(
    real: Array,
    imaginary: Array,
    used: int,
    strings: Array,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    work: Array,
    grad: Array,
) -> None:
    """Add the gradient to `grad`, given F and the cotangent that `rx_pull` left.

    F may lie in work[0], which is written to.
    """
    gates, matrix = np.empty(4 * strings.shape[1], work.dtype), np.empty(LANES * LANES, work.dtype)
    half_walsh(gates)
    # dF = -i F d(phase), and phase = WHT(c) / 2; WHT is symmetric, so it also pulls back. The gates
    # are WHT / 2**n, hence the factor 2**n, which is the row's length, in the last line.
    for i in range(0, work.shape[1], LANES):
        store(work[0], i, load(work[1], i) * load(imaginary, i) - load(work[2], i) * load(real, i))
    apply_layer(work[0], work[1], blocks, pieces, offsets, gates, matrix)
    for layer in range(len(strings)):
        for q in range(strings.shape[1]):
            for i in range(used):
                grad[layer, q, i] += 0.5 * work.shape[1] * work[1, strings[layer, q]]
