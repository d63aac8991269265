"""TensorCircuit-NG on JAX: one jitted step, vmap over samples and the circuits of an entangler.

Layers and uploads are scans whose circuits start from the state so far, for unrolled loops compile
for minutes. complex64.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.metadata import version

import jax
import jax.numpy as jnp
import numpy as np
import tensorcircuit as tc

from .jax_parts import expanded, generators, squares, starts, stepped, turns
from .workload import Circuit, Size, cnots

VERSION = f"tensorcircuit-ng {version('tensorcircuit-ng')}, jax {version('jax')}"

tc.set_backend("jax")
tc.set_dtype("complex64")


def _first(encoded: jax.Array) -> jax.Array:
    """Unitaries (n, 2, 2) whose first columns are the qubits' encoded starts (n, 2)."""
    other = jnp.stack((-encoded[:, 1].conj(), encoded[:, 0].conj()), -1)
    return jnp.stack((encoded, other), -1)


def _turned(state: jax.Array, gates: jax.Array, pairs: list[tuple[int, int]]) -> jax.Array:
    """CNOTs, then a gate (2, 2) on each qubit."""
    circuit = tc.Circuit(len(gates), inputs=state)
    for pair in pairs:
        circuit.cnot(*pair)
    for qubit in range(len(gates)):
        circuit.any(qubit, unitary=gates[qubit])
    return circuit.state()


def _probabilities(size: Size, ring: bool, x, theta, start, encoding, axis) -> jax.Array:
    """Of one circuit at one sample."""
    pairs = cnots(size.qubits, ring)
    encode, rotate = turns(encoding, x), turns(axis, theta)
    rotate = rotate.reshape(size.uploads, size.layers, *encode.shape)

    def layer(state: jax.Array, gates: jax.Array) -> tuple[jax.Array, None]:
        return _turned(state, gates, pairs), None

    def upload(state: jax.Array, gates: jax.Array) -> tuple[jax.Array, None]:
        return jax.lax.scan(layer, _turned(state, encode, []), gates)

    circuit = tc.Circuit(size.qubits)
    for qubit, gate in enumerate(_first(encode @ start)):
        circuit.any(qubit, unitary=gate)
    state, _ = jax.lax.scan(layer, circuit.state(), rotate[0])
    if size.uploads > 1:
        state, _ = jax.lax.scan(upload, state, rotate[1:])
    return squares(state)


def make_step(size: Size, circuits: tuple[Circuit, ...]) -> Callable:
    """Start, encoding and axis of a circuit are numbers; its entangler is the structure."""
    groups = []
    for ring in (False, True):
        members = [index for index, circuit in enumerate(circuits) if circuit.ring == ring]
        if not members:
            continue
        chosen = tuple(circuits[index] for index in members)
        parts = (
            starts(chosen, jnp.complex64),
            generators([circuit.encoding for circuit in chosen], jnp.complex64),
            generators([circuit.axis for circuit in chosen], jnp.complex64),
        )
        each = jax.vmap(partial(_probabilities, size, ring), (None, None, 0, 0, 0))
        batched = jax.vmap(each, (0, None, None, None, None))
        groups.append((np.array(members), batched, parts))

    def outputs(x, theta, w, diagonals):
        mixture = 0
        for members, batched, parts in groups:
            mixture += jnp.einsum("j,bjs->bs", w[members], batched(x, theta, *parts))
        return mixture @ expanded(size, diagonals)

    return stepped(size, outputs)
