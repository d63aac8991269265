"""Single-qubit rotations, and their product over a group of neighbouring qubits."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def rotation_matrices(axis: str, angles: Tensor) -> Tensor:
    """R(angle) = exp(-i angle/2 P) for P = X, Y or Z; (...) -> (..., 2, 2).

    It is real for `ry` and complex for the others.
    """
    # exp(-i a/2 P) = cos(a/2) 1 - i sin(a/2) P, since P squares to 1.
    half = angles / 2
    if axis == "rz":
        # diag(e^(-i a/2), e^(i a/2))
        phase = torch.polar(torch.ones_like(half), half)
        return torch.diag_embed(torch.stack((phase.conj(), phase), dim=-1))
    cos, sin = torch.cos(half), torch.sin(half)
    if axis == "ry":
        entries = (cos, -sin, sin, cos)
    else:
        zero = torch.zeros_like(half)
        diagonal, other = torch.complex(cos, zero), torch.complex(zero, -sin)
        entries = (diagonal, other, other, diagonal)
    return torch.stack(entries, dim=-1).unflatten(-1, (2, 2))


def qubit_unitaries(rotations: Sequence[str], angles: Tensor) -> Tensor:
    """Product of a qubit's rotations, of which the first acts first: (..., r) -> (..., 2, 2).

    If there are more angles than rotations, the last ones are not used.
    """
    product: Tensor | None = None
    for index, axis in enumerate(rotations):
        matrix = rotation_matrices(axis, angles[..., index])
        if product is None:
            product = matrix
        else:
            # RY is real, the others are complex: a product with either is complex.
            dtype = torch.promote_types(product.dtype, matrix.dtype)
            product = matrix.to(dtype) @ product.to(dtype)
    assert product is not None
    return product


def merge(unitaries: Tensor) -> Tensor:
    """Kronecker product over the qubits of a group: (..., g, 2, 2) -> (..., 2**g, 2**g).

    The first qubit is the highest bit.
    """
    # Neighbours in pairs, for all pairs at once: log2(g) products instead of g - 1.
    while (count := unitaries.shape[-3]) > 1:
        if count % 2:
            return _kron(merge(unitaries[..., :-1, :, :]), unitaries[..., -1, :, :])
        unitaries = _kron(unitaries[..., 0::2, :, :], unitaries[..., 1::2, :, :])
    return unitaries.squeeze(-3)


def _kron(a: Tensor, b: Tensor) -> Tensor:
    return (a[..., :, None, :, None] * b[..., None, :, None, :]).flatten(-4, -3).flatten(-2)


def group_sizes(n: int) -> list[int]:
    """Split n qubits into groups of at most five, as even as possible.

    These sizes cost least on a CPU.

    >>> group_sizes(13), group_sizes(3)
    ([5, 4, 4], [3])
    """
    count = -(-n // 5)
    return [n // count + (index < n % count) for index in range(count)]
