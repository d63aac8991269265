"""Tables as a model is given them: standardised columns, two parts, one of five folds to test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import DataError, require
from diffqas.tasks.csv_columns import names_in_words
from diffqas.tasks.images import fixed_permutation
from diffqas.tasks.tables.columns import Column
from diffqas.tasks.tables.missing import medians_of

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

FOLDS = 5
LEAST_ROWS = 10
MOST_STDS = 1e18
"""Standard deviations that a value may be away from the mean: squares of more leave float32."""


@dataclass(frozen=True, eq=False)
class RawTable:
    """Rows as they were read.

    Attributes:
        name: of the data set.
        features: (rows, columns), in their own units; nan where a value is missing.
        feature_names: of the columns.
        labels: (rows,), the numbers of classes as int64, or values as float64.
        label_name: of the column that they come from.
        class_names: what the classes are called; empty where the labels are values.
        remarks: what a person should know of how the rows were read.
        columns: of the file that the features come from; empty: each feature is one.

    Raises:
        ArgumentError: the shapes do not fit each other.
    """

    name: str
    features: Floats
    feature_names: tuple[str, ...]
    labels: Labels | Floats
    label_name: str = "label"
    class_names: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        shape = (len(self.labels), len(self.feature_names))
        fits = self.features.shape == shape
        require(fits, "features", f"have the shape {shape}", self.features.shape)


@dataclass(frozen=True, eq=False)
class TableData:
    """A table in two parts, standardised by its training part.

    Attributes:
        name: the name of the data set.
        train_inputs, test_inputs: (count, columns), (value - mean) / std.
        train_targets, test_targets: (count,), classes as int64, or standardised values as float64.
        feature_names: the names of the columns that are used.
        means, stds: mean and standard deviation of these columns over the training rows, in their
            own units.
        label_name: the name of the column that is predicted.
        class_names: the names of the classes; empty if values are predicted.
        label_mean, label_std: mean and standard deviation of the values over the training rows; 0
            and 1 for classes.
        remarks: sentences for the user on how the rows were read.
        columns: the columns of the file, also those that are not used.
        kept: the places of the used columns among all columns of numbers that `columns` become.
        medians: the medians of the used columns over the training rows, in their own units.
    """

    name: str
    train_inputs: Floats
    train_targets: Labels | Floats
    test_inputs: Floats
    test_targets: Labels | Floats
    feature_names: tuple[str, ...]
    means: tuple[float, ...]
    stds: tuple[float, ...]
    label_name: str
    class_names: tuple[str, ...] = ()
    label_mean: float = 0.0
    label_std: float = 1.0
    remarks: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    kept: tuple[int, ...] = ()
    medians: tuple[float, ...] = ()

    @property
    def outputs(self) -> int:
        """Numbers that a model has to give for a row: one for each class, or the value."""
        return max(1, len(self.class_names))


def prepare(raw: RawTable, fold: int = 0) -> TableData:
    """Split a table into its training rows and the rows of one fold, and standardise both.

    The rows are put into an order that is the same on every machine and dealt out to five folds,
    class by class, so that every fold has its share of each class. Columns are standardised by the
    training rows alone. A column that is constant there says nothing and is left out; a remark
    tells which. A value that is nan becomes the median of its column in the training rows.

    Args:
        raw: the rows.
        fold: which of the five folds is the test part, 0 to 4.

    Raises:
        ArgumentError: there is no such fold.
        DataError: too few rows, one class, a class of a single row, only constant columns, or a
            value that is out of all proportion.
    """
    require(fold in range(FOLDS), "fold", f"be a whole number from 0 to {FOLDS - 1}", fold)
    _check_rows(raw)
    order = fixed_permutation(len(raw.labels), seed=0)
    tested = _folds(raw, order) == fold
    # In the fixed order: rows of a file are often sorted by class, and the last training rows may
    # be held out to choose by.
    train = order[~tested[order]]
    test = order[tested[order]]
    medians = medians_of(raw.features[train], raw.feature_names)
    features = np.where(np.isnan(raw.features), medians, raw.features)
    means, stds = _statistics(features[train], raw)
    kept = [index for index, std in enumerate(stds) if std > 0]
    remarks = raw.remarks + _constant_columns(raw, kept)
    means, stds = [means[index] for index in kept], [stds[index] for index in kept]
    inputs = (features[:, kept] - np.array(means)) / np.array(stds)
    for place, index in enumerate(kept):
        check_size(inputs[:, place], raw.name, f"column {raw.feature_names[index]!r}")
    label_mean, label_std = 0.0, 1.0
    labels: Labels | Floats = raw.labels
    if not raw.class_names:
        label_mean, label_std = _moments(raw.labels[train])
        standardised = (raw.labels - label_mean) / _positive(label_std, raw)
        labels = standardised.astype(np.float64)
        check_size(labels, raw.name, f"label {raw.label_name!r}")
    return TableData(
        name=raw.name,
        train_inputs=inputs[train],
        train_targets=labels[train],
        test_inputs=inputs[test],
        test_targets=labels[test],
        feature_names=tuple(raw.feature_names[index] for index in kept),
        means=tuple(means),
        stds=tuple(stds),
        label_name=raw.label_name,
        class_names=raw.class_names,
        label_mean=label_mean,
        label_std=label_std,
        remarks=remarks,
        columns=raw.columns or tuple(map(Column, raw.feature_names)),
        kept=tuple(kept),
        medians=tuple(medians[kept].tolist()),
    )


def _check_rows(raw: RawTable) -> None:
    """Refuse what cannot be split, or leaves nothing to learn."""
    count = len(raw.labels)
    if count < LEAST_ROWS:
        raise DataError(f"{raw.name}: {count} rows are too few; a table needs at least 10")
    if not raw.class_names:
        if len(np.unique(raw.labels)) == 1:
            value = f"{raw.labels[0]:g}"
            raise DataError(
                f"{raw.name}: all rows have the label {value}, so there is nothing to predict; "
                "choose another label"
            )
        return
    counts = np.bincount(raw.labels.astype(np.int64), minlength=len(raw.class_names))
    if np.count_nonzero(counts) < 2:
        name = raw.class_names[int(counts.argmax())]
        raise DataError(
            f"{raw.name}: all rows are of the class {name!r}, and a search needs two classes or "
            "more; choose another label"
        )
    alone = [name for name, number in zip(raw.class_names, counts, strict=True) if number == 1]
    if alone:
        raise DataError(
            f"{raw.name}: a single row is of the class {alone[0]!r}, one to train on and one to "
            "test by are needed; add rows or remove that one"
        )


def _folds(raw: RawTable, order: NDArray[np.intp]) -> NDArray[np.int64]:
    """The fold of each row, (rows,): rows of a class are dealt out one after the other."""
    if raw.class_names:
        # Stable: within a class the rows stay in the fixed order.
        order = order[np.argsort(raw.labels[order], kind="stable")]
    folds = np.empty(len(order), dtype=np.int64)
    # The next class goes on where the last one ended, so that the folds are of equal size.
    folds[order] = np.arange(len(order)) % FOLDS
    return folds


def _statistics(features: Floats, raw: RawTable) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each column."""
    means, stds = [], []
    for name, column in zip(raw.feature_names, features.T, strict=True):
        mean, std = _moments(column)
        if not math.isfinite(std):
            raise DataError(
                f"{raw.name}, column {name!r}: its values are too large to be standardised; "
                "divide them by a constant"
            )
        means.append(mean)
        stds.append(std)
    return means, stds


