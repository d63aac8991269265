"""The networks of an actor-critic agent (arXiv 2505.09653, section V-C)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

WIDTHS = (32, 32)


def tanh_network(
    inputs: int, outputs: int, widths: tuple[int, ...] = WIDTHS, head: float = 1.0
) -> nn.Sequential:
    """A perceptron with tanh between its layers: 147-32-32-7 and 147-32-32-1 for MiniGrid.

    The last layer starts `head` times as large as torch's own start.

    >>> sum(weights.numel() for weights in tanh_network(147, 7).parameters())
    6023
    """
    sizes = (inputs, *widths)
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.Tanh()]
    last = nn.Linear(sizes[-1], outputs)
    with torch.no_grad():
        last.weight.mul_(head)
        last.bias.mul_(head)
    return nn.Sequential(*layers, last)
