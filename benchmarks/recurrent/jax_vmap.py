"""JAX by hand: one jitted step, vmap over samples, circuits and gates, scan over layers. complex64.

CNOT layers are index permutations; the rotations of a layer are merged into one matrix per half of
the qubits. Two other ways were tried at batch 10 and are slower by more than half: one product per
qubit, and the full 2^n x 2^n matrix of every circuit, made once per step and applied to all samples
and moments.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np

from .workload import CIRCUITS, Data, Size, cnots

VERSION = f"jax {jax.__version__}"
PAULI = {"x": [[0, 1], [1, 0]], "y": [[0, -1j], [1j, 0]], "z": [[1, 0], [0, -1]]}


def _sources(n: int, ring: bool) -> np.ndarray:
    """Which basis state each one comes from when the CNOTs act."""
    states = np.arange(2**n)
    for control, target in reversed(cnots(n, ring)):
        states = states ^ ((states >> (n - 1 - control) & 1) << (n - 1 - target))
    return states


def _turns(pauli: jax.Array, angles: jax.Array) -> jax.Array:
    half = (angles / 2)[:, None, None]
    return jnp.cos(half) * jnp.eye(2) - 1j * jnp.sin(half) * pauli


def make_step(size: Size) -> Callable:
    """Jit loss and gradients in theta and w."""
    n, low = size.qubits, size.qubits // 2
    sources = jnp.array([_sources(n, c.ring) for c in CIRCUITS])
    encodings, axes = (jnp.array([PAULI[a] for a in each], jnp.complex64) for each in _axes())
    starts = jnp.array(
        [[0.5**0.5, 0.5**0.5] if c.hadamard else [1, 0] for c in CIRCUITS], jnp.complex64
    )
    signs = jnp.array(
        [[1 - 2 * (s >> (n - 1 - k) & 1) for k in range(size.hidden)] for s in range(2**n)],
        jnp.float32,
    )

    def circuit(inputs, source, encoding, axis, start, theta):
        state = reduce(jnp.kron, _turns(encoding, inputs) @ start)

        def layer(state, angles):
            turns = _turns(axis, angles)
            first, second = reduce(jnp.kron, turns[:low]), reduce(jnp.kron, turns[low:])
            return (first @ state[source].reshape(2**low, -1) @ second.T).reshape(-1), None

        state, _ = jax.lax.scan(layer, state, theta)
        return (state.real**2 + state.imag**2) @ signs

    each = jax.vmap(circuit, (None, 0, 0, 0, 0, 0))
    of_gates = jax.vmap(each, (None, None, None, None, None, 0))
    of_samples = jax.vmap(of_gates, (0, None, None, None, None, None))

    def loss(theta, w, head, x, y):
        h = c = jnp.zeros((size.batch, size.hidden))
        for moment in range(size.window):
            found = of_samples(
                jnp.concatenate((x[:, moment, None], h), 1), sources, encodings, axes, starts, theta
            )
            f, i, o, g = jnp.einsum("gj,bgjk->gbk", w, found)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return jnp.mean((h @ head - y) ** 2)

    compiled = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))

    def step(given: Data) -> tuple[float, np.ndarray, np.ndarray]:
        value, (to_theta, to_w) = compiled(*given)
        return float(value), np.asarray(to_theta), np.asarray(to_w)

    return step


def _axes() -> tuple[list[str], list[str]]:
    return [c.encoding for c in CIRCUITS], [c.axis for c in CIRCUITS]
