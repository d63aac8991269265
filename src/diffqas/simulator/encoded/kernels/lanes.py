"""Gates on the states of eight samples at once, in compiled code.

Amplitude s of the samples is one vector of lanes; of complex states its real part stands at 16 s
and its imaginary part at 16 s + 8, of real states the number at 8 s. A permutation then moves whole
vectors, and every gate may differ from sample to sample at no cost.

Between two entangling layers a qubit is only turned, so all its rotations are one gate. It is the
matrix ((a, -b*), (b, a*)) with |a|^2 + |b|^2 = 1, kept as four vectors: the real and imaginary part
of a, then of b. In real states a and b are real. Bit 0 is the last qubit.
"""

from __future__ import annotations

from diffqas.simulator.compiled.layers import inner, jit
from diffqas.simulator.compiled.vectors import LANES, Array, load, store, zeros

COMPLEX = 2 * LANES
"""Numbers of one complex amplitude."""

GATE = 4 * LANES
"""Numbers of one complex gate."""

pasted = jit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)
"""For a few vectors that must stay in registers."""


@inner
def clear(x: Array) -> None:
    """Set all numbers to 0."""
    for i in range(len(x)):
        x[i] = 0.0


@pasted
def turned(ar: Array, ai: Array, br: Array, bi: Array, p: Array, q: Array) -> Array:
    """The gate on one pair of complex amplitudes p and q, each a pair of vectors."""
    pr, pi = p
    qr, qi = q
    return (
        (ar * pr - ai * pi - br * qr - bi * qi, ar * pi + ai * pr - br * qi + bi * qr),
        (br * pr - bi * pi + ar * qr + ai * qi, br * pi + bi * pr + ar * qi - ai * qr),
    )


@pasted
def _take(x: Array, i: int) -> Array:
    return load(x, i), load(x, i + LANES)


@pasted
def _put(x: Array, i: int, value: Array) -> None:
    store(x, i, value[0])
    store(x, i + LANES, value[1])


@inner
def _one_bit(x: Array, gates: Array, bit: int) -> None:
    """The gate of one bit."""
    at = GATE * bit
    ar, ai = load(gates, at), load(gates, at + LANES)
    br, bi = load(gates, at + 2 * LANES), load(gates, at + 3 * LANES)
    stride = COMPLEX << bit
    for start in range(0, len(x), 2 * stride):
        for i in range(start, start + stride, COMPLEX):
            p, q = turned(ar, ai, br, bi, _take(x, i), _take(x, i + stride))
            _put(x, i, p)
            _put(x, i + stride, q)


@inner
def _two_bits(x: Array, gates: Array, bit: int) -> None:
    """The gates of two bits in one pass."""
    at = GATE * bit
    ar, ai = load(gates, at), load(gates, at + LANES)
    br, bi = load(gates, at + 2 * LANES), load(gates, at + 3 * LANES)
    cr, ci = load(gates, at + 4 * LANES), load(gates, at + 5 * LANES)
    dr, di = load(gates, at + 6 * LANES), load(gates, at + 7 * LANES)
    stride = COMPLEX << bit
    for start in range(0, len(x), 4 * stride):
        for i in range(start, start + stride, COMPLEX):
            i1, i2, i3 = i + stride, i + 2 * stride, i + 3 * stride
            p, q = turned(ar, ai, br, bi, _take(x, i), _take(x, i1))
            r, s = turned(ar, ai, br, bi, _take(x, i2), _take(x, i3))
            p, r = turned(cr, ci, dr, di, p, r)
            q, s = turned(cr, ci, dr, di, q, s)
            _put(x, i, p)
            _put(x, i1, q)
            _put(x, i2, r)
            _put(x, i3, s)


PIECE = 8
"""Bits of a piece of complex states; a state and its cotangent then take 32 KB in float32."""


@inner
def _bits(x: Array, gates: Array, first: int, last: int) -> None:
    for bit in range(first, last - 1, 2):
        _two_bits(x, gates, bit)
    if (last - first) & 1:
        _one_bit(x, gates, last - 1)


@inner
def entangle(old: Array, new: Array, sources: Array, signs: Array) -> None:
    """new[s] = signs[s] * old[sources[s]], for a piece of `new`; without signs all are 1."""
    for s in range(len(sources)):
        _put(new, COMPLEX * s, _take(old, COMPLEX * sources[s]))
    if len(signs) > 0:
        flip(new, signs)


@inner
def flip(x: Array, signs: Array) -> None:
    """Multiply amplitudes by signs."""
    width = len(x) // len(signs)
    for s in range(len(signs)):
        if signs[s] < 0:
            for i in range(width * s, width * (s + 1)):
                x[i] = -x[i]


@inner
def layer(old: Array, new: Array, sources: Array, signs: Array, gates: Array, n: int) -> None:
    """Entangle, then one gate on each of n qubits."""
    piece = min(n, PIECE)
    size = 1 << piece
    for low in range(0, 1 << n, size):
        x = new[COMPLEX * low : COMPLEX * (low + size)]
        entangle(old, x, sources[low : low + size], signs[low : low + size])
        _bits(x, gates, 0, piece)
    _bits(new, gates, piece, n)


# Gradients. With L = <psi|E|psi>, y = E psi and a rotation exp(-i t/2 P) that acts last,
# dL/dt = 2 Re <y| (-i/2) P psi> = Im <y|P psi>. The three numbers Im <y|X psi>, Im <y|Y psi> and
# Im <y|Z psi> of a qubit, its torque, say everything about all its rotations between two entangling
# layers, and gates of other qubits do not change them: each may be undone as soon as its own
# qubit's numbers are there.


