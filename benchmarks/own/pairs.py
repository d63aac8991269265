"""The pairs: what is trained on what, by which loss, for how long, and how it is judged."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from own import data, networks
from own.data import Data
from own.policy import mean_length, train_policy

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Pair:
    """A network and the data that it is trained on.

    Attributes:
        network: makes the network, of its own width or of the one given.
        load: the data; None of a policy, which has an environment.
        loss: what is trained.
        score: of outputs and targets, the greater the better.
        trivial: the score without any learning.
        epochs, batch: of the training.
        unit: what the score is, with so many `digits` behind the point.
        numbers: trainable numbers of the generators.
    """

    network: Callable[..., nn.Module]
    load: Callable[[], Data] | None
    loss: Loss
    score: Loss
    trivial: float
    epochs: int
    batch: int
    unit: str
    numbers: int = 500
    digits: int = 3

    def small(self, numbers: int) -> nn.Module:
        """The widest network of the same kind with at most so many weights."""
        width = 1
        while count(self.network(width=width + 1)) <= numbers:
            width += 1
        return self.network(width=width)

    @property
    def steps(self) -> int:
        """Steps of the optimiser in a whole training."""
        if self.load is None:
            return self.epochs
        return self.epochs * math.ceil(len(self.load().inputs) / self.batch)


def count(model: nn.Module) -> int:
    """Trainable numbers."""
    return sum(number.numel() for number in model.parameters() if number.requires_grad)


def accuracy(outputs: Tensor, labels: Tensor) -> Tensor:
    """Share of right labels."""
    return (outputs.argmax(-1) == labels).float().mean()


def explained(outputs: Tensor, targets: Tensor) -> Tensor:
    """R^2: the share of the targets' variance that is explained."""
    rest, whole = (outputs - targets).square().mean(), (targets - targets.mean(0)).square().mean()
    return 1 - rest / whole


def log_density(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean log density, in nats."""
    return -networks.negative_log_density(outputs, targets)


CE, MSE = F.cross_entropy, F.mse_loss

PAIRS = {
    "convolutions, fashion": Pair(
        networks.Convolutions,
        partial(data.images, "fashion-mnist", 6500),
        *(CE, accuracy, 0.1, 6, 100, "accuracy"),
    ),
    "resnet, mnist": Pair(
        networks.ResNet, partial(data.images, "mnist", 3000), CE, accuracy, 0.1, 8, 100, "accuracy"
    ),
    "gru, sunspots": Pair(
        partial(networks.Recurrent, nn.GRU), data.sunspots, MSE, explained, 0.0, 60, 20, "R2"
    ),
    "lstm, chirp": Pair(
        partial(networks.Recurrent, nn.LSTM), data.chirp, MSE, explained, 0.0, 60, 20, "R2"
    ),
    "transformer, digits": Pair(
        networks.RowTransformer, data.rows_of_digits, CE, accuracy, 0.1, 30, 50, "accuracy"
    ),
    "vit, mnist": Pair(
        networks.ViT, partial(data.images, "mnist", 3000), CE, accuracy, 0.1, 15, 50, "accuracy"
    ),
    "perceptron, wine": Pair(
        partial(networks.perceptron, 13, 3),
        partial(data.table, "wine"),
        *(CE, accuracy, 0.4, 60, 20, "accuracy"),
    ),
    "perceptron, breast cancer": Pair(
        partial(networks.perceptron, 30, 2),
        partial(data.table, "breast_cancer"),
        *(CE, accuracy, 0.63, 40, 20, "accuracy"),
    ),
    "perceptron, diabetes": Pair(
        partial(networks.perceptron, 10, 1),
        partial(data.table, "diabetes"),
        *(MSE, explained, 0.0, 40, 20, "R2"),
    ),
    "autoencoder, digits": Pair(
        networks.autoencoder, data.pixels_of_digits, MSE, explained, 0.0, 60, 50, "R2"
    ),
    "mixture density, curve": Pair(
        networks.density,
        data.several_valued,
        *(networks.negative_log_density, log_density, -1.42, 80, 50, "nats"),
    ),
    "policy, cartpole": Pair(
        partial(networks.perceptron, 4, 2), None, CE, accuracy, 22.0, 240, 512, "moments", digits=0
    ),
}
"""By name. Trivial scores: the most frequent class (a chance of one in ten), the mean of the
targets, one normal density, a random policy.
"""


def train(
    pair: Pair, data: Data | None, model: nn.Module, optimizer: torch.optim.Optimizer, seed: int
) -> None:
    """The loop of somebody who knows nothing of `diffqas`."""
    if data is None:
        train_policy(model, optimizer, seed)
        return
    order = torch.Generator().manual_seed(seed)
    for _ in range(pair.epochs):
        for some in torch.randperm(len(data.inputs), generator=order).split(pair.batch):
            optimizer.zero_grad()
            loss = pair.loss(model(data.inputs[some]), data.targets[some])
            loss.backward()
            optimizer.step()


@torch.no_grad()
def score(pair: Pair, data: Data | None, model: nn.Module) -> float:
    """On the part that was not trained on."""
    model.eval()
    if data is None:
        return mean_length(model)
    return float(pair.score(model(data.test_inputs), data.test_targets))
