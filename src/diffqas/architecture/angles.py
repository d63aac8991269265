"""The angles of a circuit as a tensor: one for each layer, qubit and rotation.

The dimension of the rotations is left out where every qubit has one of them in a layer, as in the
papers: angles are (*lead, depth, n) there, else (*lead, depth, n, r).
"""

from __future__ import annotations

from torch import Tensor

from diffqas.circuits import SearchSpace


def angle_shape(space: SearchSpace, depth: int, n: int) -> tuple[int, ...]:
    """Shape of the angles of one circuit.

    >>> from diffqas.circuits import TABLE_I
    >>> angle_shape(TABLE_I, depth=15, n=11)
    (15, 11)
    """
    if space.angles_per_qubit == 1:
        return depth, n
    return depth, n, space.angles_per_qubit


def fewer_rotations(space: SearchSpace, few: SearchSpace, angles: Tensor) -> Tensor:
    """Of the angles of a space those that a part of it uses: the first rotations of every qubit."""
    if space.angles_per_qubit == 1:
        return angles
    if few.angles_per_qubit == 1:
        return angles[..., 0]
    return angles[..., : few.angles_per_qubit]
