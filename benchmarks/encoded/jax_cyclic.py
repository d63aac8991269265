"""JAX, one real circuit of many qubits: no transposition is ever made.

Every product takes the first group of qubits and appends the result at the other end, so that after
all groups the samples have moved from last to first; the next layer moves them back. Each layer is
computed again on the way back, so that memory holds one state per layer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import jax
import jax.numpy as jnp

from .jax_parts import VERSION as VERSION
from .jax_parts import dtype_of, expanded, generators, permute, starts, stepped, turns
from .workload import Circuit, Size, sources

GROUP = 4


def make_step(size: Size, circuits: tuple[Circuit, ...]) -> Callable:
    """Layers go in pairs, the first down and the second up."""
    assert len(circuits) == size.uploads == 1
    assert size.depth % 2 == 0
    assert dtype_of(circuits) == jnp.float32
    n, batch = size.qubits, size.batch
    forth = sources(n, circuits[0].ring)
    back = forth.argsort()
    generator, start = generators(["y"], jnp.float32)[0], starts(circuits, jnp.float32)[0]
    cuts = [(q, min(n, q + GROUP)) for q in range(0, n, GROUP)]

    @jax.checkpoint
    def down(state, theta):
        gates = turns(generator, theta)
        state = permute(state, forth, back)
        for first, last in cuts:
            matrix = reduce(jnp.kron, gates[first:last])
            state = jnp.einsum("ax,ca->xc", state.reshape(len(matrix), -1), matrix)
        return state.reshape(batch, 2**n)

    @jax.checkpoint
    def up(state, theta):
        gates = turns(generator, theta)
        state = jax.vmap(permute, (0, None, None))(state, forth, back)
        for first, last in reversed(cuts):
            matrix = reduce(jnp.kron, gates[first:last])
            state = jnp.einsum("xa,ca->cx", state.reshape(-1, len(matrix)), matrix)
        return state.reshape(2**n, batch)

    def outputs(x, theta, w, diagonals):
        vectors = (turns(generator, x) @ start).transpose(1, 2, 0)
        state = jnp.ones((1, batch))
        for vector in vectors:
            state = (state[:, None] * vector).reshape(-1, batch)
        pairs = theta.reshape(-1, 2, n)
        state, _ = jax.lax.scan(lambda s, t: (up(down(s, t[0]), t[1]), None), state, pairs)
        return w[0] * ((state * state).T @ expanded(size, diagonals))

    return stepped(size, outputs)
