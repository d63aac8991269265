"""The cell around the circuits, for peers that work in torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from .workload import Data, Size

Gates = Callable[[Tensor], Tensor]
"""Inputs (batch, n) to the mixed outputs of the four gates, (4, batch, hidden)."""


def make_step(size: Size, gates_at: Callable[[Tensor, Tensor], Gates]) -> Callable:
    """A step; `gates_at(theta, w)` is called once in it and says what the gates give."""

    def step(given: Data) -> tuple[float, np.ndarray, np.ndarray]:
        theta, w = (torch.from_numpy(array).requires_grad_() for array in (given.theta, given.w))
        head, x, y = (torch.from_numpy(array) for array in (given.head, given.x, given.y))
        gates = gates_at(theta, w)
        h = c = torch.zeros(size.batch, size.hidden)
        for moment in range(size.window):
            f, i, o, g = gates(torch.cat((x[:, moment : moment + 1], h), dim=1)).unbind(0)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        loss = (h @ head - y).square().mean()
        to_theta, to_w = torch.autograd.grad(loss, (theta, w))
        return loss.item(), to_theta.numpy(), to_w.numpy()

    return step
