"""Is a peer right? A dense oracle in double precision, compared before anything is timed.

States are multiplied by full 2^n x 2^n matrices and gradients come from the parameter-shift rule,
which is exact: slow, obvious, and sharing no code with any simulator.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from types import ModuleType

import numpy as np

from .workload import TABLE_I, Circuit, cnots, head, inputs

TOLERANCE = 1e-3
PAULI = {
    "x": np.array([[0, 1], [1, 0]], complex),
    "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.diag([1, -1]).astype(complex),
}


def _on(n: int, gates: dict[int, np.ndarray]) -> np.ndarray:
    """Kronecker product over n qubits, qubit 0 first (the most significant bit)."""
    return reduce(np.kron, [gates.get(q, np.eye(2)) for q in range(n)])


def dense_probabilities(circuit: Circuit, theta: np.ndarray) -> np.ndarray:
    """Probabilities (2^n,) of one circuit by dense matrices."""
    depth, n = theta.shape
    zero, one = np.diag([1, 0]), np.diag([0, 1])
    entangler = np.eye(2**n)
    for control, target in cnots(n, circuit.ring):
        entangler = (
            _on(n, {control: zero}) + _on(n, {control: one, target: PAULI["x"]})
        ) @ entangler
    state = np.eye(2**n)[0].astype(complex)
    if circuit.hadamard:
        state = np.full(2**n, 2 ** (-n / 2), complex)
    for layer in range(depth):
        half = theta[layer] / 2
        rotations = {
            q: np.cos(half[q]) * np.eye(2) - 1j * np.sin(half[q]) * PAULI[circuit.axis]
            for q in range(n)
        }
        state = _on(n, rotations) @ (entangler @ state)
    return np.abs(state) ** 2


def oracle(
    circuits: Sequence[Circuit], theta: np.ndarray, w: np.ndarray, target: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Loss and gradients in theta and w by dense matrices and the parameter-shift rule."""
    theta, w, target = (np.asarray(a, float) for a in (theta, w, target))

    def mixture(angles: np.ndarray) -> np.ndarray:
        return w @ np.stack([dense_probabilities(c, angles) for c in circuits])

    loss, grad_w, cotangent = head(
        np.stack([dense_probabilities(c, theta) for c in circuits]), w, target
    )
    grad_theta = np.zeros_like(theta)
    for index in np.ndindex(*theta.shape):
        shift = np.zeros_like(theta)
        shift[index] = np.pi / 2
        grad_theta[index] = (mixture(theta + shift) - mixture(theta - shift)) @ cotangent / 2
    return loss, grad_theta, grad_w


def distance(a: np.ndarray | float, b: np.ndarray | float) -> float:
    """Relative distance of a from b."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        return float("inf")
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def deviation(
    peer: ModuleType, n: int = 4, depth: int = 3, circuits: Sequence[Circuit] = TABLE_I
) -> float:
    """Largest relative distance of a peer's loss and gradients from the oracle's; nan counts as
    infinite.
    """
    data = inputs(n, depth, len(circuits), seed=1)
    got = peer.make_step(n, depth, circuits)(*data)
    worst = max(distance(a, b) for a, b in zip(got, oracle(circuits, *data), strict=True))
    return worst if np.isfinite(worst) else float("inf")
