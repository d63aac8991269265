"""JAX: vmap over samples and circuits, scan over layers; rotations that meet are merged first."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np

from .jax_parts import VERSION as VERSION
from .jax_parts import dtype_of, expanded, generators, permute, squares, starts, stepped, turns
from .workload import Circuit, Size, sources

GROUP = 4
"""Qubits whose rotations are one matrix; with two at eight qubits, which is faster there."""


def make_step(size: Size, circuits: tuple[Circuit, ...]) -> Callable:
    """With a layer per upload the next encoding joins the rotations: each upload is one pass."""
    n, dtype = size.qubits, dtype_of(circuits)
    forth = np.stack([sources(n, circuit.ring) for circuit in circuits])
    back = forth.argsort(1)
    encodings = generators([circuit.encoding for circuit in circuits], dtype)
    axes, begin = generators([circuit.axis for circuit in circuits], dtype), starts(circuits, dtype)
    group = 2 if size.uploads > 1 else GROUP
    cuts = [(q, min(n, q + group)) for q in range(0, n, group)]

    def circuit(x, forth, back, encoding, axis, start, theta):
        encode, rotate = turns(encoding, x), turns(axis, theta)

        def layer(state, gates):
            state = permute(state, forth, back)
            for first, last in cuts:
                matrix = reduce(jnp.kron, gates[first:last])
                split = state.reshape(2**first, matrix.shape[0], -1)
                state = jnp.einsum("ab,xby->xay", matrix, split).reshape(-1)
            return state, None

        ends = np.arange(1, size.depth + 1)
        meets = (ends % size.layers == 0) & (ends < size.depth)
        gates = jnp.where(meets[:, None, None, None], encode @ rotate, rotate)
        state, _ = jax.lax.scan(layer, reduce(jnp.kron, encode @ start), gates)
        return squares(state)

    each = jax.vmap(circuit, (None, 0, 0, 0, 0, 0, None))
    batched = jax.vmap(each, (0, None, None, None, None, None, None))

    def outputs(x, theta, w, diagonals):
        found = batched(x, forth, back, encodings, axes, begin, theta)
        return jnp.einsum("j,bjs->bs", w, found) @ expanded(size, diagonals)

    return stepped(size, outputs)
