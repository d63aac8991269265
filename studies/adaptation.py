"""A vision transformer that learned digits is adapted, with few trained numbers.

`ADAPTATION` is measured on the test part; its base, trained on MNIST, is kept in the study's
folder. The rates for 1,024 numbers were chosen with `ADAPTATION_RATES` alone, whose test part is a
fifth of FashionMNIST's training images and whose seeds are counted from 100:

    diffqas study adaptation --seeds 5
    diffqas study studies/adaptation.py:ADAPTATION_RATES --seeds 1 --rows control search
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from diffqas.errors import DataError
from diffqas.storage import write_atomically
from diffqas.studies import (
    ACCURACY,
    Columns,
    Factors,
    Row,
    Study,
    TrainedRow,
    adaptation_rows,
    adapted_task,
    write_adapters,
)
from diffqas.studies.adaptation import NAMED, SETTINGS
from diffqas.studies.adapted import peft_package
from diffqas.tasks import ImageData, Settings, Task, image_task, load_images

COLUMNS = Columns(("fashion-mnist", "inverted-mnist", "turned-mnist"), (128, 1_024, 10_240))
"""A LoRA of rank 1 on one layer has 128 numbers, on all adapted layers 1,024; of rank 10 10,240."""

MODULES, HEAD = ("query", "value"), "head"
HEAD_NUMBERS = 650
SEEDS = 5
BASE = "base.safetensors"
BASE_IMAGES, BASE_EPOCHS, BASE_BATCH, BASE_RATE = 24_000, 5, 50, 2e-3
IMAGES, TESTED = 2_000, 1_000
"""Images to adapt with, the last ones of the training part, which the base has not seen; and every
tenth one of the test part.
"""

RATES: dict[str, float] = {
    "circuits": 100.0,
    "frozen circuits": 100.0,
    "no circuit": 100.0,
    "no circuit, larger mapping": 100.0,
    "hashed vector": 100.0,
    "LoRA of the rank that fits": 3.0,
    "VeRA of the rank that fits": 10.0,
    "UniLoRA": 10.0,
    "biases": 3.0,
    "head": 10.0,
}
"""By row, those with the least held-out loss in `ADAPTATION_RATES`."""
RATED = (1_024,)
"""Counts of numbers that they are for; with others every cell chooses its own."""
TRIED: dict[str, tuple[float, ...]] = {
    "circuits": (30.0, 100.0, 300.0),
    "frozen circuits": (10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0),
    "no circuit": (10.0, 30.0, 100.0, 300.0),
    "no circuit, larger mapping": (30.0, 100.0, 300.0),
    "hashed vector": (30.0, 100.0, 300.0),
    "LoRA of the rank that fits": (0.3, 1.0, 3.0, 10.0),
    "VeRA of the rank that fits": (3.0, 10.0, 30.0),
    "UniLoRA": (3.0, 10.0, 30.0),
    "biases": (0.3, 1.0, 3.0, 10.0, 30.0, 100.0),
    "head": (3.0, 10.0, 30.0),
}
"""Rates by row. Where the best was the least or the greatest, another one was tried beyond it."""


class Block(nn.Module):
    """Attention and a perceptron, each behind a norm (Dosovitskiy et al. 2021)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, tokens, width) -> the same shape."""
        inner = self.norm1(tokens)
        parts = (self.query(inner), self.key(inner), self.value(inner))
        query, key, value = (one.unflatten(-1, (self.heads, -1)).transpose(1, 2) for one in parts)
        attended = F.scaled_dot_product_attention(query, key, value)
        tokens = tokens + self.out(attended.transpose(1, 2).flatten(2))
        return tokens + self.down(F.gelu(self.up(self.norm2(tokens))))


class ViT(nn.Module):
    """A vision transformer on eight patches of 7 x 14 pixels, 0.2 million weights."""

    def __init__(self, width: int = 64, heads: int = 4, depth: int = 4) -> None:
        super().__init__()
        self.embed = nn.Conv2d(1, width, (7, 14), (7, 14))
        self.position = nn.Parameter(0.02 * torch.randn(1, 8, width))
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 1, 28, 28) -> (batch, 10)."""
        tokens = self.embed(images).flatten(2).mT + self.position
        return self.head(self.norm(self.blocks(tokens)).mean(1))


def prepare(folder: Path, data_dir: str | Path | None) -> None:
    """Train the base, if the study's folder has none yet.

    Raises:
        DataError: peft is not installed, or files of images are missing.
    """
    peft_package()
    if (folder / BASE).exists():
        return
    network = train_base(load_images("mnist", None, data_dir))
    write_atomically(folder / BASE, safetensors.torch.save(network.state_dict()))


