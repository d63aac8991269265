"""Small targets of every kind with inputs for them, all in float64."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from diffqas.quantum_train import QuantumTrain

FOLDER = str(Path(__file__).parent)
if FOLDER not in sys.path:  # makers of targets that several test modules use
    sys.path.append(FOLDER)


class First(nn.Module):
    """The outputs of a recurrent layer without its last state."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)[0]


class Tied(nn.Module):
    """Two layers with one weight between them."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.second(torch.tanh(self.first(x)))


class Twice(nn.Module):
    """One layer that stands in two places."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = self.first

    def forward(self, x: Tensor) -> Tensor:
        return self.second(torch.tanh(self.first(x)))


class Spare(nn.Linear):
    """A layer with a parameter of its own name order and a buffer that it does not use."""

    def __init__(self) -> None:
        super().__init__(4, 3)
        self.register_buffer("spare", torch.arange(3.0))
        self.gain = nn.Parameter(torch.tensor(1.5))

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * super().forward(x)


def frozen() -> nn.Module:
    target = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    target[0].requires_grad_(False)
    return target


def convolutional() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Tanh(), nn.Flatten(), nn.Linear(48, 2)
    )


CASES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "mlp": (lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)), (6, 4)),
    "nested": (
        lambda: nn.Sequential(
            nn.Sequential(nn.Linear(4, 5), nn.Tanh()), nn.Sequential(nn.Linear(5, 3))
        ),
        (6, 4),
    ),
    "batch-norm": (convolutional, (5, 1, 6, 6)),
    "lstm": (lambda: First(nn.LSTM(2, 3, num_layers=2, batch_first=True)), (4, 5, 2)),
    "gru": (lambda: First(nn.GRU(2, 3)), (4, 5, 2)),
    "transformer": (
        lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True),
        (4, 5, 8),
    ),
    "tied": (Tied, (6, 4)),
    "twice": (Twice, (6, 4)),
    "frozen": (frozen, (6, 4)),
    "buffer": (Spare, (6, 4)),
}


class Case(NamedTuple):
    """A way to make targets and one batch of inputs."""

    name: str
    make: Callable[[], nn.Module]
    x: Tensor

    def model(self, **choices) -> QuantumTrain:
        return QuantumTrain(self.make(), **{"depth": 2} | choices)


def case_of(name: str) -> Case:
    make, shape = CASES[name]
    x = torch.randn(shape, generator=torch.Generator().manual_seed(11), dtype=torch.float64)
    return Case(name, lambda: make().double(), x)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture(params=CASES)
def case(request):
    """Every kind of target, one after the other."""
    return case_of(request.param)


@pytest.fixture
def one_case():
    """`one_case(name)`: a chosen target."""
    return case_of
