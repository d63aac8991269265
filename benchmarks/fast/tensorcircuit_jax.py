"""TensorCircuit-NG on JAX: one jitted step, vmap over samples and the circuits of an entangler.

complex64.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.metadata import version

import jax
import jax.numpy as jnp
import numpy as np
import tensorcircuit as tc

from encoded.jax_parts import generators, squares, starts, turns

from .jax_parts import stepped
from .workload import CIRCUITS, Size, cnots, signs

VERSION = f"tensorcircuit-ng {version('tensorcircuit-ng')}, jax {version('jax')}"

tc.set_backend("jax")
tc.set_dtype("complex64")


def _probabilities(size: Size, ring: bool, x, theta, start, encoding, axis) -> jax.Array:
    """Of one circuit at one sample."""
    n = size.qubits
    a, b = turns(encoding, x) @ start
    first = jnp.array([[a, -b.conj()], [b, a.conj()]])
    circuit = tc.Circuit(n)
    for qubit in range(n):
        circuit.any(qubit, unitary=first)
    for gates in turns(axis, theta):
        for pair in cnots(n, ring):
            circuit.cnot(*pair)
        for qubit in range(n):
            circuit.any(qubit, unitary=gates[qubit])
    return squares(circuit.state())


def make_step(size: Size) -> Callable:
    """Start, encoding and axis of a circuit are numbers; its entangler is the structure."""
    groups = []
    for ring in (False, True):
        members = [index for index, circuit in enumerate(CIRCUITS) if circuit.ring == ring]
        chosen = tuple(CIRCUITS[index] for index in members)
        parts = (
            starts(chosen, jnp.complex64),
            generators([circuit.encoding for circuit in chosen], jnp.complex64),
            generators([circuit.axis for circuit in chosen], jnp.complex64),
        )
        each = jax.vmap(partial(_probabilities, size, ring), (None, None, 0, 0, 0))
        batched = jax.vmap(each, (0, 0, None, None, None))
        groups.append((np.array(members), batched, parts))

    def outputs(x, theta, w):
        mixture = 0
        for members, batched, parts in groups:
            mixture += jnp.einsum("j,bjs->bs", w[members], batched(x, theta, *parts))
        return mixture @ signs(size)

    return stepped(size, outputs)
