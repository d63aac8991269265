"""Is a peer right? Dense matrices and finite differences in double precision, compared before
anything is timed.
"""

from __future__ import annotations

from functools import reduce
from types import ModuleType

import numpy as np

from .workload import CIRCUITS, GATES, Circuit, Data, Size, cnots, data

TOLERANCE = 1e-3
SMALL = Size(batch=2, window=2, hidden=2, depth=2)
PAULI = {
    "x": np.array([[0, 1], [1, 0]], complex),
    "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.diag([1, -1]).astype(complex),
}


def _on(n: int, gates: dict[int, np.ndarray]) -> np.ndarray:
    return reduce(np.kron, [gates.get(q, np.eye(2)) for q in range(n)])


def _turn(axis: str, angles: np.ndarray) -> np.ndarray:
    """One rotation on every qubit."""
    gates = [np.cos(a / 2) * np.eye(2) - 1j * np.sin(a / 2) * PAULI[axis] for a in angles]
    return reduce(np.kron, gates)


def expectations(circuit: Circuit, inputs: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """<Z> of all qubits but the last."""
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
    state = _turn(circuit.encoding, inputs) @ state
    for layer in range(depth):
        state = _turn(circuit.axis, theta[layer]) @ (entangler @ state)
    return np.array([(state.conj() @ _on(n, {k: PAULI["z"]}) @ state).real for k in range(n - 1)])


def loss(given: Data) -> float:
    """The step's loss, one sample, gate and circuit after the other."""
    total = 0.0
    for series, target in zip(given.x, given.y, strict=True):
        h = c = np.zeros(len(given.head))
        for value in series:
            v = np.append(value, h)
            f, i, o, g = (
                sum(
                    given.w[k, j] * expectations(one, v, given.theta[k, j])
                    for j, one in enumerate(CIRCUITS)
                )
                for k in range(GATES)
            )
            c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            h = np.tanh(c) / (1 + np.exp(-o))
        total += (h @ given.head - target) ** 2
    return total / len(given.y)


def deviation(peer: ModuleType) -> float:
    """Largest relative distance of a peer's loss, and of its slopes along random directions, from
    the oracle's.
    """
    given = data(SMALL, seed=1)
    exact = Data(*(array.astype(float) for array in given))
    value, to_theta, to_w = peer.make_step(SMALL)(given)
    reference = loss(exact)
    worst = abs(value - reference) / abs(reference)
    rng = np.random.default_rng(2)
    for _ in range(2):
        d_theta, d_w = rng.normal(size=exact.theta.shape), rng.normal(size=exact.w.shape)
        slopes = []
        for along, own in (
            ((d_theta, 0 * d_w), (to_theta * d_theta).sum()),
            ((0 * d_theta, d_w), (to_w * d_w).sum()),
        ):
            ends = [
                loss(exact._replace(theta=exact.theta + e * along[0], w=exact.w + e * along[1]))
                for e in (1e-4, -1e-4)
            ]
            slopes.append((own, (ends[0] - ends[1]) / 2e-4))
        worst = max(worst, *(abs(own - true) / abs(true) for own, true in slopes))
    return float(worst) if np.isfinite(worst) else float("inf")
