"""The work that is timed: three sizes of a layer sum_j w_j <O>_j(x; theta), mean square loss.

Written without diffqas, so that the peers and the check depend on nothing that is being compared.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np


class Circuit(NamedTuple):
    """Hadamards or not; then per upload an encoding rotation, and layers: CNOTs and a rotation."""

    hadamard: bool
    encoding: str
    ring: bool
    axis: str


class Size(NamedTuple):
    """What is trained; `depth` counts all layers, `width` the qubits of an observable's window."""

    qubits: int
    depth: int
    uploads: int
    batch: int
    width: int
    trained: bool
    """Diagonals of all windows are trained numbers; if not, Z is read on every qubit."""

    @property
    def layers(self) -> int:
        """Behind each upload."""
        return self.depth // self.uploads


ALL = tuple(Circuit(*each) for each in product((True, False), "xyz", (False, True), "xyz"))
LIVE = tuple(
    Circuit(hadamard, encoding, ring, axis)
    for hadamard, encodings in ((False, "xy"), (True, "yz"))
    for encoding, ring, axis in product(encodings, (False, True), "xy")
)
ONE = (Circuit(True, "y", False, "y"),)

SIZES = {
    "a": (Size(4, 2, 1, 32, 1, False), ALL),
    "b": (Size(8, 3, 3, 64, 3, True), LIVE),
    "c": (Size(16, 6, 1, 32, 6, True), ONE),
}
SMALL = {
    "a": (Size(3, 2, 1, 3, 1, False), ALL),
    "b": (Size(4, 3, 3, 3, 3, True), LIVE),
    "c": (Size(6, 4, 1, 2, 3, True), ONE),
}
"""The same work as small as dense matrices can do it."""


class Data(NamedTuple):
    """x (batch, n), theta (depth, n), w (circuits,), diagonals (n, 2**width), y (batch, n)."""

    x: np.ndarray
    theta: np.ndarray
    w: np.ndarray
    diagonals: np.ndarray
    y: np.ndarray


def data(size: Size, circuits: tuple[Circuit, ...], seed: int = 0) -> Data:
    """Random data, float32, equal for every peer."""
    rng = np.random.default_rng(seed)
    n = size.qubits
    diagonals = np.tile([1.0, -1.0], (n, 1))
    if size.trained:
        diagonals = rng.normal(size=(n, 2**size.width))
    arrays = (
        rng.normal(size=(size.batch, n)),
        rng.normal(size=(size.depth, n)),
        rng.normal(size=len(circuits)) / 6,
        diagonals,
        rng.normal(size=(size.batch, n)),
    )
    return Data(*(array.astype(np.float32) for array in arrays))


def cnots(n: int, ring: bool) -> list[tuple[int, int]]:
    """(control, target) of one entangling layer: a chain, with the ends joined or not."""
    return [(q, q + 1) for q in range(n - 1)] + ([(n - 1, 0)] if ring else [])


def sources(n: int, ring: bool) -> np.ndarray:
    """new[s] = old[sources[s]] for one entangling layer; qubit 0 is the most significant bit."""
    found = np.arange(2**n)
    for control, target in reversed(cnots(n, ring)):
        found = found ^ ((found >> (n - 1 - control) & 1) << (n - 1 - target))
    return found


def window_states(size: Size) -> np.ndarray:
    """(n, 2**n): the basis state of window k, qubits k, k + 1, ... cyclically, in each state."""
    n = size.qubits
    bits = np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1) & 1
    inside = np.zeros((n, 2**n), np.int64)
    for k, place in product(range(n), range(size.width)):
        inside[k] |= bits[:, (k + place) % n] << (size.width - 1 - place)
    return inside
