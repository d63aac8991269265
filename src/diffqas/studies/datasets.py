"""The data sets of the studies, by the words of the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from diffqas.agents import EnvironmentTask, environment_task, is_environment
from diffqas.tasks import (
    SOURCES,
    TABLE_II,
    ImageData,
    SeriesData,
    Task,
    image_task,
    load_images,
    load_series,
    locate,
    recipe_target,
    series_task,
)

Data = SeriesData | ImageData | EnvironmentTask | Task

SERIES = tuple(TABLE_II)
"""The five series of arXiv 2505.09653."""


@dataclass(frozen=True)
class ClassPair:
    """Two classes of images.

    Attributes:
        name: the whole data set.
        classes: the labels.
        count: training images, to plan with.
    """

    name: str
    classes: tuple[int, ...]
    count: int


PAIRS = {
    "mnist-1-5": ClassPair("mnist", (1, 5), 12_163),
    "fashion-mnist-1-5": ClassPair("fashion-mnist", (1, 5), 12_000),
    "fashion-mnist-5-7": ClassPair("fashion-mnist", (5, 7), 12_000),
}
"""The images of the paper's Figures 5 to 7."""

IMAGES = tuple(PAIRS)


def load_data(dataset: str, data_dir: str | Path | None = None) -> Data:
    """The samples as they come.

    Raises:
        DataError: files are missing and cannot be downloaded, or are damaged.
    """
    if is_environment(dataset):
        return environment_task(dataset)
    if dataset in PAIRS:
        return load_images(PAIRS[dataset].name, PAIRS[dataset].classes, data_dir)
    return load_series(dataset)


def make_task(data: SeriesData | ImageData | Task, recipe: str = "default") -> Task:
    """The task on these samples, with the network that the recipe has; one that is made stays as it
    is.
    """
    if isinstance(data, Task):
        return data
    return (
        image_task(data, recipe_target(data.name, recipe))
        if isinstance(data, ImageData)
        else series_task(data)
    )


@cache
def training_samples(dataset: str) -> int:
    """How many there are; no file is read for it."""
    return PAIRS[dataset].count if dataset in PAIRS else load_series(dataset).boundary


def fetch(datasets: Iterable[str], data_dir: str | Path | None = None) -> None:
    """Find and verify the files of data sets that have some, downloading what is missing.

    Several processes would otherwise download them at the same time.

    Raises:
        ArgumentError: `data_dir` is no folder.
        DataError: as of `load_data`.
    """
    for name in dict.fromkeys(PAIRS[dataset].name for dataset in datasets if dataset in PAIRS):
        if name in SOURCES:
            locate(SOURCES[name], data_dir)
