"""W(n, depth) by hand in JAX: jit, vmap over the twelve circuits, scan over the layers.

Rotations of up to four neighbouring qubits are merged into one matrix, CNOTs are one gather.
"""

from __future__ import annotations

import os

import numpy as np
import torch

from diffqas import TABLE_I
from diffqas.simulator import mixture
from peers.workload import cnots

from .work import Job, attempted, emit, mixture_data, timed

GROUP = 4

MOST_ON_A_HOST, MOST_ON_A_CARD = 17, 22
"""Qubits of which a step is made and measured within a minute."""


def run(job: Job) -> None:
    """The same step at all sizes."""
    if job.device == "cpu":
        os.environ["JAX_PLATFORMS"] = "cpu"
    try:
        import jax
    except ImportError:
        emit(skipped="jax is not installed")
        return
    where = jax.devices()[0]
    emit(jax=jax.__version__, device=str(where))
    if job.device.startswith("cuda") and where.platform == "cpu":
        emit(skipped="this jax sees no card")
        return
    attempted({"agrees": [4, 3]}, distance, 4, 3)
    for n, depth in job.sizes:
        if n <= (MOST_ON_A_HOST if job.device == "cpu" else MOST_ON_A_CARD):
            attempted({"W": [n, depth]}, measured, job, n, depth)


def measured(job: Job, n: int, depth: int) -> dict[str, object]:
    """Milliseconds of a step at one size."""
    return timed(job, made(n, depth))


def distance(n: int, depth: int) -> dict[str, object]:
    """How far loss and gradients are from those of diffqas, relative, at a small size."""
    value, (of_angles, of_weights) = made(n, depth)()
    angles, weights, target = mixture_data(n, depth, 1, "cpu")
    loss = (2**n * mixture(TABLE_I, angles, weights) - target).square().sum() / 2**n
    loss.backward()
    found = {"loss": abs(float(value) / loss.item() - 1)}
    for name, ours, theirs in (("angles", angles, of_angles), ("weights", weights, of_weights)):
        assert ours.grad is not None
        apart = torch.from_numpy(np.array(theirs)) - ours.grad
        found[name] = (apart.norm() / ours.grad.norm()).item()
    return {key: round(number, 9) for key, number in found.items()}


def made(n: int, depth: int):
    """A compiled step."""
    import jax
    import jax.numpy as jnp

    orders = jnp.asarray(np.stack([_gather(n, False), _gather(n, True)]))
    axes = np.zeros((3, 2, 2), np.complex64)
    axes[0], axes[1] = [[0, 1], [1, 0]], [[0, -1j], [1j, 0]]
    axes[2] = np.diag([1, -1])
    circuits = [(h, ring, axis) for h in (True, False) for ring in (0, 1) for axis in range(3)]
    rings = jnp.array([ring for _, ring, _ in circuits])
    generators = jnp.asarray(axes[[axis for _, _, axis in circuits]])
    starts = np.zeros((12, 2**n), np.complex64)
    for row, (hadamard, _, _) in enumerate(circuits):
        if hadamard:
            starts[row] = 2 ** (-n / 2)
        else:
            starts[row, 0] = 1
    begin = jnp.asarray(starts)
    angles, weights, target = (
        jnp.asarray(one.detach().numpy()) for one in mixture_data(n, depth, 1, "cpu")
    )

    def one(state, ring, generator, theta):
        half = theta[..., None, None] / 2
        unitaries = jnp.cos(half) * jnp.eye(2) - 1j * jnp.sin(half) * generator
        order = orders[ring]

        def layer(state, each):
            state = state[order]
            for first in range(0, n, GROUP):
                matrix = each[first]
                for q in range(first + 1, min(n, first + GROUP)):
                    matrix = jnp.kron(matrix, each[q])
                split = state.reshape(2**first, len(matrix), -1)
                state = jnp.einsum("ab,xby->xay", matrix, split).reshape(-1)
            return state, None

        state, _ = jax.lax.scan(layer, state, unitaries)
        return state.real**2 + state.imag**2

    def loss(theta, w):
        every = jax.vmap(one, (0, 0, 0, None))(begin, rings, generators, theta[0])
        distance = 2**n * (w[0] @ every) - target
        return jnp.sum(distance**2) / 2**n

    both = jax.jit(jax.value_and_grad(loss, (0, 1)))
    return lambda: jax.block_until_ready(both(angles, weights))


def _gather(n: int, ring: bool) -> np.ndarray:
    """Where amplitude i behind the CNOTs comes from."""
    index = np.arange(2**n)
    bits = [(index >> (n - 1 - q)) & 1 for q in range(n)]
    for control, target in cnots(n, ring):
        bits[target] = bits[target] ^ bits[control]
    image = sum(bits[q] << (n - 1 - q) for q in range(n))
    source = np.empty_like(index)
    source[image] = index
    return source.astype(np.int32)
