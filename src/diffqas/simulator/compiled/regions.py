"""RY circuits on states of many pieces: units of work, for one thread or several.

A layer is two phases. In the first, each unit gathers one region of the state and turns the bits
inside it: those of a piece in the fastest cache, the next ones in the second. In the second phase,
each unit turns the few bits above the regions at its share of the places inside them. So a layer
passes over memory two times, or three with very many qubits.

Sums of a unit have a place of their own and are added up in the order of the units: results do not
depend on who computed which unit.
"""

from __future__ import annotations

import numpy as np

from diffqas.simulator.compiled.layers import (
    PIECE,
    apply_to_piece,
    inner,
    low_matrix,
    total_of,
    undo_bits,
    undo_in_piece,
)
from diffqas.simulator.compiled.passes import turn, undo
from diffqas.simulator.compiled.rotations import add_to_angles, rotations
from diffqas.simulator.compiled.vectors import LANES, Array, load, splat, store, zeros

ABOVE = 3
"""Bits above the regions at most: what one pass over memory can turn."""

ALONE = 14
"""Bits of a state that is not cut: threads have other circuits to work on."""

NEAR = 17
"""Bits of a part of a region that stays in the second cache: with its cotangent 1 MB of float32."""


@inner
def share(count: int, unit: int, units: int) -> tuple[int, int]:
    """First and last but one of so many items that a unit takes; the number of units divides."""
    own = count // units
    return unit * own, (unit + 1) * own


@inner
def _region(n: int) -> int:
    """Bits of a region; a state that fits the second cache with ease is one."""
    return max(min(n, ALONE), n - ABOVE)


@inner
def _apply_to_region(
    source: Array,
    target: Array,
    region: int,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    gates: Array,
    matrix: Array,
) -> None:
    n = len(gates) // 4
    own = _region(n)
    near = min(own, NEAR)
    for part in range(region << own, (region + 1) << own, 1 << near):
        for start in range(part, part + (1 << near), 1 << PIECE):
            at_piece = pieces[start >> PIECE]
            apply_to_piece(source, target, start, blocks, at_piece, offsets, gates, matrix)
        turn(target, part, part + (1 << near), 0, 1 << PIECE, gates, PIECE, near)
    turn(target, region << own, (region + 1) << own, 0, 1 << near, gates, near, own)


@inner
def _undo_region(
    from_x: Array,
    from_y: Array,
    x: Array,
    y: Array,
    region: int,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    gates: Array,
    matrix: Array,
    sums: Array,
) -> None:
    n = len(gates) // 4
    own = _region(n)
    near = min(own, NEAR)
    for part in range(region << own, (region + 1) << own, 1 << near):
        for start in range(part, part + (1 << near), 1 << PIECE):
            at_piece = pieces[start >> PIECE]
            undo_in_piece(
                from_x, from_y, x, y, start, blocks, at_piece, offsets, gates, matrix, sums
            )
        if n <= ALONE:
            undo_bits(x, y, part, part + (1 << near), gates, PIECE, near, 1 << PIECE, sums)
        else:
            undo(x, y, part, part + (1 << near), 0, 1 << PIECE, gates, PIECE, near, sums)
    undo(x, y, region << own, (region + 1) << own, 0, 1 << near, gates, near, own, sums)


def forward_phases(n: int, depth: int) -> int:
    """Phases of `forward_unit`: the start, and two for each layer. One region has one phase."""
    return 1 if n <= ALONE else 1 + 2 * depth


@inner
def forward_unit(
    angles: Array,
    used: int,
    hadamard: bool,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    final: Array,
    work: Array,
    gates: Array,
    phase: int,
    unit: int,
    units: int,
) -> None:
    """One unit of the way to the final amplitudes; work (2**n,) and gates (depth, 4 n)."""
    depth, n = angles.shape[0], angles.shape[1]
    matrix = np.empty(LANES * LANES, final.dtype)
    # A state of one region has one unit, which goes all the way.
    steps = 1 if n > ALONE else 1 + 2 * depth
    for step in range(phase, phase + steps):
        layer = (step - 1) // 2
        source, target = (final, work) if (depth - layer) % 2 == 0 else (work, final)
        if step == 0:
            first, last = share(1 << n, unit, units)
            _start(target[first:last], hadamard, n)
            if unit == 0 and not hadamard:
                target[0] = 1.0
            for index in range(unit, depth, units):
                rotations(angles[index], used, 1.0, gates[index])
        elif step & 1:
            low_matrix(gates[layer], matrix)
            _apply_to_region(source, target, unit, blocks, pieces, offsets, gates[layer], matrix)
        else:
            own_bits = _region(n)
            first, last = share(1 << own_bits, unit, units)
            turn(target, 0, 1 << n, first, last, gates[layer], own_bits, n)


