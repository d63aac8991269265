"""PennyLane default.qubit with torch backprop at its best: all gates, circuits and samples are one
broadcast.

Circuits of an entangler differ in start states and in matrices only. Both take a leading batch
dimension, so one execution per entangler and moment does everything. Matrices given in complex64
keep the simulation there.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import pennylane as qml
import torch

from . import torch_cell
from .workload import CIRCUITS, Size, cnots

VERSION = f"pennylane {version('pennylane')}, torch {torch.__version__}"
PAULI = {
    axis: torch.tensor(matrix, dtype=torch.complex64)
    for axis, matrix in {
        "x": [[0, 1], [1, 0]],
        "y": [[0, -1j], [1j, 0]],
        "z": [[1, 0], [0, -1]],
    }.items()
}


def _turns(axes: list[str], angles: torch.Tensor) -> torch.Tensor:
    """Rotations (..., circuits, 2, 2) about the circuits' axes by angles (..., circuits)."""
    half = (angles / 2)[..., None, None]
    return half.cos() * torch.eye(2) - 1j * half.sin() * torch.stack([PAULI[axis] for axis in axes])


def _qnode(size: Size, ring: bool) -> Callable:
    n = size.qubits

    @qml.qnode(qml.device("default.qubit", wires=n), interface="torch", diff_method="backprop")
    def probabilities(starts: torch.Tensor, unitaries: torch.Tensor) -> torch.Tensor:
        """Start states (entries, 2^n) and matrices (depth, n, entries, 2, 2) to probabilities
        (entries, 2^n).
        """
        qml.StatePrep(starts, wires=range(n), validate_norm=False)
        for layer in unitaries:
            for pair in cnots(n, ring):
                qml.CNOT(pair)
            for qubit, unitary in enumerate(layer):
                qml.QubitUnitary(unitary, wires=qubit)
        return qml.probs(wires=range(n))

    return probabilities


def make_step(size: Size) -> Callable:
    """One QNode per entangler; torch encodes the inputs and does the rest."""
    n, batch = size.qubits, size.batch
    bits = torch.arange(2**n)[:, None] >> torch.arange(n - 1, 0, -1) & 1
    signs = (1 - 2 * bits).float()
    kinds = []
    for ring in (False, True):
        members = [j for j, circuit in enumerate(CIRCUITS) if circuit.ring == ring]
        chosen = [CIRCUITS[j] for j in members]
        start = torch.tensor(
            [[0.5**0.5, 0.5**0.5] if c.hadamard else [1.0, 0.0] for c in chosen]
        ).cfloat()
        kinds.append(
            (
                members,
                [c.encoding for c in chosen],
                [c.axis for c in chosen],
                start,
                _qnode(size, ring),
            )
        )

    def gates_at(theta: torch.Tensor, w: torch.Tensor) -> torch_cell.Gates:
        unitaries = []
        for members, _, axes, _, _ in kinds:
            turns = _turns(
                axes, theta[:, members].permute(2, 3, 0, 1)
            )  # (depth, n, 4, circuits, 2, 2)
            full = turns[:, :, :, :, None].expand(-1, -1, -1, -1, batch, -1, -1)
            unitaries.append(full.reshape(size.depth, n, -1, 2, 2))

        def gates(inputs: torch.Tensor) -> torch.Tensor:
            total = torch.zeros(4, batch, size.hidden)
            for (members, encodings, _, start, qnode), matrices in zip(
                kinds, unitaries, strict=True
            ):
                turned = _turns(encodings, inputs.t()[:, :, None].expand(n, batch, len(members)))
                qubits = torch.einsum("nbjac,jc->njba", turned, start)
                states = qubits[0]
                for qubit in qubits[1:]:
                    states = (states[..., :, None] * qubit[..., None, :]).flatten(-2)
                entries = states.expand(4, *states.shape).reshape(-1, 2**n)
                found = qnode(entries, matrices).view(4, len(members), batch, -1) @ signs
                total = total + torch.einsum("gj,gjbk->gbk", w[:, members], found)
            return total

        return gates

    return torch_cell.make_step(size, gates_at)
