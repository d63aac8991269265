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
class ImageSet:
    """Images as a column of a study.

    Attributes:
        name: the data set.
        classes: the labels; None: all of them.
        count: training images, to plan with.
    """

    name: str
    classes: tuple[int, ...] | None
    count: int


IMAGE_SETS = {
    "mnist-1-5": ImageSet("mnist", (1, 5), 12_163),
    "fashion-mnist-1-5": ImageSet("fashion-mnist", (1, 5), 12_000),
    "fashion-mnist-5-7": ImageSet("fashion-mnist", (5, 7), 12_000),
    "mnist-4-9": ImageSet("mnist", (4, 9), 11_791),
    "fashion-mnist-0-6": ImageSet("fashion-mnist", (0, 6), 12_000),
    "fashion-mnist-2-4": ImageSet("fashion-mnist", (2, 4), 12_000),
    "mnist": ImageSet("mnist", None, 60_000),
    "fashion-mnist": ImageSet("fashion-mnist", None, 60_000),
    "mnist-4x4": ImageSet("mnist-4x4", None, 9_000),
    "digits": ImageSet("digits", None, 1_438),
    "digits-1-5": ImageSet("digits", (1, 5), 292),
}

IMAGES = ("mnist-1-5", "fashion-mnist-1-5", "fashion-mnist-5-7")
"""The images of the paper's Figures 5 to 7."""
OTHER_IMAGES = ("mnist-4-9", "fashion-mnist-0-6", "fashion-mnist-2-4")
"""Pairs that are hard to tell apart, and that no recipe was chosen on."""


def is_images(dataset: str) -> bool:
    """Whether a data set consists of images, which may lie in a folder of files."""
    return dataset in IMAGE_SETS


def load_data(dataset: str, data_dir: str | Path | None = None) -> Data:
    """The samples as they come.

    Raises:
        DataError: files are missing and cannot be downloaded, or are damaged.
    """
    if is_environment(dataset):
        return environment_task(dataset)
    if is_images(dataset):
        images = IMAGE_SETS[dataset]
        return load_images(images.name, images.classes, data_dir)
    return load_series(dataset)


def make_task(data: SeriesData | ImageData | Task, recipe: str = "default") -> Task:
    """The task on these samples, with the network that the recipe has; one that is made stays as it
    is.
    """
    if isinstance(data, Task):
        return data
    if isinstance(data, ImageData):
        return image_task(data, recipe_target(data.name, recipe))
    return series_task(data)


@cache
def training_samples(dataset: str) -> int:
    """How many there are; no file is read for it."""
    if is_images(dataset):
        return IMAGE_SETS[dataset].count
    return load_series(dataset).boundary


def fetch(datasets: Iterable[str], data_dir: str | Path | None = None) -> None:
    """Find and verify the files of data sets that have some, downloading what is missing.

    Several processes would otherwise download them at the same time.

    Raises:
        ArgumentError: `data_dir` is no folder.
        DataError: as of `load_data`.
    """
    names = dict.fromkeys(IMAGE_SETS[dataset].name for dataset in datasets if is_images(dataset))
    for name in names:
        # The digits come with scikit-learn, not as files.
        if name in SOURCES:
            locate(SOURCES[name], data_dir)
