"""Is a peer's loss, and are its gradients, those of dense matrices in double precision?"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from types import ModuleType

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from .workload import SMALL, Circuit, Data, Size, cnots, data, window_states

TOLERANCE = 1e-3

PAULI = {"x": [[0, 1], [1, 0]], "y": [[0, -1j], [1j, 0]], "z": [[1, 0], [0, -1]]}


def deviation(peer: ModuleType, key: str) -> float:
    """Largest error of loss and gradients, each relative to its own largest entry."""
    size, circuits = SMALL[key]
    given = data(size, circuits, seed=1)
    loss, gradients = peer.make_step(size, circuits)(given)
    expected, wanted = reference(size, circuits, given)
    return worst(loss, gradients, expected, wanted)


def worst(
    loss: float, gradients: Iterable[ArrayLike], expected: float, wanted: Iterable[np.ndarray]
) -> float:
    """Largest relative error; infinity where shapes differ or something is no number."""
    errors = [abs(loss - expected) / abs(expected)]
    for one, other in zip(gradients, wanted, strict=True):
        if np.shape(one) != other.shape:
            return float("inf")
        errors.append(np.abs(np.asarray(one) - other).max() / np.abs(other).max())
    return float(max(errors)) if np.isfinite(errors).all() else float("inf")


def reference(
    size: Size, circuits: tuple[Circuit, ...], given: Data
) -> tuple[float, list[np.ndarray]]:
    """Loss and gradients, sample by sample and circuit by circuit."""
    tensors = [torch.tensor(array, dtype=torch.float64) for array in given]
    x, theta, w, diagonals, y = tensors
    leaves = [x, theta, w] + ([diagonals] if size.trained else [])
    for leaf in leaves:
        leaf.requires_grad_()
    inside = torch.from_numpy(window_states(size))
    rows = []
    for sample in x:
        total = torch.zeros(size.qubits, dtype=torch.float64)
        for weight, circuit in zip(w, circuits, strict=True):
            p = _state(size, circuit, sample, theta).abs().square()
            total = total + weight * (p * diagonals.gather(1, inside)).sum(1)
        rows.append(total)
    loss = (torch.stack(rows) - y).square().mean()
    return loss.item(), [g.numpy() for g in torch.autograd.grad(loss, leaves)]


def _state(size: Size, circuit: Circuit, sample: Tensor, theta: Tensor) -> Tensor:
    n = size.qubits
    state = start(n, circuit.hadamard)
    for layer in range(size.depth):
        if layer % size.layers == 0:
            state = rotations(circuit.encoding, sample) @ state
        state = rotations(circuit.axis, theta[layer]) @ (
            entangler(n, cnots(n, circuit.ring)) @ state
        )
    return state


def start(n: int, hadamard: bool) -> Tensor:
    """|+..+> or |0..0>, (2**n,)."""
    state = torch.zeros(2**n, dtype=torch.complex128)
    if hadamard:
        state += 2 ** (-n / 2)
    else:
        state[0] = 1
    return state


def rotations(axis: str, angles: Tensor) -> Tensor:
    """One for each qubit, as a matrix on all of them."""
    pauli, one = torch.tensor(PAULI[axis], dtype=torch.complex128), torch.eye(2)
    return reduce(
        torch.kron, [torch.cos(a / 2) * one - 1j * torch.sin(a / 2) * pauli for a in angles]
    )


def entangler(n: int, pairs: Iterable[tuple[int, int]]) -> Tensor:
    """The CNOTs of a layer, (control, target) each, as a matrix."""
    matrix = torch.eye(2**n, dtype=torch.complex128)
    for control, target in pairs:
        states = torch.arange(2**n)
        images = states ^ ((states >> (n - 1 - control) & 1) << (n - 1 - target))
        matrix = matrix[images]
    return matrix
