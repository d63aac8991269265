"""Expectations of Z-strings of eight samples, and what is read of them, in compiled code.

The Walsh-Hadamard transform of the probabilities holds at S the expectation of the Z-string on the
bits of S. A diagonal observable of a window is a sum of the Z-strings inside the window, so its
2**k numbers, transformed likewise, are coefficients of strings:
sum_a D[a] p[a] = sum_S d[S] <Z_S> with d = WHT(D) / 2**k. Whatever the windows, one transform of a
state serves all of them, forward and, with the roles of states and strings exchanged, backward.
"""

from __future__ import annotations

from diffqas.simulator.compiled.entry import entry
from diffqas.simulator.compiled.layers import inner
from diffqas.simulator.compiled.vectors import LANES, Array, load, store, zeros
from diffqas.simulator.encoded.kernels.lanes import clear


@inner
def walsh(x: Array, n: int) -> None:
    """Transform 2**n vectors in place, two bits per pass."""
    for bit in range(0, n - 1, 2):
        stride = LANES << bit
        for start in range(0, LANES << n, 4 * stride):
            for i in range(start, start + stride, LANES):
                i1, i2, i3 = i + stride, i + 2 * stride, i + 3 * stride
                x0, x1, x2, x3 = load(x, i), load(x, i1), load(x, i2), load(x, i3)
                y0, y1, y2, y3 = x0 + x1, x0 - x1, x2 + x3, x2 - x3
                store(x, i, y0 + y2)
                store(x, i1, y1 + y3)
                store(x, i2, y0 - y2)
                store(x, i3, y1 - y3)
    if n & 1:
        half = LANES << (n - 1)
        for i in range(0, half, LANES):
            p, q = load(x, i), load(x, i + half)
            store(x, i, p + q)
            store(x, i + half, p - q)


@inner
def spread(strings: Array, coefficients: Array, upstream: Array, spectrum: Array) -> None:
    """The coefficients of all strings in sum over outputs of upstream times observable.

    Args:
        strings: (outputs, K), the place of each string.
        coefficients: (outputs, K) vectors.
        upstream: (outputs,) vectors.
        spectrum: written to, a vector per place.
    """
    clear(spectrum)
    for k in range(strings.shape[0]):
        above = load(upstream, LANES * k)
        for a in range(strings.shape[1]):
            at = LANES * strings[k, a]
            own = load(coefficients, LANES * (k * strings.shape[1] + a))
            store(spectrum, at, above * own + load(spectrum, at))


@inner
def read(strings: Array, coefficients: Array, spectrum: Array, output: Array) -> None:
    """Write the outputs, (outputs,) vectors, given the expectations of all strings."""
    for k in range(strings.shape[0]):
        total = zeros(spectrum)
        for a in range(strings.shape[1]):
            own = load(coefficients, LANES * (k * strings.shape[1] + a))
            total = own * load(spectrum, LANES * strings[k, a]) + total
        store(output, LANES * k, total)


@inner
def add_read(strings: Array, spectrum: Array, upstream: Array, grad: Array) -> None:
    """Add the gradients of the coefficients, (outputs, K) vectors."""
    for k in range(strings.shape[0]):
        above = load(upstream, LANES * k)
        for a in range(strings.shape[1]):
            at = LANES * (k * strings.shape[1] + a)
            store(grad, at, above * load(spectrum, LANES * strings[k, a]) + load(grad, at))


@entry
def walsh_rows(rows: Array) -> None:
    """Transform every row of (rows, 2**k), in place."""
    for row in range(rows.shape[0]):
        stride = 1
        while stride < rows.shape[1]:
            for start in range(0, rows.shape[1], 2 * stride):
                for i in range(start, start + stride):
                    p, q = rows[row, i], rows[row, i + stride]
                    rows[row, i], rows[row, i + stride] = p + q, p - q
            stride *= 2
