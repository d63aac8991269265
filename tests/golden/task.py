"""A small task in a file: 31 samples to learn from, a network of 21 weights."""

import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas.quantum_train import RECIPES
from diffqas.tasks import Settings, Split, Task

# No random numbers: their last digit depends on the processor.
INPUTS = (torch.arange(120).reshape(40, 3) * 37 % 101) / 50.0 - 1.0
TARGETS = INPUTS[:, 0] * INPUTS[:, 1]


def network() -> nn.Module:
    """What the circuits write."""
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0))


def mine() -> Task:
    """The product of two of three numbers."""
    return Task(
        name="mine",
        train=Split(INPUTS[:31], TARGETS[:31]),
        test=Split(INPUTS[31:], TARGETS[31:]),
        target=network,
        loss=mse_loss,
        metrics={"mse": mse_loss},
        recipes={"default": Settings(RECIPES["default"], depth=1, epochs=4, batch_size=10)},
    )
