"""Circuits whose layers differ, each of RY, RX or RZ rotations, in compiled code.

A state is two rows of real numbers, real and imaginary parts, so that a layer of RY is the layer of
`layers` on either row. RX is RY between phases: with S = diag(1, i) on every qubit,

    RX(t) = S^-1 RY(t) S,

and S multiplies the amplitude of basis state b by i^popcount(b). So behind a layer of RX the state
is kept as S says, and what a layer needs before its CNOTs is one pass of phases i^k, in which the
old and the new S meet. RZ multiplies by phases, too. Before the first layer of another kind than RY
the imaginary parts are zeros, and no work is done on them.

The way back undoes layer after layer on the state and m cotangents, as in `many`.
"""

from __future__ import annotations

import math

import numpy as np

from diffqas.simulator.compiled.entry import entry
from diffqas.simulator.compiled.layers import PIECE, apply_layer, gather, inner
from diffqas.simulator.compiled.many import undo_layer
from diffqas.simulator.compiled.rotations import add_to_angles, angle_of, rotations
from diffqas.simulator.compiled.sharing import DONE, TAKEN, add, arrive, leave, wait_for
from diffqas.simulator.compiled.vectors import LANES, Array

RY, RX, RZ = range(3)
"""Axis of all rotations of a layer."""


@inner
def _frame(kind: int) -> int:
    """Whether the state behind such a layer is kept as S says, 1 or 0."""
    return 1 if kind == RX else 0


@inner
def _first_complex(plan: Array, choice: Array) -> int:
    """The first layer with imaginary parts."""
    for layer in range(len(choice)):
        if plan.axis[choice[layer]] != RY:
            return layer
    return len(choice)


@inner
def _change_frame(
    real: Array, imaginary: Array, own: Array, others: Array, old: int, new: int
) -> None:
    """Multiply amplitude b by i^(new others[b] - old own[b])."""
    if old == 0 and new == 0:
        return
    for b in range(len(real)):
        quarters = (new * others[b] + 4 * old - old * own[b]) & 3
        re, im = real[b], imaginary[b]
        # i (re + i im) = -im + i re, and twice as much turns the signs.
        turned_re = -im if quarters & 1 else re
        turned_im = re if quarters & 1 else im
        real[b] = -turned_re if quarters & 2 else turned_re
        imaginary[b] = -turned_im if quarters & 2 else turned_im


@inner
def _permute(source: Array, target: Array, blocks: Array, pieces: Array, offsets: Array) -> None:
    """The CNOTs of a layer alone."""
    matrix = np.empty(LANES * LANES, source.dtype)
    for i in range(LANES * LANES):
        matrix[i] = 1.0 if i % (LANES + 1) == 0 else 0.0
    for index in range(len(pieces)):
        gather(source, target, index << PIECE, blocks, pieces[index], offsets, matrix)


@inner
def _write_phases(angles: Array, used: int, phases: Array) -> None:
    """What RZ multiplies by, (2, 2**n): exp(-i/2 sum_q (-1)^b_q t_q)."""
    n, total = len(angles), 0.0
    for q in range(n):
        total += angle_of(angles[q], used)
    phases[0, 0], phases[1, 0] = math.cos(0.5 * total), -math.sin(0.5 * total)
    for bit in range(n):
        half = angle_of(angles[n - 1 - bit], used)
        cos, sin, size = math.cos(half), math.sin(half), 1 << bit
        for b in range(size):
            re, im = phases[0, b], phases[1, b]
            phases[0, b + size] = re * cos - im * sin
            phases[1, b + size] = re * sin + im * cos


@inner
def _turn(real: Array, imaginary: Array, phases: Array, sign: float) -> None:
    """Multiply by phases, or by their conjugates for sign = -1."""
    for b in range(len(real)):
        re, im, cos, sin = real[b], imaginary[b], phases[0, b], sign * phases[1, b]
        real[b], imaginary[b] = re * cos - im * sin, re * sin + im * cos


@inner
def _turn_gradients(x: Array, y: Array, k: int, room: Array, sums: Array) -> None:
    """Write the sums of cotangent k to `sums`, as of RY: half of them is the gradient."""
    # d psi / d t_q = -i/2 (-1)^b_q psi, whose product with a cotangent is (-1)^b_q / 2 times
    for b in range(len(room)):
        room[b] = y[0, k, b] * x[1, 0, b] - y[1, k, b] * x[0, 0, b]
    # and the sum with the signs of a bit is that of the halves' difference. Then they are added.
    size = len(room) >> 1
    for bit in range(len(sums) - 1, -1, -1):
        total = 0.0
        for b in range(size):
            total += room[b] - room[b + size]
            room[b] += room[b + size]
        sums[bit] = total
        size >>= 1


