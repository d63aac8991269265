"""Is a peer's loss, and are its gradients, those of dense matrices in double precision?"""

from __future__ import annotations

from functools import reduce
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from .workload import CIRCUITS, SMALL, Circuit, Data, Size, cnots, data, signs

TOLERANCE = 1e-3

PAULI = {"x": [[0, 1], [1, 0]], "y": [[0, -1j], [1j, 0]], "z": [[1, 0], [0, -1]]}


def deviation(peer: ModuleType) -> float:
    """Largest error of loss and gradients, each relative to its own largest entry."""
    given = data(SMALL, seed=1)
    loss, gradients = peer.make_step(SMALL)(given)
    expected, wanted = reference(SMALL, given)
    errors = [abs(loss - expected) / abs(expected)]
    for one, other in zip(gradients, wanted, strict=True):
        if np.shape(one) != other.shape:
            return float("inf")
        errors.append(np.abs(np.asarray(one) - other).max() / np.abs(other).max())
    return float(max(errors)) if np.isfinite(errors).all() else float("inf")


def reference(size: Size, given: Data) -> tuple[float, list[np.ndarray]]:
    """Loss and gradients, sample by sample and circuit by circuit."""
    tensors = Data(*(torch.tensor(array, dtype=torch.float64) for array in given))
    leaves = [leaf.requires_grad_() for leaf in tensors.trained]
    z = torch.from_numpy(signs(size)).double()
    rows = []
    for x, fast in zip(tensors.x, tensors.fast, strict=True):
        latent = tensors.encoder @ x + tensors.encoder_bias
        of_layers = tensors.layers @ latent + tensors.layers_bias
        of_columns = tensors.columns @ latent + tensors.columns_bias
        theta = fast + torch.outer(of_layers, of_columns)
        states = [_state(size, circuit, x, theta) for circuit in CIRCUITS]
        rows.append(tensors.w @ (torch.stack(states).abs().square() @ z))
    loss = (torch.stack(rows) - tensors.y).square().mean()
    return loss.item(), [g.numpy() for g in torch.autograd.grad(loss, leaves)]


def _state(size: Size, circuit: Circuit, x: Tensor, theta: Tensor) -> Tensor:
    n = size.qubits
    state = torch.zeros(2**n, dtype=torch.complex128)
    if circuit.hadamard:
        state += 2 ** (-n / 2)
    else:
        state[0] = 1
    state = _rotations(circuit.encoding, x.expand(n)) @ state
    for angles in theta:
        state = _rotations(circuit.axis, angles) @ (_entangler(n, circuit.ring) @ state)
    return state


def _rotations(axis: str, angles: Tensor) -> Tensor:
    pauli, one = torch.tensor(PAULI[axis], dtype=torch.complex128), torch.eye(2)
    return reduce(
        torch.kron, [torch.cos(a / 2) * one - 1j * torch.sin(a / 2) * pauli for a in angles]
    )


def _entangler(n: int, ring: bool) -> Tensor:
    matrix = torch.eye(2**n, dtype=torch.complex128)
    for control, target in cnots(n, ring):
        states = torch.arange(2**n)
        images = states ^ ((states >> (n - 1 - control) & 1) << (n - 1 - target))
        matrix = matrix[images]
    return matrix
