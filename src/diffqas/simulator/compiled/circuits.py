"""RY circuits of one piece in compiled code: final amplitudes, and gradients in the angles."""

from __future__ import annotations

import numpy as np

from diffqas.simulator.compiled.layers import (
    apply_to_piece,
    inner,
    low_matrix,
    undo_in_piece,
)
from diffqas.simulator.compiled.rotations import add_to_angles, rotations
from diffqas.simulator.compiled.vectors import LANES, Array


@inner
def ry_forward(
    angles: Array,
    used: int,
    hadamard: bool,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    final: Array,
    work: Array,
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
        low_matrix(gates, matrix)
        apply_to_piece(source, target, 0, blocks, pieces[0], offsets, gates, matrix)
        source, target = target, source


@inner
def ry_backward(
    angles: Array,
    used: int,
    blocks: Array,
    pieces: Array,
    offsets: Array,
    undo: int,
    work: Array,
    grad: Array,
) -> None:
    """Add the gradient to `grad` (depth, n, r), from final amplitudes and cotangent in work[:2].

    The inverse of the CNOTs is the permutation number `undo`; number 0 is the identity.
    """
    depth, n = angles.shape[0], angles.shape[1]
    gates, matrix = np.empty(4 * n, work.dtype), np.empty(LANES * LANES, work.dtype)
    sums = np.empty((1, n), np.float64)
    x, y, new_x, new_y = work[0], work[1], work[2], work[3]
    way = 0
    for layer in range(depth - 1, -1, -1):
        rotations(angles[layer], used, -1.0, gates)
        low_matrix(gates, matrix)
        for bit in range(n):
            sums[0, bit] = 0.0
        undo_in_piece(
            x,
            y,
            new_x,
            new_y,
            0,
            blocks[way],
            pieces[way, 0],
            offsets[way],
            gates,
            matrix,
            sums[0],
        )
        add_to_angles(sums, used, grad[layer])
        x, y, new_x, new_y, way = new_x, new_y, x, y, undo
