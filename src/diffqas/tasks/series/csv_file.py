"""A user's own series from a CSV file.

Whatever is wrong with the file is told in one line that names the file, the line in it and the
remedy.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import get_args

import numpy as np

from diffqas.errors import DataError, choose, require
from diffqas.tasks.csv_numbers import (
    MISSING,
    WrongNumber,
    decimal_sign,
    finite_number,
    looks_like_number,
    number,
)
from diffqas.tasks.csv_table import CsvTable, read_table, shortened
from diffqas.tasks.series.series_data import Floats, Scaling, SeriesData, scaled_windows

MINIMUM_WINDOWS = 20

# Lists of columns in a message are cut to so many names.
MOST_NAMES = 12

OF_TIME = {"year", "quarter", "month", "week", "weekday", "day", "date", "hour", "minute"}
OF_TIME |= {"second", "time", "timestamp", "t", "step", "index", "id", "row", "no", "nr", "number"}
OF_TIME |= {"jahr", "monat", "tag", "datum", "zeit", "uhrzeit"}
"""Names of columns that count or date the rows, in small letters."""


def load_csv(
    path: str | os.PathLike[str],
    column: str | None = None,
    *,
    scaling: Scaling = "whole",
    length: int = 4,
) -> SeriesData:
    r"""Return the windows of one column of a CSV file, scaled to [-1, 1].

    The first row names the columns, time runs downwards; blank lines at the end are ignored. Cells
    are separated by commas, or by semicolons, tabs or bars, and then numbers may have a decimal
    comma. The text is UTF-8, or UTF-16 with a byte order mark.

    Args:
        path: the file.
        column: name of the column; None: the only column that holds numbers, if they do not seem
            to count or date the rows.
        scaling: "whole" or "train", as in `scaled_windows`.
        length: values per window.

    Raises:
        ArgumentError: unknown `scaling`, `length` below 1, or a `column` that is no text.
        DataError: the file cannot be read or used; the message names file, line and remedy.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "tides.csv"
    ...     _ = file.write_text("day,level\n" + "".join(f"d{i},{i % 7}\n" for i in range(30)))
    ...     data = load_csv(file)
    >>> data.name, data.inputs.shape
    ('tides:level', (25, 4))
    """
    choose(scaling, get_args(Scaling), "scaling")
    whole = isinstance(length, int) and length >= 1
    require(whole, "length", "be an integer of at least 1", length)
    named = column is None or isinstance(column, str)
    require(named, "column", "be the name of a column", repr(column))

    table = read_table(os.fspath(path))
    index = _pick_column(table, column)
    series = _numbers(table, index)
    needed = MINIMUM_WINDOWS + length + 1
    if len(series) < needed:
        got = f"{len(series)} rows of data are too few"
        raise DataError(f"{table.path}: {got}; windows of {length} values need at least {needed}")
    name = f"{Path(table.path).stem}:{table.header[index]}"
    try:
        return scaled_windows(series, length, name=name, scaling=scaling)
    except DataError as error:
        raise DataError(f"{table.path}, column {shortened(table.header[index])}: {error}") from None


def _pick_column(table: CsvTable, column: str | None) -> int:
    """Index of the named column, or of the only one that holds numbers."""
    asked_for = column is not None
    index = _named_column(table, column) if asked_for else _only_series(table)
    _check_name(table, index, asked_for)
    return index


def _only_series(table: CsvTable) -> int:
    """Index of the column that is the series beyond doubt."""
    header = table.header
    columns = [table.cells(index) for index in range(len(header))]
    filled = [index for index, cells in enumerate(columns) if any(cells)]
    if len(header) == 1:
        return 0
    numeric = [index for index in filled if _mostly_numbers(columns[index])]
    remedy = f"name the one to use with `column` (there are {_names(header)})"
    if len(numeric) != 1:
        found = "no column holds"
        if numeric:
            found = f"columns {_names([header[index] for index in numeric])} hold"
        raise DataError(f"{table.path}: {found} numbers; {remedy}")
    # Beside a column of text that was meant, the only numbers may be those of the rows.
    only = numeric[0]
    if len(filled) > 1 and _counts_rows(header[only], columns[only]):
        name = shortened(header[only])
        raise DataError(
            f"{table.path}: the only column of numbers, {name}, seems to count or date the rows; "
            f"{remedy}"
        )
    return only


def _named_column(table: CsvTable, column: str) -> int:
    header = table.header
    if column.strip() in header:
        return header.index(column.strip())
    near = difflib.get_close_matches(column, header, n=1)
    hint = f" (did you mean {shortened(near[0])}?)" if near else ""
    missing = f"there is no column {shortened(column)}{hint}"
    raise DataError(f"{table.path}: {missing}; the columns are {_names(header)}")


def _check_name(table: CsvTable, index: int, asked_for: bool) -> None:
    """Refuse a column whose name is shared or empty, or is the first value of a series."""
    name = table.header[index]
    place = f"{table.path}, line 1"
    if table.header.count(name) > 1:
        shared = f"two columns are named {shortened(name)}"
        raise DataError(f"{place}: {shared}; rename one of them")
    if not name:
        raise DataError(f"{place}: column {index + 1}, the one with numbers, has no name; name it")
    if asked_for:
        # Whoever types a number means a name, such as a year, unless the row around it is data.
        is_value = looks_like_number(name) and _first_row_is_data(table)
    else:
        is_value = looks_like_number(name) or name.lower() in MISSING or number(name) is not None
    if is_value:
        remedy = "add a first row that names the columns"
        if not asked_for:
            remedy += f" (if it is a name, ask for it with `column`: {shortened(name)})"
        raise DataError(
            f"{place}: {shortened(name)} looks like a value, so there is no header; {remedy}"
        )


def _first_row_is_data(table: CsvTable) -> bool:
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


def _mostly_numbers(cells: Sequence[str]) -> bool:
    # Not "all": one bad cell must be told with its line, not hide the column. Numbers in whatever
    # notation count, so that a column of 1,234 is no text beside which a row number is taken.
    there = [cell for cell in cells if cell.lower() not in MISSING]
    numbers = sum(looks_like_number(cell) or number(cell) is not None for cell in there)
    return 2 * numbers > len(there)


def _counts_rows(name: str, cells: Sequence[str]) -> bool:
    """Whether a column may be the number, date or time of each row."""
    words = re.split(r"[\W\d_]+", name.lower())
    if OF_TIME.intersection(words):
        return True
    values = [number(cell.replace(",", ".")) for cell in cells]
    known = [value for value in values if value is not None]
    # Of a constant column, and of one with signs that no number has, the cells tell what is wrong.
    if len(set(known)) < 2:
        return False
    pairs = list(pairwise(known))
    rising = all(before <= after for before, after in pairs)
    falling = all(before >= after for before, after in pairs)
    return rising or falling


def _numbers(table: CsvTable, column: int) -> Floats:
    """The cells of a column as finite numbers."""
    cells = table.cells(column)
    everything = (cell.strip() for cell in chain.from_iterable(table.rows))
    sign = decimal_sign(cells, everything, table.separator)
    values = []
    for cell, line in zip(cells, table.lines, strict=True):
        place = f"{table.path}, line {line}, column {shortened(table.header[column])}"
        if not cell:
            raise DataError(f"{place}: the value is missing; fill it in or remove that row")
        try:
            values.append(finite_number(cell, sign))
        except WrongNumber as error:
            raise DataError(f"{place}: {shortened(cell)} {error}") from None
    return np.array(values, dtype=np.float64)


def _names(names: list[str]) -> str:
    listed = ", ".join(shortened(name) for name in names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return f"{listed} and {more} more" if more > 0 else listed
