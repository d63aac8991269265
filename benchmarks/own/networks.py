"""Networks as people write them, each with a width, so that there is a small one of any count."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Convolutions(nn.Sequential):
    """Two convolutions with pooling and two linear layers, for images of 28 x 28 pixels."""

    def __init__(self, width: int = 16) -> None:
        super().__init__(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(4 if width < 4 else 2),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.LazyLinear(29 if width >= 4 else 10),
            nn.ReLU() if width >= 4 else nn.Identity(),
            nn.Linear(29, 10) if width >= 4 else nn.Identity(),
        )
        self(torch.zeros(1, 1, 28, 28))


class Block(nn.Module):
    """A residual block with batch norm."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.last_norm = nn.BatchNorm2d(outputs)
        self.short = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, inputs, h, w) -> (batch, outputs, h / stride, w / stride)."""
        hidden = torch.relu(self.norm(self.first(images)))
        return torch.relu(self.last_norm(self.second(hidden)) + self.short(images))


class ResNet(nn.Sequential):
    """A small residual network, for images of 28 x 28 pixels."""

    def __init__(self, width: int = 8) -> None:
        super().__init__(
            nn.Conv2d(1, width, 3, 2, 1),
            Block(width, 2 * width, 2),
            Block(2 * width, 4 * width, 2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(4 * width, 10),
        )


class Recurrent(nn.Module):
    """A recurrent layer and a linear one on its last output."""

    def __init__(self, kind: type[nn.GRU] | type[nn.LSTM], width: int = 24) -> None:
        super().__init__()
        self.recurrent = kind(1, width, batch_first=True)
        self.head = nn.Linear(width, 1)

    def forward(self, windows: Tensor) -> Tensor:
        """(batch, moments, 1) -> (batch, 1)."""
        return self.head(self.recurrent(windows)[0][:, -1])


def encoder(width: int, norm_first: bool) -> nn.TransformerEncoder:
    """Two transformer layers without dropout."""
    heads = 4 if width % 4 == 0 else 1
    layer = nn.TransformerEncoderLayer(
        width, heads, 2 * width, 0.0, batch_first=True, norm_first=norm_first
    )
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


class RowTransformer(nn.Module):
    """A transformer that reads an image row by row."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.embed = nn.Linear(8, width)
        self.position = nn.Parameter(0.1 * torch.randn(8, width))
        self.encoder = encoder(width, norm_first=False)
        self.head = nn.Linear(width, 10)

    def forward(self, rows: Tensor) -> Tensor:
        """(batch, 8, 8) -> (batch, 10)."""
        return self.head(self.encoder(self.embed(rows) + self.position).mean(1))


class ViT(nn.Module):
    """A vision transformer on sixteen patches of 7 x 7 pixels."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.embed = nn.Conv2d(1, width, 7, 7)
        self.token = nn.Parameter(0.1 * torch.randn(1, 1, width))
        self.position = nn.Parameter(0.1 * torch.randn(17, width))
        self.encoder = encoder(width, norm_first=True)
        self.head = nn.Linear(width, 10)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 1, 28, 28) -> (batch, 10)."""
        patches = self.embed(images).flatten(2).mT
        tokens = torch.cat([self.token.expand(len(patches), -1, -1), patches], dim=1)
        return self.head(self.encoder(tokens + self.position)[:, 0])


def perceptron(inputs: int, outputs: int, width: int = 64) -> nn.Sequential:
    """Two hidden layers."""
    return nn.Sequential(
        nn.Linear(inputs, width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, outputs),
    )


def autoencoder(width: int = 12) -> nn.Sequential:
    """Digits of 64 pixels through `width` numbers."""
    if width < 12:  # linear: all that a few hundred numbers allow
        return nn.Sequential(nn.Linear(64, width), nn.Linear(width, 64))
    return nn.Sequential(
        nn.Linear(64, 4 * width),
        nn.ReLU(),
        nn.Linear(4 * width, width),
        nn.Linear(width, 4 * width),
        nn.ReLU(),
        nn.Linear(4 * width, 64),
    )


def density(width: int = 64) -> nn.Sequential:
    """Logits, means and log widths of five normal densities, as functions of one number."""
    return nn.Sequential(
        nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 15)
    )


def negative_log_density(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean of -log sum_k a_k N(target; m_k, s_k) over (batch, 1) targets, in nats."""
    logits, means, log_widths = outputs.chunk(3, dim=-1)
    normal = torch.distributions.Normal(means, log_widths.exp())
    return -torch.logsumexp(F.log_softmax(logits, dim=-1) + normal.log_prob(targets), -1).mean()
