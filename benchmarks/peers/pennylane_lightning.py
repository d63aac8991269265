"""PennyLane lightning.qubit: a forward run for the probabilities, then one adjoint pass per
circuit.

Lightning has no adjoint gradient of `probs`. The cotangent c = dL/dp makes it an expectation
instead: dL/dtheta is the gradient of <psi| diag(c) |psi>, and diag(c) is a SparseHamiltonian.
complex64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version

import numpy as np
import pennylane as qml
from scipy import sparse

from .workload import Circuit, cnots, head

VERSION = f"pennylane-lightning {version('pennylane-lightning')}, pennylane {version('pennylane')}"
ROTATION = {"x": qml.RX, "y": qml.RY, "z": qml.RZ}


def make_step(n: int, depth: int, circuits: Sequence[Circuit]) -> Callable:
    """Call the device directly on tapes: no QNode, no transforms, no cache of states, fixed gates
    built once.
    """
    device = qml.device("lightning.qubit", wires=n, c_dtype=np.complex64)
    start = [qml.Hadamard(q) for q in range(n)]
    entangler = {ring: [qml.CNOT(pair) for pair in cnots(n, ring)] for ring in (False, True)}
    readout = [qml.probs(wires=range(n))]

    def operations(circuit: Circuit, rotations: dict[str, list]) -> list:
        gates = list(start) if circuit.hadamard else []
        for layer in rotations[circuit.axis]:
            gates += entangler[circuit.ring] + layer
        return gates

    def step(
        theta: np.ndarray, w: np.ndarray, target: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        angles = theta.astype(float).tolist()
        rotations = {
            axis: [[ROTATION[axis](angle, q) for q, angle in enumerate(row)] for row in angles]
            for axis in {c.axis for c in circuits}
        }
        gates = [operations(c, rotations) for c in circuits]
        probabilities = np.stack(
            [
                np.asarray(device.execute(qml.tape.QuantumScript(g, readout)), np.float32)
                for g in gates
            ]
        )
        loss, grad_w, cotangent = head(probabilities, w, target)
        observable = qml.SparseHamiltonian(
            sparse.diags(cotangent, format="csr", dtype=complex), wires=range(n)
        )
        gradient = np.zeros(theta.size)
        for weight, g in zip(w, gates, strict=True):
            tape = qml.tape.QuantumScript(
                g, [qml.expval(observable)], trainable_params=range(theta.size)
            )
            gradient += weight * np.ravel(device.compute_derivatives(tape))
        return loss, gradient.reshape(theta.shape), grad_w

    del depth  # the shape of theta holds it
    return step
