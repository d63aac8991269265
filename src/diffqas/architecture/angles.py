"""The angles of a circuit as a tensor: one for each layer, qubit and rotation.

Angles are (*lead, depth, n, r). If every qubit has a single rotation in a layer, as in the papers,
the last dimension is left out: (*lead, depth, n).
"""

from __future__ import annotations

from torch import Tensor

from diffqas.circuits import SearchSpace


def angle_shape(space: SearchSpace, depth: int, n: int) -> tuple[int, ...]:
    """The shape of the angles of one circuit.

    >>> from diffqas.circuits import TABLE_I
    >>> angle_shape(TABLE_I, depth=15, n=11)
    (15, 11)
    """
    if space.angles_per_qubit == 1:
        return depth, n
    return depth, n, space.angles_per_qubit


def fewer_rotations(space: SearchSpace, few: SearchSpace, angles: Tensor) -> Tensor:
    """The angles of a space that a part of it uses: those of each qubit's first rotations."""
    if space.angles_per_qubit == 1:
        return angles
    if few.angles_per_qubit == 1:
        return angles[..., 0]
    return angles[..., : few.angles_per_qubit]
