"""What the ways of JAX share: the slow network, loss and step."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from .workload import Data, Size


def stepped(size: Size, outputs: Callable) -> Callable:
    """The jitted step around outputs(x (batch,), theta (batch, depth, n), w) -> (batch, outputs).

    A moment's angles are the fast weights plus the outer product that the slow network gives.
    """

    def loss(trained: tuple[jax.Array, ...], x: jax.Array, y: jax.Array) -> jax.Array:
        encoder, encoder_bias, layers, layers_bias, columns, columns_bias, w, fast = trained
        latent = x @ encoder.T + encoder_bias
        of_layers, of_columns = latent @ layers.T + layers_bias, latent @ columns.T + columns_bias
        theta = fast + of_layers[:, :, None] * of_columns[:, None]
        return jnp.mean((outputs(x[:, 0], theta, w) - y) ** 2)

    compiled = jax.jit(jax.value_and_grad(loss))

    def step(given: Data) -> tuple[float, list[np.ndarray]]:
        value, gradients = compiled(given.trained, given.x, given.y)
        return float(value), [np.asarray(gradient) for gradient in gradients]

    return step
