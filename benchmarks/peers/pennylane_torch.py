"""PennyLane default.qubit with torch backprop, circuits of one structure broadcast as a batch.

Circuits of an entangler differ only in their start state and in the matrix of their rotations. Both
take a leading batch dimension, so all rows of Table I with that entangler are one execution.
Matrices and start states given in complex64 keep the simulation there; gates by name would run in
complex128.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version

import numpy as np
import pennylane as qml
import torch

from .workload import Circuit, cnots

VERSION = f"pennylane {version('pennylane')}, torch {torch.__version__}"
PAULI = {"x": [[0, 1], [1, 0]], "y": [[0, -1j], [1j, 0]], "z": [[1, 0], [0, -1]]}


def _qnode(n: int, circuits: Sequence[Circuit]) -> Callable[[torch.Tensor], torch.Tensor]:
    """Angles (depth, n) to probabilities (len(circuits), 2^n); the circuits share one entangler."""
    starts = torch.zeros(len(circuits), 2**n, dtype=torch.complex64)
    for row, circuit in zip(starts, circuits, strict=True):
        row[: None if circuit.hadamard else 1] = 2 ** (-n / 2) if circuit.hadamard else 1
    generators = -1j * torch.tensor([PAULI[c.axis] for c in circuits], dtype=torch.complex64)
    identity = torch.eye(2, dtype=torch.complex64)

    @qml.qnode(qml.device("default.qubit", wires=n), interface="torch", diff_method="backprop")
    def probabilities(theta: torch.Tensor) -> torch.Tensor:
        half = (theta / 2)[..., None, None, None]
        gates = half.cos() * identity + half.sin() * generators
        qml.StatePrep(starts, wires=range(n), validate_norm=False)
        for layer in gates:
            for pair in cnots(n, circuits[0].ring):
                qml.CNOT(pair)
            for qubit, gate in enumerate(layer):
                qml.QubitUnitary(gate, wires=qubit)
        return qml.probs(wires=range(n))

    return probabilities


def make_step(n: int, depth: int, circuits: Sequence[Circuit]) -> Callable:
    """One QNode per entangler; torch does the rest."""
    del depth  # the shape of theta holds it
    groups = []
    for ring in (False, True):
        members = [i for i, c in enumerate(circuits) if c.ring == ring]
        if members:
            groups.append((members, _qnode(n, [circuits[i] for i in members])))

    def step(
        theta: np.ndarray, w: np.ndarray, target: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        angles = torch.from_numpy(theta).requires_grad_()
        weights = torch.from_numpy(w).requires_grad_()
        mixture = sum(weights[members] @ qnode(angles) for members, qnode in groups)
        loss = (mixture * 2**n - torch.from_numpy(target)).square().mean()
        grad_theta, grad_w = torch.autograd.grad(loss, (angles, weights))
        return loss.item(), grad_theta.numpy(), grad_w.numpy()

    return step
