"""Columns of a CSV file: found by their names, and read as numbers."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import DataError
from diffqas.tasks.csv_numbers import (
    WrongNumber,
    decimal_sign,
    finite_number,
    is_missing,
    looks_like_number,
    number,
)
from diffqas.tasks.csv_table import CsvTable, shortened

Floats = NDArray[np.float64]

# Lists of columns in a message are cut to so many names.
MOST_NAMES = 12

MOST_LINES = 8
"""Lines without a value that a message lists."""


def named_column(table: CsvTable, column: str) -> int:
    """The index of the column with this name.

    Raises:
        DataError: there is no such column; the message suggests the nearest name.
    """
    header = table.header
    if column.strip() in header:
        return header.index(column.strip())
    near = difflib.get_close_matches(column, header, n=1)
    hint = f" (did you mean {shortened(near[0])}?)" if near else ""
    missing = f"there is no column {shortened(column)}{hint}"
    raise DataError(f"{table.path}: {missing}; the columns are {names_in_words(header)}")


def first_row_is_data(table: CsvTable) -> bool:
    """Whether a header cell with digits, such as a date, is written like the cell below it."""
    if not table.rows:
        return False
    below = [cell.strip() for cell in table.rows[0]]
    for name, cell in zip(table.header, below, strict=True):
        has_digits = re.search(r"\d", name) is not None
        if has_digits and not looks_like_number(name) and _shape(name) == _shape(cell):
            return True
    return False


def _shape(cell: str) -> str:
    """A cell with every number as 9 and every word as a.

    >>> _shape("1949-01"), _shape("12 Jan 1949")
    ('9-9', '9 a 9')
    """
    return re.sub(r"[^\W\d]+", "a", re.sub(r"\d+", "9", cell))


def mostly_numbers(cells: Sequence[str]) -> bool:
    """Whether more than half of the cells that are filled hold numbers."""
    # Not "all": one bad cell must be told with its line, not hide the column. Numbers in whatever
    # notation count, so that a column of 1,234 is no text beside which a row number is taken.
    there = [cell for cell in cells if not is_missing(cell)]
    numbers = sum(looks_like_number(cell) or number(cell) is not None for cell in there)
    return 2 * numbers > len(there)


def numbers_of(table: CsvTable, column: int) -> Floats:
    """The cells of a column as finite numbers.

    Raises:
        DataError: a cell holds no finite number; the message names its line. If values are missing,
            it names all their lines.
    """
    cells = table.cells(column)
    _refuse_missing(table, column, cells)
    everything = (cell.strip() for cell in chain.from_iterable(table.rows))
    sign = decimal_sign(cells, everything, table.separator)
    values = []
    for cell, line in zip(cells, table.lines, strict=True):
        place = f"{table.path}, line {line}, column {shortened(table.header[column])}"
        try:
            values.append(finite_number(cell, sign))
        except WrongNumber as error:
            raise DataError(f"{place}: {shortened(cell)} {error}") from None
    return np.array(values, dtype=np.float64)


def _refuse_missing(table: CsvTable, column: int, cells: Sequence[str]) -> None:
    """Refuse missing values, and name all of them at once.

    The message does not advise to remove a row: all later values would then be a step too early.
    """
    filled = zip(cells, table.lines, strict=True)
    first, *others = [line for cell, line in filled if is_missing(cell)] or [0]
    if not first:
        return
    place = f"{table.path}, line {first}, column {shortened(table.header[column])}"
    what, remedy = "the value is missing", "fill it in, such as by the mean of its neighbours"
    if others:
        listed = ", ".join(map(str, others[:MOST_LINES]))
        more = len(others) - MOST_LINES
        if more > 0:
            listed += f" and {more} more"
        lines = "line" if len(others) == 1 else "lines"
        what = f"the value is missing, as in {lines} {listed}"
        remedy = "fill them in, such as by the mean of their neighbours"
    raise DataError(f"{place}: {what}; {remedy}")


def names_in_words(names: Sequence[str]) -> str:
    """The names in quotes, the first twelve of them."""
    listed = ", ".join(shortened(name) for name in names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    if more > 0:
        listed += f" and {more} more"
    return listed
