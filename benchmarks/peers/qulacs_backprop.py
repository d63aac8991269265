"""Qulacs: forward on a parametric circuit, gradient by its own `backprop_inner_product`. Double
precision only.

With c = dL/dp, dL/dtheta = 2 Re <c psi | d psi / d theta>. The routine returns the inner product
without the factor 2, and Qulacs rotates by exp(+i theta P / 2), so angles go in and gradients come
out with the opposite sign. Qubit 0 is Qulacs' least significant bit, hence the reversed wires.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version

import numpy as np
from qulacs import ParametricQuantumCircuit, QuantumState

from .workload import Circuit, cnots, head

VERSION = f"qulacs {version('qulacs')}"


def _build(n: int, depth: int, circuit: Circuit) -> ParametricQuantumCircuit:
    built = ParametricQuantumCircuit(n)
    rotate = getattr(built, f"add_parametric_R{circuit.axis.upper()}_gate")
    for qubit in range(n if circuit.hadamard else 0):
        built.add_H_gate(qubit)
    for _ in range(depth):
        for control, target in cnots(n, circuit.ring):
            built.add_CNOT_gate(n - 1 - control, n - 1 - target)
        for qubit in range(n):
            rotate(n - 1 - qubit, 0.0)
    return built


def make_step(n: int, depth: int, circuits: Sequence[Circuit]) -> Callable:
    """Build every circuit once; a step only sets angles, runs forward and backpropagates."""
    built = [_build(n, depth, c) for c in circuits]
    state, bra = QuantumState(n), QuantumState(n)

    def step(
        theta: np.ndarray, w: np.ndarray, target: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        angles = (-theta.astype(float)).ravel().tolist()
        states = np.empty((len(built), 2**n), complex)
        for vector, circuit in zip(states, built, strict=True):
            for i, angle in enumerate(angles):
                circuit.set_parameter(i, angle)
            state.set_zero_state()
            circuit.update_quantum_state(state)
            vector[:] = state.get_vector()
        loss, grad_w, cotangent = head(
            states.real**2 + states.imag**2, w.astype(float), target.astype(float)
        )
        gradient = np.zeros(theta.size)
        for weight, vector, circuit in zip(w, states, built, strict=True):
            bra.load(cotangent * vector)
            gradient -= 2 * weight * np.array(circuit.backprop_inner_product(bra))
        return loss, gradient.reshape(theta.shape), grad_w

    return step
