"""JAX: vmap over samples and circuits, scan over layers; four rotations are one matrix."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np

from encoded.jax_parts import VERSION as VERSION
from encoded.jax_parts import generators, permute, squares, starts, turns

from .jax_parts import stepped
from .workload import CIRCUITS, Size, signs, sources

GROUP = 4
"""Qubits whose rotations are one matrix."""


def make_step(size: Size) -> Callable:
    """Every circuit at every sample by itself, as vmap puts them together."""
    n = size.qubits
    forth = np.stack([sources(n, circuit.ring) for circuit in CIRCUITS])
    back = forth.argsort(1)
    encodings = generators([circuit.encoding for circuit in CIRCUITS], jnp.complex64)
    axes = generators([circuit.axis for circuit in CIRCUITS], jnp.complex64)
    begin = starts(CIRCUITS, jnp.complex64)
    cuts = [(q, min(n, q + GROUP)) for q in range(0, n, GROUP)]

    def circuit(x, theta, forth, back, encoding, axis, start):
        vector = turns(encoding, x) @ start

        def layer(state, gates):
            state = permute(state, forth, back)
            for first, last in cuts:
                matrix = reduce(jnp.kron, gates[first:last])
                split = state.reshape(2**first, matrix.shape[0], -1)
                state = jnp.einsum("ab,xby->xay", matrix, split).reshape(-1)
            return state, None

        state, _ = jax.lax.scan(layer, reduce(jnp.kron, [vector] * n), turns(axis, theta))
        return squares(state)

    each = jax.vmap(circuit, (None, None, 0, 0, 0, 0, 0))
    batched = jax.vmap(each, (0, 0, None, None, None, None, None))

    def outputs(x, theta, w):
        found = batched(x, theta, forth, back, encodings, axes, begin)
        return jnp.einsum("j,bjs->bs", w, found) @ signs(size)

    return stepped(size, outputs)
