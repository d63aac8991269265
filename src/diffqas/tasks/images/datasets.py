"""The named data sets of images."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from diffqas.errors import DataError, choose, require
from diffqas.tasks.images.data import (
    ImageData,
    RawImages,
    checked_classes,
    fixed_permutation,
    prepare,
)
from diffqas.tasks.images.files import locate
from diffqas.tasks.images.idx import read_pair
from diffqas.tasks.images.sources import SOURCES, TEST, TRAIN, Source

DIGITS = "digits"
"""Small images of digits that come with scikit-learn."""

IMAGES = (*SOURCES, DIGITS)
"""Names of the data sets."""

DIGITS_TEST_SHARE = 0.2


def load_images(
    name: str,
    classes: Sequence[int] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    *,
    standardize: bool = True,
) -> ImageData:
    """Return a data set of images.

    "mnist" and "fashion-mnist" are 28x28 pixels with 60,000 training and 10,000 test images. Their
    files are taken from `data_dir`; else from the folder that the environment variable DIFFQAS_DATA
    names, from the cache, or from the net. They are verified by their published checksums.

    "digits" is scikit-learn's copy of 1,797 images of 8x8 pixels (from the test part of UCI's
    "Optical Recognition of Handwritten Digits") and needs no net. It has no test part of its own:
    of each class a fixed fifth is taken, 359 images in all; 1,438 are left to train.

    Args:
        name: "mnist", "fashion-mnist" or "digits".
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
    if name == DIGITS:
        rule = f"be used with {' or '.join(SOURCES)} ('digits' needs no files)"
        require(data_dir is None, "data_dir", rule, f"'{data_dir}'")
        chosen = checked_classes(classes, tuple("0123456789"))
        return prepare(name, _digits(), chosen, standardize)
    source = SOURCES[name]
    chosen = checked_classes(classes, source.classes)
    return prepare(name, read_source(source, data_dir), chosen, standardize)


def read_source(source: Source, data_dir: str | os.PathLike[str] | None = None) -> RawImages:
    """All images of a data set that is handed out as files.

    Raises:
        DataError: files are missing and cannot be downloaded, or are damaged.
    """
    paths = locate(source, data_dir)
    train, test = (read_pair(paths[images], paths[labels]) for images, labels in (TRAIN, TEST))
    return RawImages(train, test, source.classes)


def _digits() -> RawImages:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        remedy = "run `pip install diffqas[digits]`"
        raise DataError(
            f"The data set 'digits' comes with scikit-learn, which is not installed: {remedy}."
        ) from None
    pixels, targets = load_digits(return_X_y=True)
    images, labels = np.asarray(pixels, np.uint8).reshape(-1, 8, 8), np.asarray(targets, np.uint8)
    tested = np.zeros(len(labels), dtype=bool)
    order = fixed_permutation(len(labels), seed=0)
    for label in range(10):
        members = order[labels[order] == label]
        tested[members[: round(DIGITS_TEST_SHARE * len(members))]] = True
    parts = ((images[part], labels[part]) for part in (~tested, tested))
    return RawImages(*parts, class_names=tuple("0123456789"), white=16)
