"""The named tables, each as a function of its own, and the registry that lists them.

To add one: write a function that gives its `RawTable`, and name it in `TABLES`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from diffqas.errors import DataError, choose
from diffqas.tasks.tables.table_data import RawTable, TableData, prepare

MOONS_ROWS = 400
MOONS_NOISE = 0.15


def moons() -> RawTable:
    """Return two half circles that reach into each other, 200 points each, with a little noise.

    >>> moons().features.shape, moons().class_names
    ((400, 2), ('upper', 'lower'))
    """
    angles = np.pi * np.linspace(0.0, 1.0, MOONS_ROWS // 2)
    upper = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    lower = np.stack([1.0 - np.cos(angles), 0.5 - np.sin(angles)], axis=1)
    # numpy keeps the stream of this old generator for all versions, and of no newer one.
    noise = np.random.RandomState(0).standard_normal((MOONS_ROWS, 2))
    return RawTable(
        name="moons",
        features=np.concatenate([upper, lower]) + MOONS_NOISE * noise,
        feature_names=("x", "y"),
        labels=np.repeat(np.arange(2, dtype=np.int64), MOONS_ROWS // 2),
        label_name="moon",
        class_names=("upper", "lower"),
    )


def _of_scikit_learn(name: str, function: str, label: str) -> RawTable:
    """A table that is installed with scikit-learn, and needs no net.

    Raises:
        DataError: scikit-learn is missing.
    """
    try:
        loaders: Any = importlib.import_module("sklearn.datasets")
    except ImportError:
        remedy = "run `pip install 'diffqas[tables]'`"
        raise DataError(
            f"The data set {name!r} comes with scikit-learn, which is not installed: {remedy}."
        ) from None
    found = getattr(loaders, function)()
    return RawTable(
        name=name,
        features=np.asarray(found.data, dtype=np.float64),
        feature_names=tuple(map(str, found.feature_names)),
        labels=np.asarray(found.target, dtype=np.int64),
        label_name=label,
        class_names=tuple(map(str, found.target_names)),
    )


TABLES: Mapping[str, Callable[[], RawTable]] = MappingProxyType(
    {
        "moons": moons,
        "iris": partial(_of_scikit_learn, "iris", "load_iris", "species"),
        "wine": partial(_of_scikit_learn, "wine", "load_wine", "cultivar"),
        "breast-cancer": partial(
            _of_scikit_learn, "breast-cancer", "load_breast_cancer", "diagnosis"
        ),
    }
)
"""Loader of each named table."""


def load_named(name: str, *, fold: int = 0) -> TableData:
    """Return a named table.

    "moons" is computed: two half circles in a plane, 400 points, two classes. "iris" (150 rows, 4
    columns, 3 classes), "wine" (178, 13, 3) and "breast-cancer" (569, 30, 2) are the copies of
    UCI's tables that come with scikit-learn.

    Args:
        name: one of these.
        fold: which of five stratified folds is the test part, 0 to 4.

    Raises:
        ArgumentError: an unknown name or fold.
        DataError: scikit-learn is missing.

    >>> data = load_named("moons")
    >>> data.train_inputs.shape, data.test_inputs.shape, data.outputs
    ((320, 2), (80, 2), 2)
    """
    return prepare(TABLES[choose(name, TABLES, "dataset")](), fold)
