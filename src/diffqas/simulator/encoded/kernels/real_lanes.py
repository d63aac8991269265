"""Gates on the real states of eight samples at once: circuits of RY, Hadamards, CNOT and CZ.

Conventions are those of `lanes`. Gates are ((a, -b), (b, a)), and of a qubit's torque only
Im <y|Y x> = sum(y1 x0 - y0 x1) does not vanish. Of long states three bits go in one pass, for
memory is slower than arithmetic there.
"""

from __future__ import annotations

from diffqas.simulator.compiled.layers import inner
from diffqas.simulator.compiled.vectors import LANES, Array, load, store, zeros
from diffqas.simulator.encoded.kernels.lanes import GATE, clear, flip, pasted

PIECE = 9
"""Bits of a piece; a state and its cotangent then take 32 KB in float32."""

COLUMN_BITS = 3
COLUMNS = 1 << COLUMN_BITS
"""Neighbouring vectors that are brought together where bits above a piece are undone."""


@pasted
def _pair(gates: Array, bit: int) -> Array:
    """The numbers a and b of a bit's gate."""
    return load(gates, GATE * bit), load(gates, GATE * bit + 2 * LANES)


@pasted
def _turned(gate: Array, p: Array, q: Array) -> Array:
    a, b = gate
    return a * p - b * q, b * p + a * q


@inner
def _one_bit(x: Array, gates: Array, bit: int) -> None:
    """The gate of one bit."""
    gate = _pair(gates, bit)
    stride = LANES << bit
    for start in range(0, len(x), 2 * stride):
        for i in range(start, start + stride, LANES):
            p, q = _turned(gate, load(x, i), load(x, i + stride))
            store(x, i, p)
            store(x, i + stride, q)


@inner
def _two_bits(x: Array, gates: Array, bit: int) -> None:
    first, second = _pair(gates, bit), _pair(gates, bit + 1)
    stride = LANES << bit
    for start in range(0, len(x), 4 * stride):
        for i in range(start, start + stride, LANES):
            i1, i2, i3 = i + stride, i + 2 * stride, i + 3 * stride
            p, q = _turned(first, load(x, i), load(x, i1))
            r, s = _turned(first, load(x, i2), load(x, i3))
            p, r = _turned(second, p, r)
            q, s = _turned(second, q, s)
            store(x, i, p)
            store(x, i1, q)
            store(x, i2, r)
            store(x, i3, s)


@pasted
def _eight(x: Array, i: int, stride: int) -> Array:
    return (
        load(x, i),
        load(x, i + stride),
        load(x, i + 2 * stride),
        load(x, i + 3 * stride),
        load(x, i + 4 * stride),
        load(x, i + 5 * stride),
        load(x, i + 6 * stride),
        load(x, i + 7 * stride),
    )


@pasted
def _put_turned(x: Array, i: int, stride: int, eight: Array, one: Array, two: Array, four: Array):
    """Store eight amplitudes behind the gates of the three bits that they differ in."""
    x0, x1, x2, x3, x4, x5, x6, x7 = eight
    x0, x1 = _turned(one, x0, x1)
    x2, x3 = _turned(one, x2, x3)
    x4, x5 = _turned(one, x4, x5)
    x6, x7 = _turned(one, x6, x7)
    x0, x2 = _turned(two, x0, x2)
    x1, x3 = _turned(two, x1, x3)
    x4, x6 = _turned(two, x4, x6)
    x5, x7 = _turned(two, x5, x7)
    x0, x4 = _turned(four, x0, x4)
    x1, x5 = _turned(four, x1, x5)
    x2, x6 = _turned(four, x2, x6)
    x3, x7 = _turned(four, x3, x7)
    store(x, i, x0)
    store(x, i + stride, x1)
    store(x, i + 2 * stride, x2)
    store(x, i + 3 * stride, x3)
    store(x, i + 4 * stride, x4)
    store(x, i + 5 * stride, x5)
    store(x, i + 6 * stride, x6)
    store(x, i + 7 * stride, x7)


@inner
def _three_bits(x: Array, gates: Array, bit: int) -> None:
    one, two, four = _pair(gates, bit), _pair(gates, bit + 1), _pair(gates, bit + 2)
    stride = LANES << bit
    for start in range(0, len(x), 8 * stride):
        for i in range(start, start + stride, LANES):
            _put_turned(x, i, stride, _eight(x, i, stride), one, two, four)


@inner
def _bits(x: Array, gates: Array, first: int, last: int) -> None:
    bit = first
    while bit + 3 <= last:
        _three_bits(x, gates, bit)
        bit += 3
    if last - bit == 2:
        _two_bits(x, gates, bit)
    elif last - bit == 1:
        _one_bit(x, gates, bit)


@inner
def turn(x: Array, gates: Array, n: int) -> None:
    """One RY on each of n qubits."""
    _bits(x, gates, 0, n)


@inner
def entangle(old: Array, new: Array, sources: Array, signs: Array) -> None:
    """new[s] = signs[s] * old[sources[s]], for a piece of `new`; without signs all are 1."""
    for s in range(len(sources)):
        store(new, LANES * s, load(old, LANES * sources[s]))
    if len(signs) > 0:
        flip(new, signs)


