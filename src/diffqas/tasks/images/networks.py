"""Classical networks of the image tasks: the papers' and a small convolutional one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from diffqas.errors import require

HIDDEN = (128, 64)
CHANNELS = (8, 16)
SIGMA = 1.5
"""Pixels of `smooth_mlp`'s filter, chosen on held-out images of 28x28 (docs/images.md)."""


class MLP(nn.Sequential):
    """Three linear layers, height * width - 128 - 64 - k, with ReLU between.

    Images (batch, 1, h, w) -> logits (batch, k). On 28x28 pixels and two classes it has 108,866
    parameters, as in DiffQAS-QT (arXiv 2505.09653).

    Args:
        size: height and width of the images.
        classes: k.

    Raises:
        ArgumentError: a size or `classes` below 1.

    >>> [sum(p.numel() for p in MLP((28, 28), k).parameters()) for k in (2, 10)]
    [108866, 109386]
    """

    def __init__(self, size: tuple[int, int] = (28, 28), classes: int = 2) -> None:
        require(min(size) >= 1, "size", "be at least 1 x 1", size)
        require(classes >= 1, "classes", "be at least 1", classes)
        first, second = HIDDEN
        super().__init__(
            nn.Flatten(),
            nn.Linear(size[0] * size[1], first),
            nn.ReLU(),
            nn.Linear(first, second),
            nn.ReLU(),
            nn.Linear(second, classes),
        )


class Smooth(nn.Module):
    """Gaussian filter over images, (..., h, w) -> (..., h, w).

    At the border the weights inside are scaled to sum to 1. It has neither parameters nor buffers.

    Args:
        sigma: standard deviation in pixels.

    Raises:
        ArgumentError: `sigma` is not positive.

    >>> Smooth(1.5)(torch.eye(3))[0]
    tensor([0.3700, 0.3355, 0.2991])
    """

    def __init__(self, sigma: float) -> None:
        super().__init__()
        require(sigma > 0, "sigma", "be positive", sigma)
        self.sigma = float(sigma)

    def forward(self, images: Tensor) -> Tensor:
        """Rows and columns one after the other."""
        rows, columns = (self._weights(images.shape[at], images) for at in (-2, -1))
        return rows @ images @ columns.mT

    def _weights(self, size: int, like: Tensor) -> Tensor:
        places = torch.arange(size, device=like.device, dtype=like.dtype)
        return torch.softmax(-((places.unsqueeze(-1) - places) / self.sigma).square() / 2, dim=-1)

    def extra_repr(self) -> str:
        """Line shown by print(model)."""
        return f"sigma={self.sigma:g}"


def smooth_mlp(size: tuple[int, int] = (28, 28), classes: int = 2) -> nn.Sequential:
    """The `MLP` behind a Gaussian filter of 1.5 pixels: neighbouring pixels are nearly one input.

    As if every row of the first layer's weights were an image that is smoothed; the errors are
    `MLP`'s.

    >>> sum(p.numel() for p in smooth_mlp().parameters())
    108866
    """
    return nn.Sequential(Smooth(SIGMA), *MLP(size, classes))


class CNN(nn.Sequential):
    """Two 3x3 convolutions of 8 and 16 channels with ReLU and 2x2 pooling, and a linear layer.

    Images (batch, 1, h, w) -> logits (batch, k). On 28x28 pixels it has 2,818 parameters for two
    classes and 9,098 for ten, on 8x8 pixels 1,378 and 1,898.

    Args:
        size: height and width of the images.
        classes: k.

    Raises:
        ArgumentError: a size below 4, or `classes` below 1.

    >>> [sum(p.numel() for p in CNN((28, 28), k).parameters()) for k in (2, 10)]
    [2818, 9098]
    >>> [sum(p.numel() for p in CNN((8, 8), k).parameters()) for k in (2, 10)]
    [1378, 1898]
    """

    def __init__(self, size: tuple[int, int] = (28, 28), classes: int = 2) -> None:
        require(min(size) >= 4, "size", "be at least 4 x 4", size)
        require(classes >= 1, "classes", "be at least 1", classes)
        first, second = CHANNELS
        super().__init__(
            nn.Conv2d(1, first, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(first, second, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(second * (size[0] // 4) * (size[1] // 4), classes),
        )


class SmallCNN(nn.Sequential):
    """Two 3x3 convolutions of `width` channels with ReLU, averages of 2x2 regions, a linear layer.

    Images (batch, channels, h, w) -> outputs (batch, k). What is averaged does not grow with the
    image, so that a few hundred numbers are enough for images of any size.

    Args:
        width: channels of both convolutions.
        classes: k.
        channels: of the images.

    Raises:
        ArgumentError: one of them is below 1.

    >>> sum(p.numel() for p in SmallCNN(4).parameters()), SmallCNN.count(4)
    (222, 222)
    >>> SmallCNN(4)(torch.zeros(5, 1, 28, 28)).shape
    torch.Size([5, 2])
    """

    def __init__(self, width: int, classes: int = 2, channels: int = 1) -> None:
        require(width >= 1, "width", "be at least 1", width)
        require(classes >= 1, "classes", "be at least 1", classes)
        require(channels >= 1, "channels", "be at least 1", channels)
        super().__init__(
            nn.Conv2d(channels, width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(4 * width, classes),
        )

    @staticmethod
    def count(width: int, classes: int = 2, channels: int = 1) -> int:
        """How many weights it has."""
        first = 9 * channels * width + width
        second = 9 * width * width + width
        head = 4 * width * classes + classes
        return first + second + head


TARGETS: Mapping[str, Callable[[tuple[int, int], int], nn.Module]] = MappingProxyType(
    {"mlp": MLP, "smooth-mlp": smooth_mlp, "cnn": CNN}
)
"""Networks by the words of the command line."""

DEFAULT_TARGET = "mlp"
