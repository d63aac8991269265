"""PennyLane default.qubit with torch backprop, as such cells are usually written: one QNode per
circuit.

The samples of a batch are broadcast; gates and circuits are called one after the other. Gates by
name run in double precision.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import pennylane as qml
import torch

from . import torch_cell
from .workload import CIRCUITS, GATES, Circuit, Size, cnots

VERSION = f"pennylane {version('pennylane')}, torch {torch.__version__}"
ROTATIONS = {"x": qml.RX, "y": qml.RY, "z": qml.RZ}


def _qnode(circuit: Circuit, size: Size) -> Callable:
    n = size.qubits

    @qml.qnode(qml.device("default.qubit", wires=n), interface="torch", diff_method="backprop")
    def expectations(inputs: torch.Tensor, theta: torch.Tensor) -> list:
        for qubit in range(n):
            if circuit.hadamard:
                qml.Hadamard(qubit)
            ROTATIONS[circuit.encoding](inputs[:, qubit], wires=qubit)
        for layer in theta:
            for pair in cnots(n, circuit.ring):
                qml.CNOT(pair)
            for qubit in range(n):
                ROTATIONS[circuit.axis](layer[qubit], wires=qubit)
        return [qml.expval(qml.PauliZ(k)) for k in range(size.hidden)]

    return expectations


def make_step(size: Size) -> Callable:
    """36 QNodes, made once."""
    qnodes = [_qnode(circuit, size) for circuit in CIRCUITS]

    def gates_at(theta: torch.Tensor, w: torch.Tensor) -> torch_cell.Gates:
        def outputs(gate: int, inputs: torch.Tensor) -> torch.Tensor:
            each = (
                torch.stack(qnode(inputs, theta[gate, j]), dim=1) for j, qnode in enumerate(qnodes)
            )
            # Constants come without the batch dimension.
            rows = [one.expand(size.batch, -1).to(w.dtype) for one in each]
            return torch.einsum("j,jbk->bk", w[gate], torch.stack(rows))

        return lambda inputs: torch.stack([outputs(gate, inputs) for gate in range(GATES)])

    return torch_cell.make_step(size, gates_at)
