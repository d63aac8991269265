"""Missing values of a table: refused, left out with their rows, or filled by medians.

A median is that of the training rows alone. One over all rows would tell the training part of the
test part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import DataError
from diffqas.tasks.csv_numbers import is_missing
from diffqas.tasks.csv_table import CsvTable, shortened

Floats = NDArray[np.float64]

MISSING_RULES = ("error", "drop", "median")
"""What is done about missing values."""


def rows_that_have_all(
    table: CsvTable, label: int, columns: Sequence[int], rule: str
) -> tuple[CsvTable, list[str]]:
    """The rows of a table that are used, and a remark if some are not.

    Args:
        table: as it was read.
        label: the column that is predicted, whose values cannot be filled in.
        columns: those that are learnt from.
        rule: one of `MISSING_RULES`.

    Raises:
        DataError: a value is missing that the rule does not allow, or no row is left.
    """
    if rule == "error":
        _check_labels(table, label, "fill it in, remove that row, or take --missing drop for all")
        for each in columns:
            check_filled(table, each)
        return table, []
    if rule == "median":
        _check_labels(table, label, "a label is not filled in; remove that row, or --missing drop")
        return table, []
    whole = [
        place
        for place, row in enumerate(table.rows)
        if not any(is_missing(row[each].strip()) for each in (label, *columns))
    ]
    left = len(table.rows) - len(whole)
    if not whole:
        raise DataError(f"{table.path}: every row misses a value; fill them in (--missing median)")
    if left == 0:
        return table, []
    return rows_of(table, whole), [f"Left out, because a value is missing: {_rows(left)}."]


def rows_with_value(table: CsvTable, column: int) -> list[int]:
    """Places of the rows where a column has a value."""
    return [place for place, cell in enumerate(table.cells(column)) if not is_missing(cell)]


def rows_of(table: CsvTable, places: Sequence[int]) -> CsvTable:
    """Some rows of a table."""
    rows = [table.rows[place] for place in places]
    return replace(table, rows=rows, lines=[table.lines[place] for place in places])


def medians_of(features: Floats, names: Sequence[str]) -> Floats:
    """Median of each column, (columns,), of features (rows, columns) that are nan where they are
    missing.

    Raises:
        DataError: a column that has no value.
    """
    empty = np.isnan(features).all(axis=0)
    if empty.any():
        name = names[int(empty.argmax())]
        raise DataError(
            f"column {shortened(name)}: no training row has a value; leave it out "
            f"(--leave-out {name})"
        )
    return np.nanmedian(features, axis=0)


def _check_labels(table: CsvTable, label: int, remedy: str) -> None:
    """Refuse a missing label; it may as well be a class with the name of one."""
    words = sorted({cell for cell in table.cells(label) if cell and is_missing(cell)})
    if words:
        remedy += f"; a class that is called {words[0]} needs another name"
    check_filled(table, label, remedy)


def check_filled(table: CsvTable, column: int, remedy: str | None = None) -> None:
    """Refuse a missing value: filling it in by rule is for the user to choose."""
    for cell, line in zip(table.cells(column), table.lines, strict=True):
        if is_missing(cell):
            name = table.header[column]
            if remedy is None:
                remedy = (
                    f"fill it in, remove that row, or leave the column out (--leave-out {name}); "
                    "--missing drop or median does so for all"
                )
            place = f"{table.path}, line {line}, column {shortened(name)}"
            raise DataError(f"{place}: the value is missing; {remedy}")


def _rows(count: int) -> str:
    return "a row" if count == 1 else f"{count} rows"
