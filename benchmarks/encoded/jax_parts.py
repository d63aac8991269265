"""What the ways of JAX share: matrices of rotations, permutations, diagonals, loss and step."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from .workload import Circuit, Data, Size, window_states

VERSION = f"jax {jax.__version__}"

GENERATOR = {
    "x": [[0, -1j], [-1j, 0]],
    "y": [[0, -1], [1, 0]],
    "z": [[-1j, 0], [0, 1j]],
}
"""-i P: a rotation is cos(t/2) + sin(t/2) (-i P), which is real for Y."""


def dtype_of(circuits: tuple[Circuit, ...]) -> type:
    """Real numbers where every matrix is real."""
    real = all(circuit.encoding == circuit.axis == "y" for circuit in circuits)
    return jnp.float32 if real else jnp.complex64


def generators(axes: list[str], dtype: type) -> jax.Array:
    """One generator per circuit."""
    found = np.array([GENERATOR[axis] for axis in axes])
    return jnp.asarray(found.real if dtype == jnp.float32 else found, dtype)


def starts(circuits: tuple[Circuit, ...], dtype: type) -> jax.Array:
    """A qubit's state before the first encoding, per circuit."""
    rows = [[0.5**0.5] * 2 if circuit.hadamard else [1.0, 0.0] for circuit in circuits]
    return jnp.array(rows, dtype)


def turns(generator: jax.Array, angles: jax.Array) -> jax.Array:
    """(...) angles -> (..., 2, 2)."""
    half = angles[..., None, None] / 2
    return jnp.cos(half) * jnp.eye(2, dtype=generator.dtype) + jnp.sin(half) * generator


@jax.custom_vjp
def permute(state: jax.Array, forth: jax.Array, back: jax.Array) -> jax.Array:
    """A gather whose gradient is the gather of the inverse; JAX's own would be a scatter."""
    return state[forth]


permute.defvjp(
    lambda state, forth, back: (state[forth], back),
    lambda back, above: (above[back], None, None),
)


def squares(state: jax.Array) -> jax.Array:
    """Probabilities."""
    if jnp.iscomplexobj(state):
        return state.real**2 + state.imag**2
    return state * state


def expanded(size: Size, diagonals: jax.Array) -> jax.Array:
    """Diagonals of all windows on the whole register, (2**n, n), as views: gradients are sums."""
    n, width = size.qubits, size.width
    rows = []
    for q in range(n):
        over = max(0, q + width - n)
        if over == 0:
            row, shape = diagonals[q].reshape(1, -1, 1), (2**q, 2**width, 2 ** (n - q - width))
        else:
            # The window's last qubits are the register's first ones.
            split = diagonals[q].reshape(2 ** (width - over), 2**over)
            row = split.T.reshape(2**over, 1, -1)
            shape = (2**over, 2 ** (n - width), 2 ** (width - over))
        rows.append(jnp.broadcast_to(row, shape).reshape(-1))
    assert len(window_states(size)) == n
    return jnp.stack(rows, 1)


def stepped(size: Size, outputs: Callable) -> Callable:
    """The jitted step around outputs(x, theta, w, diagonals) -> (batch, n)."""

    def loss(*tensors: jax.Array) -> jax.Array:
        return jnp.mean((outputs(*tensors[:4]) - tensors[4]) ** 2)

    wanted = (0, 1, 2, 3) if size.trained else (0, 1, 2)
    compiled = jax.jit(jax.value_and_grad(loss, wanted))

    def step(given: Data) -> tuple[float, list[np.ndarray]]:
        value, gradients = compiled(*given)
        return float(value), [np.asarray(gradient) for gradient in gradients]

    return step
