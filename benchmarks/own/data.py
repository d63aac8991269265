"""The data of the pairs: training and test part, with the order of the samples fixed."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import sklearn.datasets
import torch
from torch import Tensor

from diffqas.tasks import load_images, load_series

TEST_IMAGES = 2000
WINDOW = 12


class Data(NamedTuple):
    """Inputs and targets."""

    inputs: Tensor
    targets: Tensor
    test_inputs: Tensor
    test_targets: Tensor

    def held_out(self) -> Data:
        """The training part alone: every fifth sample is what was not trained on."""
        out = torch.arange(len(self.inputs)) % 5 == 4
        inputs, targets = self.inputs, self.targets
        return Data(inputs[~out], targets[~out], inputs[out], targets[out])


def _order(count: int) -> Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))


@cache
def images(name: str, count: int) -> Data:
    """The first images of an order drawn once, all ten classes."""
    data = load_images(name)
    train = _order(len(data.train_images))[:count]
    test = _order(len(data.test_images))[:TEST_IMAGES]
    return Data(
        torch.as_tensor(data.train_images)[train].float().reshape(-1, 1, 28, 28),
        torch.as_tensor(data.train_labels)[train].long(),
        torch.as_tensor(data.test_images)[test].float().reshape(-1, 1, 28, 28),
        torch.as_tensor(data.test_labels)[test].long(),
    )


@cache
def table(name: str) -> Data:
    """A table of scikit-learn, three quarters to train on, columns standardised by these."""
    x, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    order = _order(len(x))
    inputs, targets = torch.tensor(x).float()[order], torch.tensor(y)[order]
    cut = len(x) * 3 // 4
    inputs = (inputs - inputs[:cut].mean(0)) / (inputs[:cut].std(0) + 1e-6)
    if targets.is_floating_point():
        targets = targets.float().unsqueeze(-1)
        targets = (targets - targets[:cut].mean()) / targets[:cut].std()
    return Data(inputs[:cut], targets[:cut], inputs[cut:], targets[cut:])


def rows_of_digits() -> Data:
    """Images of 8 x 8 pixels, as eight rows."""
    x, y, test_x, test_y = table("digits")
    return Data(x.view(-1, 8, 8), y, test_x.view(-1, 8, 8), test_y)


@cache
def pixels_of_digits() -> Data:
    """Images of 64 pixels in [0, 1], to be written again."""
    x, _ = sklearn.datasets.load_digits(return_X_y=True)
    pixels = torch.tensor(x / 16).float()[_order(len(x))]
    return Data(pixels[:1300], pixels[:1300], pixels[1300:], pixels[1300:])


def _windows(values: np.ndarray | Tensor) -> Data:
    series = torch.as_tensor(values).float().flatten()
    cut = (len(series) - WINDOW) * 2 // 3
    known = series[: cut + WINDOW]
    series = (series - known.mean()) / known.std()
    inputs, targets = series.unfold(0, WINDOW, 1)[:-1].unsqueeze(-1), series[WINDOW:].unsqueeze(-1)
    return Data(inputs[:cut], targets[:cut], inputs[cut:], targets[cut:])


@cache
def sunspots() -> Data:
    """The yearly numbers that `diffqas` has, by windows of twelve."""
    data = load_series("sunspots")
    return _windows(np.concatenate([data.inputs[0], data.targets]))


@cache
def chirp() -> Data:
    """Two waves, one of which grows faster, with noise."""
    draws = torch.Generator().manual_seed(0)
    t = torch.arange(600.0)
    noise = 0.1 * torch.randn(600, generator=draws)
    return _windows(torch.sin(0.2 * t) + 0.5 * torch.sin(0.014 * t * t.sqrt()) + noise)


@cache
def several_valued() -> Data:
    """The example of Bishop (1994): y = 7 sin(3 x / 4) + x / 2 + noise, read from y to x."""
    draws = torch.Generator().manual_seed(0)
    x = 21 * torch.rand(1500, 1, generator=draws) - 10.5
    y = 7 * torch.sin(0.75 * x) + 0.5 * x + torch.randn(1500, 1, generator=draws)
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    return Data(y[:1000], x[:1000], y[1000:], x[1000:])