@inner
def _start(own: Array, hadamard: bool, n: int) -> None:
    start = 0.5 ** (0.5 * n) if hadamard else 0.0
    for i in range(len(own)):
        own[i] = start


@inner
def start_back(
    amplitudes: Array, weight: Array, upstream: Array, cotangent: Array, first: int, last: int
) -> float:
    """The cotangent of amplitudes with weighted squares, for the pieces first..last.

    Returns their share of the weight's gradient.
    """
    # Of w x^2: dL/dx = 2 w x (dL/dp), and dL/dw = sum x^2 (dL/dp).
    total = 0.0
    w = splat(weight, 0) + splat(weight, 0)
    for start in range(first << PIECE, last << PIECE, 1 << PIECE):
        part = zeros(amplitudes)
        for i in range(start, start + (1 << PIECE), LANES):
            product = load(amplitudes, i) * load(upstream, i)
            part = product * load(amplitudes, i) + part
            store(cotangent, i, w * product)
        total += total_of(part)
    return total


def backward_phases(n: int, depth: int) -> int:
    """Phases of `backward_unit`: the cotangent, two for each layer, the last sums; or one."""
    return 1 if n <= ALONE else 2 + 2 * depth


@inner
def backward_unit(
    angles: Array,
    used: int,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    inverse: int,
    amplitudes: Array,
    weight: Array,
    upstream: Array,
    work: Array,
    gates: Array,
    sums: Array,
    grad: Array,
    phase: int,
    unit: int,
    units: int,
) -> None:
    """One unit of the way back from the final amplitudes.

    The inverse of the CNOTs is the permutation number `inverse`; number 0 is the identity. work is
    (4, 2**n), gates (depth, 4 n), sums (2, units, n + 1). Adds the angles' gradient to `grad`
    (depth, n, r); that of the weight is the sum of sums[0, :, n].
    """
    depth, n = angles.shape[0], angles.shape[1]
    matrix = np.empty(LANES * LANES, work.dtype)
    # A state of one region has one unit, which goes all the way.
    steps = 1 if n > ALONE else 2 + 2 * depth
    for step in range(phase, phase + steps):
        if step == 0:
            first, last = share(len(pieces[0]), unit, units)
            sums[0, unit, n] = start_back(amplitudes, weight, upstream, work[1], first, last)
            for index in range(unit, depth, units):
                rotations(angles[index], used, -1.0, gates[index])
            continue
        undone = (step - 1) // 2
        layer = depth - 1 - undone
        if step & 1 and unit == 0 and undone > 0:
            # What the units found in the layer above; in this layer they use the other sums.
            add_to_angles(sums[(layer + 1) & 1], used, grad[layer + 1])
        if layer < 0:
            continue
        own, turns = sums[layer & 1, unit], gates[layer]
        old, new = (0, 2) if undone % 2 == 0 else (2, 0)
        x, y = work[new], work[new + 1]
        if step & 1:
            for bit in range(n):
                own[bit] = 0.0
            low_matrix(turns, matrix)
            # The last layer has no CNOTs above it to be undone, and the final state lies elsewhere.
            way = 0 if undone == 0 else inverse
            from_x = amplitudes if undone == 0 else work[old]
            _undo_region(
                from_x,
                work[old + 1],
                x,
                y,
                unit,
                blocks[way],
                pieces[way],
                offsets[way],
                turns,
                matrix,
                own,
            )
        else:
            own_bits = _region(n)
            first, last = share(1 << own_bits, unit, units)
            undo(x, y, 0, 1 << n, first, last, turns, own_bits, n, own)
