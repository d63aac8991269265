"""The named data sets of images, each as a loader of its own, and the registry that lists them.

To add one: if it is handed out as idx files, describe it in `sources.py`, and it is listed here.
Otherwise write a function that gives its `RawImages`, as `digits` does, and name it in `IMAGES`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import DataError, choose, require
from diffqas.tasks.images.data import (
    ImageData,
    RawImages,
    checked_classes,
    fixed_permutation,
    prepare,
)
from diffqas.tasks.images.files import locate
from diffqas.tasks.images.idx import Bytes, read_pair
from diffqas.tasks.images.sources import SOURCES, TEST, TRAIN, Source

DIGITS = "digits"
"""Small images of digits that come with scikit-learn."""

POOLED = "mnist-4x4"
"""A part of MNIST, averaged down to 4x4 pixels."""
POOLED_PIXELS = 7
POOLED_TRAIN, POOLED_TEST = 9_000, 1_000

DIGIT_NAMES = tuple("0123456789")
DIGITS_TEST_SHARE = 0.2


def read_source(source: Source, data_dir: str | os.PathLike[str] | None = None) -> RawImages:
    """All images of a data set that is handed out as files.

    Raises:
        DataError: files are missing and cannot be downloaded, or are damaged.
    """
    paths = locate(source, data_dir)
    train, test = (read_pair(paths[images], paths[labels]) for images, labels in (TRAIN, TEST))
    trained, tested = train[0].shape[1:], test[0].shape[1:]
    if trained != tested:
        sizes = f"{trained[0]} x {trained[1]} pixels, but {paths[TEST[0]]} of "
        sizes += f"{tested[0]} x {tested[1]}"
        raise DataError(
            f"{paths[TRAIN[0]]} holds images of {sizes}; put files of one data set there"
        )
    return RawImages(train, test, source.classes)


def _published(name: str, data_dir: str | os.PathLike[str] | None) -> RawImages:
    return read_source(SOURCES[name], data_dir)


def digits() -> RawImages:
    """scikit-learn's copy of 1,797 digits, a fixed fifth of each class as the test part.

    Raises:
        DataError: scikit-learn is missing.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        remedy = "run `pip install 'diffqas[digits]'`"
        raise DataError(
            f"The data set 'digits' comes with scikit-learn, which is not installed: {remedy}."
        ) from None
    pixels, targets = load_digits(return_X_y=True)
    images = np.asarray(pixels, np.uint8).reshape(-1, 8, 8)
    labels = np.asarray(targets, np.uint8)
    tested = _fifth_of_each(labels)
    return RawImages(
        train=(images[~tested], labels[~tested]),
        test=(images[tested], labels[tested]),
        class_names=DIGIT_NAMES,
        white=16,
    )


def pooled_mnist(data_dir: str | os.PathLike[str] | None = None) -> RawImages:
    """9,000 training and 1,000 test images of MNIST, each the means of 7x7 pixels: 4x4 numbers.

    The size of arXiv 2605.15410. Which images are taken is decided by a fixed permutation of each
    part; means are rounded to whole grey levels.

    Raises:
        DataError: files are missing and cannot be downloaded, or are damaged.
    """
    whole = read_source(SOURCES["mnist"], data_dir)
    return RawImages(
        train=_pooled(*whole.train, POOLED_TRAIN),
        test=_pooled(*whole.test, POOLED_TEST),
        class_names=DIGIT_NAMES,
    )


def _pooled(images: Bytes, labels: Bytes, count: int) -> tuple[Bytes, Bytes]:
    """Some of the images, square by square their mean grey level."""
    chosen = fixed_permutation(len(labels), seed=0)[:count]
    height, width = (pixels // POOLED_PIXELS for pixels in images.shape[1:])
    squares = images[chosen].reshape(-1, height, POOLED_PIXELS, width, POOLED_PIXELS)
    return np.rint(squares.mean(axis=(2, 4))).astype(np.uint8), labels[chosen]


def _fifth_of_each(labels: Bytes) -> NDArray[np.bool_]:
    """Which images are the test part, (count,): of each class the same share."""
    tested = np.zeros(len(labels), dtype=bool)
    # Class by class, so that each keeps its share; drawn by a permutation that is the same on
    # every machine and with every version of numpy.
    order = fixed_permutation(len(labels), seed=0)
    for label in range(len(DIGIT_NAMES)):
        members = order[labels[order] == label]
        tested[members[: round(DIGITS_TEST_SHARE * len(members))]] = True
    return tested


@dataclass(frozen=True)
class NamedImages:
    """A data set of the registry.

    Attributes:
        class_names: what the labels 0, 1, .. mean; known before anything is read.
        load: reads all images, given the folder with the files or None.
        in_files: whether it is handed out as files, which a person can have in a folder.
    """

    class_names: tuple[str, ...]
    load: Callable[[str | os.PathLike[str] | None], RawImages]
    in_files: bool


def _in_files(name: str) -> NamedImages:
    return NamedImages(SOURCES[name].classes, partial(_published, name), in_files=True)


IMAGES: Mapping[str, NamedImages] = MappingProxyType(
    {
        **{name: _in_files(name) for name in SOURCES},
        POOLED: NamedImages(DIGIT_NAMES, pooled_mnist, in_files=True),
        DIGITS: NamedImages(DIGIT_NAMES, lambda _: digits(), in_files=False),
    }
)
"""The data sets by the names of the command line."""


def load_images(
    name: str,
    classes: Sequence[int] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    *,
    standardize: bool = True,
) -> ImageData:
    """Return a data set of images.

    "mnist" and "fashion-mnist" have images of 28x28 pixels, 60,000 for training and 10,000 for the
    test. Their files are taken from `data_dir`. Without it they come from the folder that the
    environment variable DIFFQAS_DATA names, from the cache, or from the internet. Their content is
    checked, and files that are not the published ones are reported.

    "mnist-4x4" is made of the files of "mnist": 9,000 and 1,000 of its images, averaged down to 4x4
    pixels.

    "digits" is scikit-learn's copy of 1,797 images of 8x8 pixels (from the test part of UCI's
    "Optical Recognition of Handwritten Digits") and needs no download. As it has no test part, a
    fixed fifth of each class is taken, 359 images in all; 1,438 are left for training.

    Args:
        name: "mnist", "fashion-mnist", "mnist-4x4" or "digits".
        classes: labels to keep, at least two; the first becomes 0, the second 1, and so on. None:
            all ten.
        data_dir: folder with the files, see `locate`.
        standardize: subtract the mean of the training part's pixels (of the chosen classes) and
            divide by their standard deviation, one number each. Without it pixels are in [0, 1].

    Raises:
        ArgumentError: an unknown name (the nearest is suggested) or class, a class twice, fewer
            than two, a `data_dir` that is no folder or that the data set does not need.
        DataError: files are missing and cannot be downloaded, or are damaged; or scikit-learn is
            missing.
    """
    choose(name, IMAGES, "dataset")
    found = IMAGES[name]
    of_files = [known for known, images in IMAGES.items() if images.in_files]
    rule = f"be used with {' or '.join(of_files)} ('{name}' needs no files)"
    require(found.in_files or data_dir is None, "data_dir", rule, f"'{data_dir}'")
    # Before anything is read: a wrong class must not cost a download.
    chosen = checked_classes(classes, found.class_names)
    return prepare(name, found.load(data_dir), chosen, standardize)
