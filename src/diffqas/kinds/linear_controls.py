"""Linear models beside a quantum layer: of the inputs, and of random features of the inputs.

A quantum layer with a linear head is a linear model of trained features. Whether the circuit has
found anything is seen in comparison with as many trained numbers on features that are not trained,
and with a linear model of the inputs as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from diffqas.kinds.kind import Companion
from diffqas.kinds.ordinary import without_structure
from diffqas.optimisers import DirectLockstep
from diffqas.tasks import Settings, SmallMLP, Task, output_shape
from diffqas.training import RATES, seeded


class RandomFeatures(nn.Module):
    """A trained linear layer of cos(W x + b), with W and b drawn once and never trained.

    These are random Fourier features of a Gaussian kernel (Rahimi and Recht, 2007): W is normal
    with the standard deviation 1 / sqrt(size), and b is uniform in [0, 2 pi].
    Samples (batch, ...) -> (batch, *shape).

    Args:
        size: how many numbers a sample has.
        features: how many features there are.
        shape: the shape of a prediction.
    """

    def __init__(self, size: int, features: int, shape: tuple[int, ...] = ()) -> None:
        super().__init__()
        drawn = torch.randn(features, size) / math.sqrt(size)
        self.frequencies = nn.Parameter(drawn, requires_grad=False)
        phases = 2 * math.pi * torch.rand(features)
        self.phases = nn.Parameter(phases, requires_grad=False)
        self.readout = nn.Linear(features, math.prod(shape))
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """Predictions for samples: (batch, ...) -> (batch, *shape)."""
        angles = nn.functional.linear(x.flatten(1), self.frequencies, self.phases)
        # With the factor sqrt(2 / m) on each of m features, their products estimate the kernel.
        features = math.sqrt(2 / len(self.phases)) * torch.cos(angles)
        return self.readout(features).reshape(len(x), *self.shape)


def linear_model(task: Task, settings: Settings) -> Companion:
    """Logistic regression for classes, or linear regression for values, on the inputs."""
    shape = output_shape(task)
    size = task.train.inputs[0].numel()
    name = "linear regression"
    if not task.train.targets.is_floating_point():
        name = "logistic regression"
    make = partial(SmallMLP, size, 0, shape)
    return _companion(name, SmallMLP.count(size, 0, math.prod(shape)), make, task, settings)


def random_features(task: Task, settings: Settings, numbers: int) -> Companion:
    """A linear model of random features that trains at most `numbers` numbers.

    It has at least one feature, however few the numbers are.
    """
    shape = output_shape(task)
    outputs = math.prod(shape)
    size = task.train.inputs[0].numel()
    features = max(1, numbers // outputs - 1)
    make = partial(RandomFeatures, size, features, shape)
    name = f"{features} random features"
    return _companion(name, (features + 1) * outputs, make, task, settings)


def _companion(
    name: str, numbers: int, make: Callable[[], nn.Module], task: Task, settings: Settings
) -> Companion:
    return Companion(
        name=name,
        numbers=numbers,
        remark=f"{numbers:,} trainable numbers",
        populate=partial(_populated, make, task),
        task=task,
        settings=without_structure(settings),
        rates=RATES,
    )


def _populated(
    make: Callable[[], nn.Module], task: Task, seeds: Sequence[int], rate: float
) -> DirectLockstep:
    return DirectLockstep([seeded(seed, make, task) for seed in seeds], rate)
