"""Rows of a file that came later than those a model learnt from, read in the same way."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from diffqas.errors import DataError
from diffqas.tasks.csv_columns import named_column, numbers_of
from diffqas.tasks.csv_numbers import number
from diffqas.tasks.csv_table import CsvTable, read_table
from diffqas.tasks.tables.columns import Floats, Labels, check_header
from diffqas.tasks.tables.missing import check_filled, rows_of, rows_with_value
from diffqas.tasks.tables.table_data import TableData, check_size

UNKNOWN = -1
"""The place of a label that is none of the classes."""


@dataclass(frozen=True, eq=False)
class NewRows:
    """Rows to predict.

    Attributes:
        table: the file as text.
        inputs: (rows, columns), standardised as the training rows were.
        labelled: the places of the rows that have a label, (labelled,).
        targets: the labels of these rows, (labelled,): places of classes, with -1 for a class that
            was not learnt, or values in their own units.
    """

    table: CsvTable
    inputs: Floats
    labelled: Labels
    targets: Labels | Floats


def new_rows(path: str | os.PathLike[str], data: TableData, missing: str = "error") -> NewRows:
    """Read new rows from a file in the same way as the rows of a table were read.

    Columns are found by their names, in any order; columns that the table does not have are
    ignored. The column of the label may be missing.

    Args:
        path: the file.
        data: the table that a model has learnt.
        missing: as in `load_table`: "median" fills missing values with the medians of the training
            rows; every other rule refuses them.

    Raises:
        DataError: the file cannot be read or used, or a column is not there; the message names
            file, line and remedy.
    """
    table = read_table(path)
    check_header(table)
    if not table.rows:
        raise DataError(f"{table.path}: there is a header and no row below it; add rows to predict")
    features = _features(table, data, missing)
    inputs = (features - np.array(data.means)) / np.array(data.stds)
    for name, values in zip(data.feature_names, inputs.T, strict=True):
        check_size(values, table.path, f"column {name!r}")
    labelled, targets = _labels(table, data)
    return NewRows(table, inputs, labelled, targets)


def _features(table: CsvTable, data: TableData, missing: str) -> Floats:
    """The columns that were learnt from, (rows, columns), in their own units."""
    features_of = {place: index for index, place in enumerate(data.kept)}
    features = np.empty((len(table.rows), len(data.kept)))
    first = 0
    for column in data.columns:
        coded = range(first, first + len(column.coded))
        first += len(coded)
        if not features_of.keys() & coded:
            continue
        index = named_column(table, column.name)
        if missing != "median":
            remedy = "fill it in, or search with --missing median"
            check_filled(table, index, remedy)
        values = column.read(table, index)
        for place, each in zip(coded, values.T, strict=True):
            if place in features_of:
                features[:, features_of[place]] = each
    return np.where(np.isnan(features), np.array(data.medians), features)


def _labels(table: CsvTable, data: TableData) -> tuple[Labels, Labels | Floats]:
    """Rows that have a label, and their labels."""
    if data.label_name not in table.header:
        return np.empty(0, dtype=np.int64), np.empty(0)
    column = table.header.index(data.label_name)
    there = rows_with_value(table, column)
    rows = np.array(there, dtype=np.int64)
    filled = rows_of(table, there)
    if not data.class_names:
        return rows, numbers_of(filled, column)
    classes = {name: place for place, name in enumerate(data.class_names)}
    found = [_class_of(cell, classes) for cell in filled.cells(column)]
    return rows, np.array(found, dtype=np.int64)


def _class_of(cell: str, classes: Mapping[str, int]) -> int:
    """The place of the class that a cell tells; a number may be written as `load_table` does not.

    >>> [_class_of(cell, {"1": 0, "2": 1}) for cell in ("2", "2.0", "3")]
    [1, 1, -1]
    """
    value = number(cell)
    written = cell if value is None else f"{value:.17g}"
    return classes.get(cell, classes.get(written, UNKNOWN))
