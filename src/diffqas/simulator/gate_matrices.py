"""Matrices of all gates that circuits may be made of."""

from __future__ import annotations

import cmath
import math

import torch
from torch import Tensor

from diffqas.circuits import GATES
from diffqas.simulator.kept import kept
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
    return _fixed(name, _complex(like), str(like.device))


@kept(maxsize=128)
def _fixed(name: str, dtype: torch.dtype, device: str) -> Tensor:
    kind = GATES[name]
    return _controlled(torch.tensor(_FIXED[kind.base], dtype=dtype), kind.controls).to(device)


def turning_matrices(name: str, angles: Tensor) -> Tensor:
    """Matrices (..., 2**k, 2**k) of a gate for its angles (..., 1), complex and differentiable.

    Angles are (..., 3) of `u3`.
    """
    kind = GATES[name]
    if kind.base == "u3":
        return _any_turn(*angles.unbind(-1))
    angles = angles.squeeze(-1)
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


def _any_turn(theta: Tensor, phi: Tensor, lam: Tensor) -> Tensor:
    """[[cos, -e^(i lambda) sin], [e^(i phi) sin, e^(i (phi + lambda)) cos]] of theta/2."""
    cos, sin = torch.cos(theta / 2), torch.sin(theta / 2)
    entries = (
        torch.complex(cos, torch.zeros_like(cos)),
        _phased(-sin, lam),
        _phased(sin, phi),
        _phased(cos, phi + lam),
    )
    return torch.stack(entries, dim=-1).unflatten(-1, (2, 2))


def _phased(length: Tensor, phase: Tensor) -> Tensor:
    # Not `torch.polar`, whose gradient is wrong where the length is not above 0.
    return torch.complex(length * phase.cos(), length * phase.sin())


def _controlled(unitary: Tensor, controls: int) -> Tensor:
    """The unitary where all controls, the first qubits, are 1."""
    # Controls are the first qubits, the highest bits: all but the last block is the identity.
    size = unitary.shape[-1]
    idle = size * (2**controls - 1)
    ones = torch.cat((unitary.new_ones(idle), unitary.new_zeros(size)))
    return torch.nn.functional.pad(unitary, (idle, 0, idle, 0)) + torch.diag(ones)


def _complex(like: Tensor) -> torch.dtype:
    return torch.complex128 if like.dtype == torch.float64 else torch.complex64
