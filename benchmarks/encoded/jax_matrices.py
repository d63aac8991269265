"""JAX: what follows the only encoding as one 2**n x 2**n matrix per entangler and axis."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np

from .jax_parts import VERSION as VERSION
from .jax_parts import dtype_of, expanded, generators, permute, squares, starts, stepped, turns
from .workload import Circuit, Size, sources


def make_step(size: Size, circuits: tuple[Circuit, ...]) -> Callable:
    """Circuits that share a matrix differ in start and encoding only: one product serves them."""
    assert size.uploads == 1
    n, dtype = size.qubits, dtype_of(circuits)
    bodies = sorted({(c.ring, c.axis) for c in circuits})
    heads = sorted({(c.hadamard, c.encoding) for c in circuits})
    place = {circuit: index for index, circuit in enumerate(circuits)}
    table = np.array([[place[Circuit(*head, *body)] for body in bodies] for head in heads])
    own = [Circuit(*heads[0], *body) for body in bodies]
    forth = np.stack([sources(n, ring) for ring, _ in bodies])
    back = forth.argsort(1)
    body_axes = generators([c.axis for c in own], dtype)
    first = tuple(Circuit(*head, *bodies[0]) for head in heads)
    head_axes, begin = generators([c.encoding for c in first], dtype), starts(first, dtype)

    def matrix(forth, back, generator, theta):
        def layer(product, angles):
            rotations = reduce(jnp.kron, turns(generator, angles))
            return rotations @ permute(product, forth, back), None

        return jax.lax.scan(layer, jnp.eye(2**n, dtype=dtype), theta)[0]

    def encoded(generator, start, x):
        return reduce(jnp.kron, turns(generator, x) @ start)

    def outputs(x, theta, w, diagonals):
        whole = jax.vmap(matrix, (0, 0, 0, None))(forth, back, body_axes, theta)
        each = jax.vmap(jax.vmap(encoded, (None, None, 0)), (0, 0, None))
        states = jnp.einsum("kab,pib->pkia", whole, each(head_axes, begin, x))
        return jnp.einsum("pk,pkis->is", w[table], squares(states)) @ expanded(size, diagonals)

    return stepped(size, outputs)
