"""Columns of a CSV file as one series: the predicted one, and those that are seen beside it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from diffqas.errors import DataError, require
from diffqas.tasks.csv_columns import mostly_numbers, named_column, numbers_of
from diffqas.tasks.csv_table import CsvTable, read_table, shortened
from diffqas.tasks.series.csv_file import pick_column, title_of
from diffqas.tasks.series.row_dates import RowDates, in_digits, row_dates
from diffqas.tasks.series.series_data import Floats
from diffqas.tasks.series.several import OF_TIME, refuse_several

LEAST_ROWS = 25
"""Of a file: fewer leave nothing to learn from beside what is held out."""
LARGEST = 1e100
"""Of a value, and the inverse of the least spread: squares of others are no numbers."""


@dataclass(frozen=True, eq=False)
class OwnColumns:
    """What a file holds of a series.

    Attributes:
        name: of file and predicted column.
        columns: names, the predicted one first.
        values: (times, columns), in the columns' own units.
        dates: of the rows, if the file has a column of dates at equal steps.
    """

    name: str
    columns: tuple[str, ...]
    values: Floats
    dates: RowDates | None


def read_columns(
    path: str | os.PathLike[str], column: str | None = None, further: Sequence[str] = ()
) -> OwnColumns:
    """Read the column to predict, and further columns that a model sees beside it.

    Args:
        path: the file.
        column: the name of the column to predict; None: the only one that holds numbers.
        further: the names of the further columns.

    Raises:
        DataError: the file cannot be used; the message names the line and the remedy.
        ArgumentError: a column is named twice, or the path is none.
    """
    table = read_table(path)
    if column is None and further:
        remedy = "name the predicted one with `column`"
        raise DataError(f"{table.path}: several columns are to be read; {remedy}")
    indices = [pick_column(table, column)]
    for name in further:
        index = named_column(table, name)
        require(
            index not in indices, "columns", "name other columns than `column`, each once", name
        )
        indices.append(index)
    refuse_several(table, indices)
    values = np.column_stack([numbers_of(table, index) for index in indices])
    if len(values) < LEAST_ROWS:
        got = f"{len(values)} rows of data are too few"
        raise DataError(f"{table.path}: {got}; a series needs at least {LEAST_ROWS}")
    names = tuple(table.header[index] for index in indices)
    for name, each in zip(names, values.T, strict=True):
        _check_values(f"{table.path}, column {shortened(name)}", each)
    return OwnColumns(title_of(table, indices[0]), names, values, _dates(table, indices))


def _check_values(place: str, values: Floats) -> None:
    """Refuse a column that says nothing, or whose squares are no numbers."""
    if values.min() == values.max():
        raise DataError(f"{place}: the series is constant; there is nothing to learn")
    if np.abs(values).max() > LARGEST:
        remedy = "divide its values by a constant first"
        raise DataError(f"{place}: the series spreads too widely for float64; {remedy}")
    if values.max() - values.min() < 1 / LARGEST:
        remedy = "multiply its values by a constant first"
        raise DataError(f"{place}: the series spreads too little for float64; {remedy}")


def _dates(table: CsvTable, read: Sequence[int]) -> RowDates | None:
    """The dates of the rows from the first other column that has them."""
    for index, name in enumerate(table.header):
        if index in read:
            continue
        cells = table.cells(index)
        place = f"{table.path}, column {shortened(name)}"
        counts = mostly_numbers(cells)
        # Beside text any column of numbers may look like one of years.
        if counts and not _of_time(name) and not in_digits(cells):
            continue
        found = row_dates(cells, table.lines, place)
        if found is not None:
            return found
        if counts:
            _check_counter(cells, table.lines, place)
    return None


def _of_time(name: str) -> bool:
    return bool(OF_TIME.intersection(re.split(r"[\W\d_]+", name.lower())))


def _check_counter(cells: Sequence[str], lines: Sequence[int], place: str) -> None:
    """Refuse numbers of rows that go up by one, but for a gap."""
    try:
        numbers = [int(cell) for cell in cells]
    except ValueError:
        return
    steps = [later - earlier for earlier, later in pairwise(numbers)]
    if min(steps) < 1 or steps.count(1) < 0.9 * len(steps):
        return
    for index, step in enumerate(steps):
        if step != 1:
            here = f"line {lines[index + 1]}: {cells[index + 1]} follows {cells[index]}"
            raise DataError(
                f"{place}, {here}, so rows are missing between them; fill the gap first"
            )
