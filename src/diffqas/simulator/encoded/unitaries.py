"""The matrices of an encoded circuit: one per qubit and upload, one per qubit and layer."""

from __future__ import annotations

import torch
from torch import Tensor

from diffqas.simulator.encoded.plan import EncodedPlan
from diffqas.simulator.kept import kept
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


def product_states(plan: EncodedPlan, encodings: Tensor) -> Tensor:
    """States (G, candidates, 2**n, B) behind the first upload, whose qubits are not yet entangled.

    Encodings are (G, candidates, B, n, 2, 2).
    """
    starts = _starts(plan, encodings.dtype, str(encodings.device))
    vectors = (encodings * starts[:, None, None, None]).sum(-1)
    half = (plan.n + 1) // 2
    first, second = (_product(part) for part in (vectors[..., :half, :], vectors[..., half:, :]))
    # Only the halves, of 2**(n/2) numbers, are kept for the way back.
    return (first.mT.unsqueeze(3) * second.mT.unsqueeze(2)).flatten(2, 3)


def _product(vectors: Tensor) -> Tensor:
    """Kronecker product (..., 2**q) of vectors (..., q, 2), the first one most significant."""
    product = vectors.new_ones(*vectors.shape[:-2], 1)
    for vector in vectors.unbind(-2):
        product = (product.unsqueeze(-1) * vector.unsqueeze(-2)).flatten(-2)
    return product


@kept(maxsize=32)
def _starts(plan: EncodedPlan, dtype: torch.dtype, device: str) -> Tensor:
    """|0> or |+> of each candidate's qubits, (candidates, 2)."""
    rows = [[0.5**0.5] * 2 if circuit.hadamard else [1.0, 0.0] for circuit in plan.circuits]
    return torch.tensor(rows, dtype=dtype, device=device)


def _dtype(plan: EncodedPlan, like: Tensor) -> torch.dtype:
    if plan.real:
        return like.dtype
    return torch.complex128 if like.dtype == torch.float64 else torch.complex64
