"""PennyLane default.qubit with torch backprop at its best: circuits and samples are one broadcast.

Circuits of an entangler and an axis share the matrices of their layers and differ in start states
and encodings. Matrices given in complex64 keep the simulation there.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import pennylane as qml
import torch

from .check import PAULI
from .torch_parts import trained_by_torch
from .workload import Circuit, Size, cnots, window_states

VERSION = f"pennylane {version('pennylane')}, torch {torch.__version__}"

PAULIS = {axis: torch.tensor(matrix, dtype=torch.complex64) for axis, matrix in PAULI.items()}


def _turns(paulis: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Rotations (..., 2, 2) by angles (...)."""
    half = (angles / 2)[..., None, None]
    return half.cos() * torch.eye(2) - 1j * half.sin() * paulis


def _qnode(size: Size, ring: bool) -> Callable:
    n = size.qubits

    @qml.qnode(qml.device("default.qubit", wires=n), interface="torch", diff_method="backprop")
    def probabilities(start: torch.Tensor, encodings: list, rotations: torch.Tensor) -> object:
        """Start states (entries, 2**n), n of (entries, 2, 2), and (depth, n, 2, 2)."""
        qml.StatePrep(start, wires=range(n), validate_norm=False)
        for layer in range(size.depth):
            if layer > 0 and layer % size.layers == 0:
                for q in range(n):
                    qml.QubitUnitary(encodings[q], wires=q)
            for pair in cnots(n, ring):
                qml.CNOT(pair)
            for q in range(n):
                qml.QubitUnitary(rotations[layer, q], wires=q)
        return qml.probs(wires=range(n))

    return probabilities


def make_step(size: Size, circuits: tuple[Circuit, ...]) -> Callable:
    """One QNode per entangler and axis; torch makes the first encoded states."""
    kinds: dict[tuple[bool, str], list[int]] = {}
    for index, circuit in enumerate(circuits):
        kinds.setdefault((circuit.ring, circuit.axis), []).append(index)
    nodes = {kind: _qnode(size, kind[0]) for kind in kinds}
    inside = torch.from_numpy(window_states(size))

    def outputs(x, theta, w, diagonals):
        mixture = 0
        for kind, members in kinds.items():
            chosen = [circuits[index] for index in members]
            paulis = torch.stack([PAULIS[circuit.encoding] for circuit in chosen])[:, None]
            begin = torch.tensor(
                [[0.5**0.5] * 2 if circuit.hadamard else [1.0, 0.0] for circuit in chosen]
            ).cfloat()
            turns = [_turns(paulis, x[:, q]) for q in range(size.qubits)]
            states = torch.ones(len(members), len(x), 1, dtype=torch.complex64)
            for turn in turns:
                vector = (turn @ begin[:, None, :, None])[..., 0]
                states = (states[..., :, None] * vector[..., None, :]).flatten(-2)
            found = nodes[kind](
                states.flatten(0, 1),
                [turn.flatten(0, 1) for turn in turns],
                _turns(PAULIS[kind[1]], theta),
            )
            found = found.view(len(members), len(x), -1)
            mixture = mixture + torch.einsum("j,jbs->bs", w[members], found)
        return mixture @ diagonals.gather(1, inside).t()

    return trained_by_torch(size, outputs)
