"""Matrices of all gates that circuits may be made of."""

from __future__ import annotations

import cmath
import math

import torch
from torch import Tensor

from diffqas.circuits import GATES
from diffqas.simulator.rotations import rotation_matrices

_HALF = math.sqrt(0.5)
_FIXED: dict[str, list[list[complex]]] = {
    "h": [[_HALF, _HALF], [_HALF, -_HALF]],
    "x": [[0, 1], [1, 0]],
    "y": [[0, -1j], [1j, 0]],
    "z": [[1, 0], [0, -1]],
    "s": [[1, 0], [0, 1j]],
    "sdg": [[1, 0], [0, -1j]],
    "t": [[1, 0], [0, cmath.exp(0.25j * math.pi)]],
    "tdg": [[1, 0], [0, cmath.exp(-0.25j * math.pi)]],
    "sx": [[0.5 + 0.5j, 0.5 - 0.5j], [0.5 - 0.5j, 0.5 + 0.5j]],
    "swap": [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]],
}
_PAULIS = {"rxx": "x", "ryy": "y", "rzz": "z"}


def fixed_matrix(name: str, like: Tensor) -> Tensor:
    """Matrix (2**k, 2**k) of a gate without angle: complex, with precision and device of `like`."""
    kind = GATES[name]
    return _controlled(
        torch.tensor(_FIXED[kind.base], dtype=_complex(like), device=like.device), kind.controls
    )


def turning_matrices(name: str, angles: Tensor) -> Tensor:
    """Matrices (..., 2**k, 2**k) of a gate for angles (...), complex and differentiable."""
    kind = GATES[name]
    # p = diag(1, exp(i angle)); rxx, ryy and rzz: exp(-i a/2 P) = cos(a/2) 1 - i sin(a/2) P, as P
    # squares to 1.
    if kind.base == "p":
        one = torch.ones_like(angles)
        unitary = torch.diag_embed(
            torch.stack((one.to(_complex(one)), torch.polar(one, angles)), dim=-1)
        )
    elif kind.base in _PAULIS:
        pauli = fixed_matrix(_PAULIS[kind.base], angles)
        pair, half = torch.kron(pauli, pauli), (angles / 2)[..., None, None]
        unitary = (
            half.cos() * torch.eye(4, dtype=pair.dtype, device=pair.device) - 1j * half.sin() * pair
        )
    else:
        unitary = rotation_matrices(kind.base, angles).to(_complex(angles))
    return _controlled(unitary, kind.controls)


def _controlled(unitary: Tensor, controls: int) -> Tensor:
    """The unitary where all controls, the first qubits, are 1."""
    size = unitary.shape[-1]
    idle = size * (2**controls - 1)
    ones = torch.cat((unitary.new_ones(idle), unitary.new_zeros(size)))
    return torch.nn.functional.pad(unitary, (idle, 0, idle, 0)) + torch.diag(ones)


def _complex(like: Tensor) -> torch.dtype:
    return torch.complex128 if like.dtype == torch.float64 else torch.complex64
