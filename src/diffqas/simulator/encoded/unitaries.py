"""The matrices of an encoded circuit: one per qubit and upload, one per qubit and layer."""

from __future__ import annotations

import torch
from torch import Tensor

from diffqas.simulator.encoded.plan import EncodedPlan
from diffqas.simulator.rotations import qubit_unitaries


def encoding_unitaries(plan: EncodedPlan, inputs: Tensor) -> Tensor:
    """Encodings (G, candidates, B, uploads, n, 2, 2) of inputs (G, B, uploads, n)."""
    kinds = list(dict.fromkeys(circuit.encodings for circuit in plan.circuits))
    found = []
    for kind in kinds:
        # All rotations of one qubit turn by the same input.
        repeated = inputs.unsqueeze(-1).expand(*inputs.shape, len(kind))
        found.append(qubit_unitaries(kind, repeated).to(_dtype(plan, inputs)))
    each = [found[kinds.index(circuit.encodings)] for circuit in plan.circuits]
    return torch.stack(each, dim=1)


def layer_unitaries(plan: EncodedPlan, angles: Tensor) -> Tensor:
    """Rotations (G, candidates, depth, n, 2, 2) at angles (G, candidates or 1, depth, n, r)."""
    each = []
    for place, circuit in enumerate(plan.circuits):
        own = angles[:, 0 if angles.shape[1] == 1 else place]
        each.append(qubit_unitaries(circuit.rotations, own).to(_dtype(plan, angles)))
    return torch.stack(each, dim=1)


def _dtype(plan: EncodedPlan, like: Tensor) -> torch.dtype:
    if plan.real:
        return like.dtype
    return torch.complex128 if like.dtype == torch.float64 else torch.complex64