def train_base(data: ImageData) -> ViT:
    """The network trained on the first digits of MNIST's training part."""
    inputs, labels = _part(data, slice(0, BASE_IMAGES))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = ViT()
        optimizer = torch.optim.AdamW(network.parameters(), BASE_RATE)
        steps = BASE_EPOCHS * -(-len(inputs) // BASE_BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, BASE_RATE, steps)
        for _ in range(BASE_EPOCHS):
            for batch in torch.randperm(len(inputs)).split(BASE_BATCH):
                optimizer.zero_grad()
                F.cross_entropy(network(inputs[batch]), labels[batch]).backward()
                optimizer.step()
                schedule.step()
    return network.eval()


def read_base(folder: Path) -> ViT:
    """The base that `prepare` has trained.

    Raises:
        DataError: it is missing or damaged.
    """
    file = folder / BASE
    network = ViT()
    try:
        network.load_state_dict(safetensors.torch.load(file.read_bytes()))
    except (OSError, RuntimeError, safetensors.SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"Cannot read {file}: {reason}. Remove it to train it again.") from None
    return network.eval()


def load(column: str, data_dir: str | Path | None, folder: Path, held_out: bool = False) -> Task:
    """A column's images as a task that adapts the base; with `held_out` a fifth of the training
    images is the test part.
    """
    name, numbers = COLUMNS.parts(column)
    data = few_images(name, data_dir)
    # Accuracies after two or three epochs make no curve.
    task = replace(image_task(data.holdout(0.2) if held_out else data), kind="plain")
    return adapted_task(task, read_base(folder), MODULES, HEAD, numbers)


@cache
def few_images(name: str, data_dir: str | Path | None) -> ImageData:
    """The images of one data set, as many as the study takes."""
    source = "fashion-mnist" if name == "fashion-mnist" else "mnist"
    data = CHANGES[name](load_images(source, None, data_dir))
    return replace(
        data,
        train_images=data.train_images[-IMAGES:],
        train_labels=data.train_labels[-IMAGES:],
        test_images=data.test_images[::10][:TESTED],
        test_labels=data.test_labels[::10][:TESTED],
    )


def _as_they_are(data: ImageData) -> ImageData:
    return data


def _inverted(data: ImageData) -> ImageData:
    """Black on white: a pixel p in [0, 1] becomes 1 - p."""
    white_and_black = (1 - 2 * data.mean) / data.std
    return replace(
        data,
        train_images=white_and_black - data.train_images,
        test_images=white_and_black - data.test_images,
    )


def _turned(data: ImageData) -> ImageData:
    """Turned by a quarter, which needs no pixel between two others."""
    train, test = (np.rot90(one, axes=(2, 3)) for one in (data.train_images, data.test_images))
    return replace(
        data,
        train_images=np.ascontiguousarray(train),
        test_images=np.ascontiguousarray(test),
    )


CHANGES: dict[str, Callable[[ImageData], ImageData]] = {
    "fashion-mnist": _as_they_are,
    "inverted-mnist": _inverted,
    "turned-mnist": _turned,
}


def _part(data: ImageData, part: slice) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(data.train_images[part]), torch.from_numpy(data.train_labels[part])


def rows(settings: Settings, recipe: str) -> list[Row]:
    """All rows, at the rates that were chosen."""
    factors = {name: Factors(RATED, (rate,)) for name, rate in RATES.items()}
    return adaptation_rows(settings, COLUMNS, HEAD_NUMBERS, factors)


def rows_at_rates(settings: Settings, recipe: str) -> list[Row]:
    """All rows that train, at each of the rates."""
    found: list[Row] = []
    for name, rates in TRIED.items():
        for rate in rates:
            same = Factors(RATED, (rate,))
            every = adaptation_rows(settings, COLUMNS, HEAD_NUMBERS, dict.fromkeys(TRIED, same))
            (row,) = (one for one in every if one.name == name)
            assert isinstance(row, TrainedRow)
            found.append(replace(row, name=f"{name} at {rate:g}"))
    return found


ADAPTATION = Study(
    rows,
    COLUMNS.names(),
    ACCURACY,
    lambda: {"default": SETTINGS},
    samples=lambda column: IMAGES,
    more=write_adapters,
    named=NAMED,
    images=("mnist", "fashion-mnist"),
    prepare=prepare,
    load_in=load,
    seeds=SEEDS,
)
ADAPTATION_RATES = replace(
    ADAPTATION,
    rows=rows_at_rates,
    datasets=Columns(COLUMNS.datasets[:1], RATED).names(),
    load_in=partial(load, held_out=True),
    first_seed=100,
    seeds=1,
    named=(),
)
