"""PennyLane default.qubit with torch backprop at its best: circuits and samples are one broadcast.

Circuits of an entangler and an axis differ in their starts; all of them at all samples are one
execution, with matrices in complex64.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import pennylane as qml
import torch

from .torch_parts import stepped
from .workload import CIRCUITS, Size, cnots, signs

VERSION = f"pennylane {version('pennylane')}, torch {torch.__version__}"

PAULI = {"x": [[0, 1], [1, 0]], "y": [[0, -1j], [1j, 0]], "z": [[1, 0], [0, -1]]}
PAULIS = {axis: torch.tensor(matrix, dtype=torch.complex64) for axis, matrix in PAULI.items()}


def _turns(paulis: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Rotations (..., 2, 2) by angles (...)."""
    half = (angles / 2)[..., None, None]
    return half.cos() * torch.eye(2) - 1j * half.sin() * paulis


def _qnode(size: Size, ring: bool) -> Callable:
    n = size.qubits

    @qml.qnode(qml.device("default.qubit", wires=n), interface="torch", diff_method="backprop")
    def probabilities(start: torch.Tensor, rotations: torch.Tensor) -> object:
        """Start states (entries, 2**n), rotations (entries, depth, n, 2, 2)."""
        qml.StatePrep(start, wires=range(n), validate_norm=False)
        for layer in range(size.depth):
            for pair in cnots(n, ring):
                qml.CNOT(pair)
            for q in range(n):
                qml.QubitUnitary(rotations[:, layer, q], wires=q)
        return qml.probs(wires=range(n))

    return probabilities


def make_step(size: Size) -> Callable:
    """One QNode per entangler and axis; torch makes the first encoded states."""
    kinds: dict[tuple[bool, str], list[int]] = {}
    for index, circuit in enumerate(CIRCUITS):
        kinds.setdefault((circuit.ring, circuit.axis), []).append(index)
    nodes = {kind: _qnode(size, kind[0]) for kind in kinds}
    z = torch.from_numpy(signs(size))

    def outputs(x, theta, w):
        mixture = 0
        for kind, members in kinds.items():
            chosen = [CIRCUITS[index] for index in members]
            paulis = torch.stack([PAULIS[circuit.encoding] for circuit in chosen])[:, None]
            begin = torch.tensor(
                [[0.5**0.5] * 2 if circuit.hadamard else [1.0, 0.0] for circuit in chosen]
            ).cfloat()
            vector = (_turns(paulis, x) @ begin[:, None, :, None])[..., 0]
            states = torch.ones(len(members), len(x), 1, dtype=torch.complex64)
            for _ in range(size.qubits):
                states = (states[..., :, None] * vector[..., None, :]).flatten(-2)
            rotations = _turns(PAULIS[kind[1]], theta).repeat(len(members), 1, 1, 1, 1)
            found = nodes[kind](states.flatten(0, 1), rotations).view(len(members), len(x), -1)
            mixture = mixture + torch.einsum("j,jbs->bs", w[members], found)
        return mixture @ z

    return stepped(size, outputs)
