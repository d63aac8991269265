"""PennyLane lightning.qubit on tapes: a forward run per sample and circuit, one adjoint pass back.

The cotangent of the outputs makes one observable per sample, a sum of Z or one diagonal, so that a
single adjoint pass gives all gradients of a circuit. No QNode, no transforms, fixed gates are made
once. complex64.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from scipy import sparse

from .workload import Circuit, Data, Size, cnots, window_states

VERSION = f"pennylane-lightning {version('pennylane-lightning')}, pennylane {version('pennylane')}"
ROTATION = {"x": qml.RX, "y": qml.RY, "z": qml.RZ}


class _Gates:
    """The gates of every circuit at one sample."""

    def __init__(self, size: Size) -> None:
        n = size.qubits
        self.size = size
        self.start = [qml.Hadamard(q) for q in range(n)]
        self.entangler = {ring: [qml.CNOT(pair) for pair in cnots(n, ring)] for ring in (0, 1)}

    def rotations(self, axis: str, theta: list[list[float]]) -> list[list]:
        """Of each layer."""
        gate = ROTATION[axis]
        return [[gate(angle, q) for q, angle in enumerate(row)] for row in theta]

    def of(self, circuit: Circuit, encoding: list, rotations: list[list]) -> list:
        """A whole circuit."""
        gates = list(self.start) if circuit.hadamard else []
        for layer, turns in enumerate(rotations):
            if layer % self.size.layers == 0:
                gates += encoding
            gates += self.entangler[circuit.ring] + turns
        return gates


def _sorted(size: Size, jacobian: NDArray) -> tuple[NDArray, NDArray]:
    """Gradients in the order of the gates -> those of inputs (n,) and of angles (depth, n)."""
    rows = jacobian.reshape(size.uploads, 1 + size.layers, size.qubits)
    return rows[:, 0].sum(0), rows[:, 1:].reshape(size.depth, size.qubits)


def make_step(size: Size, circuits: tuple[Circuit, ...]) -> Callable:
    """Z is read as expectations, trained diagonals from the probabilities."""
    n = size.qubits
    device = qml.device("lightning.qubit", wires=n, c_dtype=np.complex64)
    adjoint = qml.devices.ExecutionConfig(gradient_method="adjoint")
    made, inside = _Gates(size), window_states(size)
    zs = [qml.Z(q) for q in range(n)]
    readout = [qml.probs(wires=range(n))] if size.trained else [qml.expval(z) for z in zs]
    trained = range((size.uploads + size.depth) * n)

    def run(gates: list) -> NDArray:
        return np.asarray(device.execute(qml.tape.QuantumScript(gates, readout)), np.float32)

    def observable(cotangent: NDArray) -> object:
        """Of one sample: a Z per output, or one number per basis state."""
        if not size.trained:
            return qml.dot(cotangent.astype(float), zs)
        diagonal = sparse.diags(cotangent.astype(float), format="csr", dtype=complex)
        return qml.SparseHamiltonian(diagonal, wires=range(n))

    def step(given: Data) -> tuple[float, list[NDArray]]:
        theta = given.theta.astype(float).tolist()
        rotations = {a: made.rotations(a, theta) for a in {c.axis for c in circuits}}
        tapes = []
        for sample in given.x.astype(float).tolist():
            encoding = {e: made.rotations(e, [sample])[0] for e in {c.encoding for c in circuits}}
            tapes.append([made.of(c, encoding[c.encoding], rotations[c.axis]) for c in circuits])
        # (samples, circuits, 2**n probabilities or n expectations)
        found = np.array([[run(gates) for gates in row] for row in tapes])
        mixed = np.einsum("j,bjs->bs", given.w, found)
        diagonals = np.take_along_axis(given.diagonals, inside, 1)
        outputs = mixed @ diagonals.T if size.trained else mixed
        above = 2 * (outputs - given.y) / outputs.size
        cotangents = above @ diagonals if size.trained else above
        to_x, to_theta = np.zeros(given.x.shape), np.zeros(given.theta.shape)
        for place, row in enumerate(tapes):
            readout_back = [qml.expval(observable(cotangents[place]))]
            for weight, gates in zip(given.w, row, strict=True):
                tape = qml.tape.QuantumScript(gates, readout_back, trainable_params=trained)
                jacobian = np.ravel(device.compute_derivatives(tape, adjoint))
                own_x, own_theta = _sorted(size, weight * jacobian)
                to_x[place] += own_x
                to_theta += own_theta
        gradients = [to_x, to_theta, np.einsum("bs,bjs->j", cotangents, found)]
        if size.trained:
            gradients.append(_to_diagonals(size, inside, mixed.T @ above))
        return float(np.square(outputs - given.y).mean()), gradients

    return step


def _to_diagonals(size: Size, inside: NDArray, to_states: NDArray) -> NDArray:
    """Sums over the basis states of a window: (2**n, n) -> (n, 2**width)."""
    rows = zip(inside, to_states.T, strict=True)
    return np.stack([np.bincount(states, column, 2**size.width) for states, column in rows])
