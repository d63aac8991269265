"""The work that is timed: the twelve circuits of Table I, their mixture, a loss and its gradient.

Written without diffqas, so that the peers and the check depend on nothing that is being compared.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Circuit(NamedTuple):
    """One candidate: Hadamards once at the start, then `depth` times an entangler and a rotation
    per qubit.
    """

    number: int  # its row in Table I, counted from 1
    hadamard: bool
    ring: bool
    axis: str


TABLE_I = tuple(
    Circuit(1 + 6 * (not hadamard) + 3 * ring + i, hadamard, ring, axis)
    for hadamard in (True, False)
    for ring in (False, True)
    for i, axis in enumerate("xyz")
)
LIVE = tuple(
    TABLE_I[i - 1] for i in (2, 5, 7, 8, 10, 11)
)  # the distributions of the others never change
SAMPLE = tuple(
    TABLE_I[i - 1] for i in (2, 10)
)  # one RY brick and one RX ring, for peers too slow for all


def cnots(n: int, ring: bool) -> list[tuple[int, int]]:
    """(control, target) of one entangling layer: a ring in order, or a brick of even, then odd
    neighbours.
    """
    if n == 1:
        return []
    if ring:
        return [(i, (i + 1) % n) for i in range(n)]
    return [(i, i + 1) for start in (0, 1) for i in range(start, n - 1, 2)]


def inputs(
    n: int, depth: int, count: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Angles (depth, n), weights (count,) and target (2^n,), float32, equal for every peer."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=(depth, n))
    w = rng.uniform(0.2, 0.8, size=count)
    target = rng.uniform(0.0, 2.0, size=2**n)
    return theta.astype(np.float32), w.astype(np.float32), target.astype(np.float32)


def head(
    probabilities: np.ndarray, w: np.ndarray, target: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Loss, its gradient in w, and its gradient in p, given the probabilities (count, 2^n) of each
    circuit.

    With p = sum_j w_j p_j the loss is mean((2^n p - target)^2), so dL/dp = 2 (2^n p - target).
    """
    residual = target.size * (w @ probabilities) - target
    cotangent = 2 * residual
    return float(np.mean(residual**2)), probabilities @ cotangent, cotangent
