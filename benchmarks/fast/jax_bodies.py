"""JAX: circuits of an entangler and an axis share the matrices of a sample's layers.

They differ in start and encoding, which are further columns of two matrix products per layer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np

from encoded.jax_parts import VERSION as VERSION
from encoded.jax_parts import generators, permute, squares, starts, turns

from .jax_parts import stepped
from .workload import CIRCUITS, Circuit, Size, signs, sources


def make_step(size: Size) -> Callable:
    """Six bodies of six heads each."""
    n = size.qubits
    half = n // 2
    bodies = sorted({(c.ring, c.axis) for c in CIRCUITS})
    heads = sorted({(c.hadamard, c.encoding) for c in CIRCUITS})
    place = {circuit: index for index, circuit in enumerate(CIRCUITS)}
    table = np.array([[place[Circuit(*head, *body)] for head in heads] for body in bodies])
    found = np.stack([sources(n, ring) for ring, _ in bodies])
    forth, back = jnp.asarray(found), jnp.asarray(found.argsort(1))
    axes = generators([axis for _, axis in bodies], jnp.complex64)
    first = tuple(Circuit(*head, *bodies[0]) for head in heads)
    encodings = generators([c.encoding for c in first], jnp.complex64)
    begin = starts(first, jnp.complex64)

    def encoded(generator, start, x):
        return reduce(jnp.kron, [turns(generator, x) @ start] * n)

    def body(states, theta, forth, back, axis):
        """The states of all heads, (2**n, heads), behind the layers."""
        for gates in turns(axis, theta):
            states = permute(states, forth, back).reshape(2**half, 2 ** (n - half), -1)
            left, right = (reduce(jnp.kron, part) for part in (gates[:half], gates[half:]))
            states = jnp.einsum("ab,bch->ach", left, states)
            states = jnp.einsum("dc,ach->adh", right, states).reshape(2**n, -1)
        return squares(states)

    of_bodies = jax.vmap(body, (None, None, 0, 0, 0))

    def sample(x, theta):
        states = jax.vmap(encoded, (0, 0, None), 1)(encodings, begin, x)
        return of_bodies(states, theta, forth, back, axes)

    def outputs(x, theta, w):
        found = jax.vmap(sample)(x, theta)  # (batch, bodies, 2**n, heads)
        return jnp.einsum("kh,bksh->bs", w[table], found) @ signs(size)

    return stepped(size, outputs)