@inner
def layer(old: Array, new: Array, sources: Array, signs: Array, gates: Array, n: int) -> None:
    """Entangle, then one RY on each of n qubits."""
    piece = min(n, PIECE)
    size = 1 << piece
    for low in range(0, 1 << n, size):
        x = new[LANES * low : LANES * (low + size)]
        entangle(old, x, sources[low : low + size], signs[low : low + size])
        _bits(x, gates, 0, piece)
    _bits(new, gates, piece, n)


@inner
def _add(torque: Array, bit: int, value: Array) -> None:
    """Where `lanes.torques` writes Im <y|Y x>."""
    at = LANES * (3 * bit + 1)
    store(torque, at, load(torque, at) + value)


@inner
def _undo_one(x: Array, y: Array, gates: Array, bit: int, turning: bool, torque: Array) -> None:
    """Add the torque of one bit, and undo its gate if `turning`."""
    gate = _pair(gates, bit)
    total = zeros(x)
    stride = LANES << bit
    for start in range(0, len(x), 2 * stride):
        for i in range(start, start + stride, LANES):
            x0, x1, y0, y1 = load(x, i), load(x, i + stride), load(y, i), load(y, i + stride)
            total = total + y1 * x0 - y0 * x1
            if turning:
                x0, x1 = _turned(gate, x0, x1)
                y0, y1 = _turned(gate, y0, y1)
                store(x, i, x0)
                store(x, i + stride, x1)
                store(y, i, y0)
                store(y, i + stride, y1)
    _add(torque, bit, total)


@inner
def _undo_three(x: Array, y: Array, gates: Array, bit: int, turning: bool, torque: Array) -> None:
    one, two, four = _pair(gates, bit), _pair(gates, bit + 1), _pair(gates, bit + 2)
    first = second = third = zeros(x)
    stride = LANES << bit
    for start in range(0, len(x), 8 * stride):
        for i in range(start, start + stride, LANES):
            many, back = _eight(x, i, stride), _eight(y, i, stride)
            x0, x1, x2, x3, x4, x5, x6, x7 = many
            y0, y1, y2, y3, y4, y5, y6, y7 = back
            first = first + y1 * x0 - y0 * x1 + y3 * x2 - y2 * x3
            second = second + y2 * x0 - y0 * x2 + y3 * x1 - y1 * x3
            third = third + y4 * x0 - y0 * x4 + y5 * x1 - y1 * x5
            first = first + y5 * x4 - y4 * x5 + y7 * x6 - y6 * x7
            second = second + y6 * x4 - y4 * x6 + y7 * x5 - y5 * x7
            third = third + y6 * x2 - y2 * x6 + y7 * x3 - y3 * x7
            if turning:
                _put_turned(x, i, stride, many, one, two, four)
                _put_turned(y, i, stride, back, one, two, four)
    _add(torque, bit, first)
    _add(torque, bit + 1, second)
    _add(torque, bit + 2, third)


@inner
def _undo_bits(
    x: Array,
    y: Array,
    gates: Array,
    first: int,
    last: int,
    turning: bool,
    torque: Array,
) -> None:
    bit = first
    while bit + 3 <= last:
        _undo_three(x, y, gates, bit, turning, torque)
        bit += 3
    while bit < last:
        _undo_one(x, y, gates, bit, turning, torque)
        bit += 1


@inner
def _undo_high(
    x: Array, y: Array, gates: Array, n: int, turning: bool, work: Array, torque: Array
) -> None:
    """`_undo_bits` of the bits above a piece, by way of `work`, which holds 2**n vectors.

    State and cotangent of 16 qubits do not fit the second cache, and rows at distances of powers of
    two meet at the same few places of it: columns are brought together where all bits of them can
    be undone, so that memory is passed over once.
    """
    rows = 1 << (n - PIECE)
    length = rows * COLUMNS * LANES
    x_block, y_block = work[:length], work[length : 2 * length]
    shift = PIECE - COLUMN_BITS
    own, sums = gates[GATE * shift :], torque[3 * LANES * shift :]
    for column in range(0, LANES << PIECE, COLUMNS * LANES):
        _bring(x, x_block, column, rows)
        _bring(y, y_block, column, rows)
        first, last = COLUMN_BITS, COLUMN_BITS + n - PIECE
        _undo_bits(x_block, y_block, own, first, last, turning, sums)
        if turning:
            _bring_back(x_block, x, column, rows)
            _bring_back(y_block, y, column, rows)


@inner
def _bring(x: Array, block: Array, column: int, rows: int) -> None:
    width = COLUMNS * LANES
    for row in range(rows):
        for i in range(0, width, LANES):
            store(block, row * width + i, load(x, (row << PIECE) * LANES + column + i))


@inner
def _bring_back(block: Array, x: Array, column: int, rows: int) -> None:
    width = COLUMNS * LANES
    for row in range(rows):
        for i in range(0, width, LANES):
            store(x, (row << PIECE) * LANES + column + i, load(block, row * width + i))


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
    """As `lanes.undo`, of which only Im <y|Y x> is written."""
    clear(torque)
    piece = min(n, PIECE)
    size = 1 << piece
    for low in range(0, 1 << n, size):
        start, stop = LANES * low, LANES * (low + size)
        x, y = new[0, start:stop], new[1, start:stop]
        if len(back) > 0:
            entangle(old[0], x, back[low : low + size], signs[low : low + size])
            entangle(old[1], y, back[low : low + size], signs[low : low + size])
        _undo_bits(x, y, gates, 0, piece, turning, torque)
    if n > PIECE:
        _undo_high(new[0], new[1], gates, n, turning, work, torque)