@inner
def _forward(plan: Array, angles: Array, choice: Array, final: Array, room: Array) -> None:
    """Final amplitudes (2, 2**n) of one circuit at angles (depth, n, r); room is (4, 2**n)."""
    depth, n = angles.shape[0], angles.shape[1]
    gates, matrix = np.empty(4 * n, final.dtype), np.empty(LANES * LANES, final.dtype)
    source, target = (final, room[:2]) if depth % 2 == 0 else (room[:2], final)
    start = 0.5 ** (0.5 * n) if plan.hadamard[choice[0]] else 0.0
    for b in range(final.shape[1]):
        source[0, b], source[1, b], target[1, b] = start, 0.0, 0.0
    if start == 0.0:
        source[0, 0] = 1.0
    frame, imaginary = 0, _first_complex(plan, choice)
    for layer in range(depth):
        kind, used = plan.axis[choice[layer]], plan.used[choice[layer]]
        way = plan.order[choice[layer]]
        blocks, pieces, offsets = plan.blocks[way], plan.pieces[way], plan.offsets[way]
        new = _frame(kind)
        _change_frame(source[0], source[1], plan.ones[0], plan.ones[way], frame, new)
        frame = new
        if kind == RZ:
            for part in range(2):
                _permute(source[part], target[part], blocks, pieces, offsets)
            _write_phases(angles[layer], used, room[2:])
            _turn(target[0], target[1], room[2:], 1.0)
        else:
            rotations(angles[layer], used, 1.0, gates)
            for part in range(1 + (layer >= imaginary)):
                apply_layer(source[part], target[part], blocks, pieces, offsets, gates, matrix)
        source, target = target, source


@inner
def _backward(
    plan: Array, angles: Array, choice: Array, rows: Array, others: Array, room: Array, grad: Array
) -> None:
    """Add gradients to `grad` (m, depth, n, r).

    Final amplitudes and their m cotangents are in rows (2, 1 + m, 2**n); as many rows more, and
    room (3, 2**n), to work in.
    """
    depth, n, m = angles.shape[0], angles.shape[1], len(grad)
    gates, matrix = np.empty(4 * n, rows.dtype), np.empty(LANES * LANES, rows.dtype)
    sums = np.empty((m, n), np.float64)
    source, target = rows, others
    # The last layer has no CNOTs above it to be undone.
    way, frame, imaginary = 0, _frame(plan.axis[choice[depth - 1]]), _first_complex(plan, choice)
    for layer in range(depth - 1, -1, -1):
        kind, used = plan.axis[choice[layer]], plan.used[choice[layer]]
        blocks, pieces, offsets = plan.blocks[way], plan.pieces[way], plan.offsets[way]
        new = _frame(kind)
        if layer < depth - 1:
            for k in range(1 + m):
                real, other = source[0, k], source[1, k]
                _change_frame(real, other, plan.ones[0], plan.ones[way], frame, new)
        frame = new
        for k in range(m):
            for q in range(n):
                sums[k, q] = 0.0
        if kind == RZ:
            _write_phases(angles[layer], used, room)
            for part in range(2):
                for k in range(1 + m):
                    _permute(source[part, k], target[part, k], blocks, pieces, offsets)
            for k in range(m):
                _turn_gradients(target, target, 1 + k, room[2], sums[k])
            for k in range(1 + m):
                _turn(target[0, k], target[1, k], room, -1.0)
        else:
            rotations(angles[layer], used, -1.0, gates)
            for part in range(1 + (layer >= imaginary)):
                undo_layer(source[part], target[part], blocks, pieces, offsets, gates, matrix, sums)
        for k in range(m):
            add_to_angles(sums[k : k + 1], used, grad[k, layer])
        source, target = target, source
        way = plan.order[choice[layer]] + 1


@entry
def forward(
    rank: int,
    plan: Array,
    angles: Array,
    choice: Array,
    amplitudes: Array,
    output: Array,
    room: Array,
    counters: Array,
    calls: Array,
) -> None:
    """Probabilities of circuits with angles (batch, depth, n, r) and layers (batch, depth).

    Writes the final amplitudes (batch, 2, 2**n) and the output (batch, 2**n); room is (threads, 4,
    2**n), counters are a line of zeros. All is done when rank 0 returns.
    """
    arrived = arrive(rank, calls)
    b = add(counters, TAKEN, 1)
    while b < len(angles):
        final, into = amplitudes[b], output[b]
        _forward(plan, angles[b], choice[b], final, room[rank])
        for i in range(len(into)):
            into[i] = final[0, i] * final[0, i] + final[1, i] * final[1, i]
        add(counters, DONE, 1)
        b = add(counters, TAKEN, 1)
    if rank == 0:
        wait_for(counters, DONE, len(angles))
    leave(rank, calls, arrived)


@entry
def backward(
    rank: int,
    plan: Array,
    angles: Array,
    choice: Array,
    amplitudes: Array,
    upstream: Array,
    grads: Array,
    rows: Array,
    room: Array,
    counters: Array,
    calls: Array,
) -> None:
    """Gradients of the angles for m cotangents of the output each, upstream (batch, m, 2**n).

    Adds to grads (batch, m, depth, n, r), float64; rows is (threads, 2, 2, 1 + m, 2**n), room
    (threads, 3, 2**n), counters as of `forward`. All is done when rank 0 returns.
    """
    arrived = arrive(rank, calls)
    b = add(counters, TAKEN, 1)
    while b < len(angles):
        source, above = rows[rank, 0], upstream[b]
        for part in range(2):
            final = amplitudes[b, part]
            for i in range(len(final)):
                source[part, 0, i] = final[i]
            # Of |psi|^2: dL/d(re, im) = 2 (re, im) (dL/dp).
            for k in range(len(above)):
                for i in range(len(final)):
                    source[part, 1 + k, i] = 2 * final[i] * above[k, i]
        _backward(plan, angles[b], choice[b], source, rows[rank, 1], room[rank], grads[b])
        add(counters, DONE, 1)
        b = add(counters, TAKEN, 1)
    if rank == 0:
        wait_for(counters, DONE, len(angles))
    leave(rank, calls, arrived)
