"""The work that is timed: a cell with four gates, each a weighted sum of 36 circuits with data
encoding.

Written without diffqas, so that the peers and the check depend on nothing that is being compared.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

GATES = 4


class Circuit(NamedTuple):
    """Hadamards or not, an encoding rotation per qubit, then layers of an entangler and a rotation
    per qubit.
    """

    hadamard: bool
    encoding: str
    ring: bool
    axis: str


CIRCUITS = tuple(
    Circuit(hadamard, encoding, ring, axis)
    for hadamard in (True, False)
    for encoding in "yzx"
    for ring in (False, True)
    for axis in "yzx"
)


class Size(NamedTuple):
    """Samples of a batch, moments of a window, outputs of a gate, layers of a circuit."""

    batch: int
    window: int
    hidden: int
    depth: int

    @property
    def qubits(self) -> int:
        """One for the input, the others for the state."""
        return self.hidden + 1


class Data(NamedTuple):
    """Angles (4, 36, depth, n), weights (4, 36), head (hidden,), series (batch, window), targets
    (batch,).
    """

    theta: np.ndarray
    w: np.ndarray
    head: np.ndarray
    x: np.ndarray
    y: np.ndarray


def cnots(n: int, ring: bool) -> list[tuple[int, int]]:
    """(control, target) of one entangling layer: a ring in order, or a brick of even, then odd
    neighbours.
    """
    if n == 1:
        return []
    if ring:
        return [(i, (i + 1) % n) for i in range(n)]
    return [(i, i + 1) for start in (0, 1) for i in range(start, n - 1, 2)]


def data(size: Size, seed: int = 0) -> Data:
    """Random data, float32, equal for every peer."""
    rng = np.random.default_rng(seed)
    arrays = (
        rng.normal(size=(GATES, len(CIRCUITS), size.depth, size.qubits)),
        rng.normal(size=(GATES, len(CIRCUITS))) / 6,
        rng.normal(size=size.hidden),
        rng.normal(size=(size.batch, size.window)),
        rng.normal(size=size.batch),
    )
    return Data(*(array.astype(np.float32) for array in arrays))