def _moments(values: Floats | Labels) -> tuple[float, float]:
    """Mean and standard deviation, summed exactly: the same on every machine."""
    numbers = [float(value) for value in values]
    if min(numbers) == max(numbers):
        # The mean of equal values may be rounded to another value than theirs.
        return numbers[0], 0.0
    try:
        mean = math.fsum(numbers) / len(numbers)
        variance = math.fsum((value - mean) ** 2 for value in numbers) / len(numbers)
    except OverflowError:
        return 0.0, math.inf
    if variance == 0:
        # Squares of differences that are not zero became zero: measured in the largest of them.
        unit = max(abs(value - mean) for value in numbers)
        variance = math.fsum(((value - mean) / unit) ** 2 for value in numbers) / len(numbers)
        return mean, unit * math.sqrt(variance)
    return mean, math.sqrt(variance)


def _positive(std: float, raw: RawTable) -> float:
    """The spread of the labels, refused where it is none or no number."""
    if 0 < std < math.inf:
        return std
    what = "are the same in all training rows" if std == 0 else "are too large"
    raise DataError(f"{raw.name}: the values of {raw.label_name!r} {what}; choose another label")


def check_size(values: Floats, name: str, what: str) -> None:
    """Refuse standardised values that become infinite in single precision, or when squared."""
    largest = np.abs(values).max()
    if largest > MOST_STDS:
        raise DataError(
            f"{name}, {what}: a value is {largest:.1g} standard deviations of the training "
            "rows away from their mean; correct it"
        )


def _constant_columns(raw: RawTable, kept: list[int]) -> tuple[str, ...]:
    """A line on the columns that are left out."""
    if not kept:
        raise DataError(
            f"{raw.name}: every column is constant in the training rows, so there is nothing to "
            "learn from; add columns that differ from row to row"
        )
    left = [name for index, name in enumerate(raw.feature_names) if index not in kept]
    if not left:
        return ()
    what = "a column is" if len(left) == 1 else f"{len(left)} columns are"
    return (f"Left out, because {what} constant in the training rows: {names_in_words(left)}.",)
