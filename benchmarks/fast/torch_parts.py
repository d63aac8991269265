"""What the peers on torch share: the slow network, loss and step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from .workload import Data, Size


def stepped(size: Size, outputs: Callable) -> Callable:
    """The step around outputs(x (batch,), theta (batch, depth, n), w) -> (batch, outputs)."""

    def step(given: Data) -> tuple[float, list[np.ndarray]]:
        tensors = Data(*(torch.from_numpy(array) for array in given))
        leaves = [leaf.requires_grad_() for leaf in tensors.trained]
        latent = torch.nn.functional.linear(tensors.x, tensors.encoder, tensors.encoder_bias)
        of_layers = torch.nn.functional.linear(latent, tensors.layers, tensors.layers_bias)
        of_columns = torch.nn.functional.linear(latent, tensors.columns, tensors.columns_bias)
        theta = tensors.fast + of_layers[:, :, None] * of_columns[:, None]
        found = outputs(tensors.x[:, 0], theta, tensors.w)
        loss = (found - tensors.y).square().mean()
        gradients = torch.autograd.grad(loss, leaves)
        return loss.item(), [gradient.numpy() for gradient in gradients]

    return step
