"""The work that is timed: a moment of a slow network and 36 circuits, mean square loss.

With e(x) = A x + a, the angles of a sample are its fast weights plus the outer product of
B e(x) + b and C e(x) + c; each circuit turns all qubits by the one input and has these angles; <Z>
of the first qubits, summed over the circuits with weights w, are the outputs. Written without
diffqas, so that the peers and the check depend on nothing that is being compared.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np


class Circuit(NamedTuple):
    """Hadamards or not, an encoding rotation, then layers: CNOTs and a rotation by the angles."""

    hadamard: bool
    encoding: str
    ring: bool
    axis: str


CIRCUITS = tuple(Circuit(*each) for each in product((True, False), "yzx", (False, True), "yzx"))


class Size(NamedTuple):
    """Samples, qubits, layers, length of e(x), qubits that are read."""

    batch: int = 32
    qubits: int = 8
    depth: int = 2
    latent: int = 8
    outputs: int = 4


SMALL = Size(batch=3, qubits=4, latent=3, outputs=2)
"""The same work as small as dense matrices can do it."""


class Data(NamedTuple):
    """Inputs x (batch, 1), targets y (batch, outputs), and what is trained or came before."""

    x: np.ndarray
    y: np.ndarray
    encoder: np.ndarray
    """(latent, 1)"""
    encoder_bias: np.ndarray
    layers: np.ndarray
    """(depth, latent)"""
    layers_bias: np.ndarray
    columns: np.ndarray
    """(qubits, latent)"""
    columns_bias: np.ndarray
    w: np.ndarray
    """(circuits,)"""
    fast: np.ndarray
    """Added to the angles before, (batch, depth, qubits)."""

    @property
    def trained(self) -> tuple[np.ndarray, ...]:
        """What gradients are wanted of, in the order in which a step gives them."""
        return tuple(self[2:])


def data(size: Size, seed: int = 0) -> Data:
    """Random data, float32, equal for every peer."""
    rng = np.random.default_rng(seed)
    arrays = (
        rng.normal(size=(size.batch, 1)),
        rng.normal(size=(size.batch, size.outputs)),
        rng.normal(size=(size.latent, 1)),
        rng.normal(size=size.latent),
        rng.normal(size=(size.depth, size.latent)) / size.latent**0.5,
        rng.normal(size=size.depth),
        rng.normal(size=(size.qubits, size.latent)) / size.latent**0.5,
        rng.normal(size=size.qubits),
        rng.normal(size=len(CIRCUITS)) / 6,
        rng.normal(size=(size.batch, size.depth, size.qubits)),
    )
    return Data(*(array.astype(np.float32) for array in arrays))


def cnots(n: int, ring: bool) -> list[tuple[int, int]]:
    """(control, target) of one entangling layer: two staggered rows of pairs, or a ring."""
    if ring:
        return [(q, (q + 1) % n) for q in range(n)]
    return [(q, q + 1) for first in (0, 1) for q in range(first, n - 1, 2)]


def sources(n: int, ring: bool) -> np.ndarray:
    """new[s] = old[sources[s]] for one entangling layer; qubit 0 is the most significant bit."""
    found = np.arange(2**n)
    for control, target in reversed(cnots(n, ring)):
        found = found ^ ((found >> (n - 1 - control) & 1) << (n - 1 - target))
    return found


def signs(size: Size) -> np.ndarray:
    """Z of the qubits that are read in every basis state, (2**n, outputs)."""
    n = size.qubits
    bits = np.arange(2**n)[:, None] >> np.arange(n - 1, n - 1 - size.outputs, -1) & 1
    return (1 - 2 * bits).astype(np.float32)
