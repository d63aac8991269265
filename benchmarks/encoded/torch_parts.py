"""What the peers on torch share: loss and step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from .workload import Data, Size


def trained_by_torch(size: Size, outputs: Callable) -> Callable:
    """The step around outputs(x, theta, w, diagonals) -> (batch, n), tensors in and out."""

    def step(given: Data) -> tuple[float, list[np.ndarray]]:
        x, theta, w, diagonals, y = (torch.from_numpy(each) for each in given)
        leaves = [x, theta, w] + ([diagonals] if size.trained else [])
        for leaf in leaves:
            leaf.requires_grad_()
        loss = (outputs(x, theta, w, diagonals) - y).square().mean()
        gradients = torch.autograd.grad(loss, leaves)
        return loss.item(), [gradient.numpy() for gradient in gradients]

    return step