@inner
def _add_at(x: Array, i: int, value: Array) -> None:
    store(x, i, load(x, i) + value)


@inner
def _torque_one(x: Array, y: Array, bit: int, torque: Array) -> None:
    """Add Im <y|X x> and Im <y|Y x> of one bit to torque[3 bit] and torque[3 bit + 1]."""
    first = second = zeros(x)
    stride = COMPLEX << bit
    for start in range(0, len(x), 2 * stride):
        for i in range(start, start + stride, COMPLEX):
            (pr, pi), (qr, qi) = _take(x, i), _take(x, i + stride)
            (tr, ti), (ur, ui) = _take(y, i), _take(y, i + stride)
            first = first + tr * qi - ti * qr + ur * pi - ui * pr
            second = second + ur * pr + ui * pi - tr * qr - ti * qi
    _add_at(torque, 3 * LANES * bit, first)
    _add_at(torque, 3 * LANES * bit + LANES, second)


@inner
def _torque_two(x: Array, y: Array, bit: int, torque: Array) -> None:
    first = second = third = fourth = zeros(x)
    stride = COMPLEX << bit
    for start in range(0, len(x), 4 * stride):
        for i in range(start, start + stride, COMPLEX):
            i1, i2, i3 = i + stride, i + 2 * stride, i + 3 * stride
            (ar, ai), (br, bi), (cr, ci), (dr, di) = (
                _take(x, i),
                _take(x, i1),
                _take(x, i2),
                _take(x, i3),
            )
            (pr, pi), (qr, qi), (rr, ri), (sr, si) = (
                _take(y, i),
                _take(y, i1),
                _take(y, i2),
                _take(y, i3),
            )
            first = first + pr * bi - pi * br + qr * ai - qi * ar
            first = first + rr * di - ri * dr + sr * ci - si * cr
            second = second + qr * ar + qi * ai - pr * br - pi * bi
            second = second + sr * cr + si * ci - rr * dr - ri * di
            third = third + pr * ci - pi * cr + rr * ai - ri * ar
            third = third + qr * di - qi * dr + sr * bi - si * br
            fourth = fourth + rr * ar + ri * ai - pr * cr - pi * ci
            fourth = fourth + sr * br + si * bi - qr * dr - qi * di
    at = 3 * LANES * bit
    _add_at(torque, at, first)
    _add_at(torque, at + LANES, second)
    _add_at(torque, at + 3 * LANES, third)
    _add_at(torque, at + 4 * LANES, fourth)


@inner
def _products(x: Array, y: Array, work: Array) -> None:
    """Im(y* x) of amplitudes, of which `_diagonal_torques` makes signed sums."""
    for i in range(0, len(work), LANES):
        (xr, xi), (yr, yi) = _take(x, 2 * i), _take(y, 2 * i)
        store(work, i, yr * xi - yi * xr)


@inner
def _diagonal_torques(n: int, work: Array, torque: Array) -> None:
    """Im <y|Z x> of every bit, the highest first; what is left is half as long each time."""
    for bit in range(n - 1, -1, -1):
        total = zeros(work)
        half = LANES << bit
        for i in range(0, half, LANES):
            p, q = load(work, i), load(work, i + half)
            total = total + (p - q)
            store(work, i, p + q)
        store(torque, LANES * (3 * bit + 2), total)


@inner
def _undo_bits(
    x: Array, y: Array, gates: Array, first: int, last: int, turning: bool, torque: Array
) -> None:
    for bit in range(first, last - 1, 2):
        _torque_two(x, y, bit, torque)
        if turning:
            _two_bits(x, gates, bit)
            _two_bits(y, gates, bit)
    if (last - first) & 1:
        _torque_one(x, y, last - 1, torque)
        if turning:
            _one_bit(x, gates, last - 1)
            _one_bit(y, gates, last - 1)


@inner
def undo(
    old: Array,
    new: Array,
    back: Array,
    signs: Array,
    gates: Array,
    n: int,
    turning: bool,
    work: Array,
    torque: Array,
) -> None:
    """Undo an entangling layer, if any, and the gates before it, on state and cotangent.

    Args:
        old: state and cotangent behind the entangling layer, a row each.
        new: written to; it already holds both where nothing is entangled.
        back: the inverse of the layer's sources; empty where nothing is entangled.
        signs: of `back`.
        gates: the adjoints of the gates.
        n: qubits.
        turning: whether the gates are undone, or only the torque behind them is of interest.
        work: 2**n vectors to work in.
        torque: written to, three vectors per bit: Im <y|P x> behind the gates for P = X, Y, Z.
    """
    clear(torque)
    piece = min(n, PIECE)
    size = 1 << piece
    for low in range(0, 1 << n, size):
        start, stop = COMPLEX * low, COMPLEX * (low + size)
        x, y = new[0, start:stop], new[1, start:stop]
        if len(back) > 0:
            entangle(old[0], x, back[low : low + size], signs[low : low + size])
            entangle(old[1], y, back[low : low + size], signs[low : low + size])
        _products(x, y, work[LANES * low : LANES * (low + size)])
        _undo_bits(x, y, gates, 0, piece, turning, torque)
    _undo_bits(new[0], new[1], gates, piece, n, turning, torque)
    _diagonal_torques(n, work, torque)


@inner
def turn(x: Array, gates: Array, n: int) -> None:
    """One gate on each of n qubits."""
    _bits(x, gates, 0, n)
