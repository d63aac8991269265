"""TensorCircuit-NG on JAX: one jitted step, vmap over the circuits of an entangler, scan over the
layers.

A loop over layers unrolls into a graph that compiles for minutes; `jax.lax.scan` with a circuit
that starts from the state so far is what the project's own examples use. complex64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version

import jax
import jax.numpy as jnp
import numpy as np
import tensorcircuit as tc

from .workload import Circuit, cnots

VERSION = f"tensorcircuit-ng {version('tensorcircuit-ng')}, jax {version('jax')}"
PAULI = {"x": [[0, 1], [1, 0]], "y": [[0, -1j], [1j, 0]], "z": [[1, 0], [0, -1]]}
tc.set_backend("jax")
tc.set_dtype("complex64")


def _probabilities(
    n: int, ring: bool, theta: jax.Array, start: jax.Array, pauli: jax.Array
) -> jax.Array:
    """Probabilities of one circuit from its start state and its rotation's Pauli matrix; both may
    be batched.
    """

    def layer(state: jax.Array, half: jax.Array) -> tuple[jax.Array, None]:
        circuit = tc.Circuit(n, inputs=state)
        for control, target in cnots(n, ring):
            circuit.cnot(control, target)
        gates = (
            jnp.cos(half)[:, None, None] * jnp.eye(2) - 1j * jnp.sin(half)[:, None, None] * pauli
        )
        for qubit in range(n):
            circuit.any(qubit, unitary=gates[qubit])
        return circuit.state(), None

    state, _ = jax.lax.scan(layer, start, theta / 2)
    return state.real**2 + state.imag**2


def make_step(n: int, depth: int, circuits: Sequence[Circuit]) -> Callable:
    """Jit loss and gradients in theta and w; circuits of one entangler are one vmapped batch."""
    del depth  # the shape of theta holds it
    groups = []
    for ring in (False, True):
        members = [i for i, c in enumerate(circuits) if c.ring == ring]
        if members:
            starts = np.zeros((len(members), 2**n), np.complex64)
            for row, i in zip(starts, members, strict=True):
                row[: None if circuits[i].hadamard else 1] = (
                    2 ** (-n / 2) if circuits[i].hadamard else 1
                )
            paulis = np.array([PAULI[circuits[i].axis] for i in members], np.complex64)
            groups.append((ring, np.array(members), starts, paulis))

    def loss(theta: jax.Array, w: jax.Array, target: jax.Array) -> jax.Array:
        mixture = jnp.zeros(2**n)
        for ring, members, starts, paulis in groups:
            batched = jax.vmap(
                lambda start, pauli, ring=ring: _probabilities(n, ring, theta, start, pauli)
            )
            mixture += w[members] @ batched(starts, paulis)
        return jnp.mean((2**n * mixture - target) ** 2)

    compiled = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))

    def step(
        theta: np.ndarray, w: np.ndarray, target: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        value, (grad_theta, grad_w) = compiled(theta, w, target)
        return float(value), np.asarray(grad_theta), np.asarray(grad_w)

    return step
