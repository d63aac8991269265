"""A user's own series from a CSV file.

Whatever is wrong with the file is told in one line that names the file, the line in it and the
remedy.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import get_args

from diffqas.errors import DataError, choose, require
from diffqas.tasks.csv_columns import (
    first_row_is_data,
    mostly_numbers,
    named_column,
    names_in_words,
    numbers_of,
)
from diffqas.tasks.csv_numbers import MISSING, looks_like_number, number
from diffqas.tasks.csv_table import CsvTable, read_table, shortened
from diffqas.tasks.series.series_data import Scaling, SeriesData, scaled_windows
from diffqas.tasks.series.several import OF_TIME, refuse_several

MINIMUM_WINDOWS = 20


def load_csv(
    path: str | os.PathLike[str],
    column: str | None = None,
    *,
    scaling: Scaling = "whole",
    length: int = 4,
) -> SeriesData:
    r"""Return the windows of one column of a CSV file, scaled to [-1, 1].

    The first row names the columns, and time runs downwards; blank lines at the end are ignored.
    Cells are separated by commas, semicolons, tabs or vertical bars. If not by commas, numbers may
    have a decimal comma. The text is UTF-8, or UTF-16 or UTF-32 with a byte order mark.

    Args:
        path: the file.
        column: the name of the column; None: the only column that holds numbers, if they do not
            seem to count or date the rows.
        scaling: "whole" or "train", as in `scaled_windows`.
        length: the values per window.

    Raises:
        ArgumentError: an unknown `scaling`, a `length` below 1, or a `path` or `column` of another
            type.
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

    table = read_table(path)
    index = pick_column(table, column)
    refuse_several(table, [index])
    series = numbers_of(table, index)
    needed = MINIMUM_WINDOWS + length + 1
    if len(series) < needed:
        got = f"{len(series)} rows of data are too few"
        raise DataError(f"{table.path}: {got}; windows of {length} values need at least {needed}")
    try:
        return scaled_windows(series, length, name=title_of(table, index), scaling=scaling)
    except DataError as error:
        raise DataError(f"{table.path}, column {shortened(table.header[index])}: {error}") from None


def title_of(table: CsvTable, index: int) -> str:
    """What the series in a column is called: by file and column."""
    return f"{Path(table.path).stem}:{table.header[index]}"


def pick_column(table: CsvTable, column: str | None) -> int:
    """Index of the named column, or of the only one that holds numbers.

    Raises:
        DataError: there is no such column, or not one alone.
    """
    asked_for = column is not None
    index = named_column(table, column) if asked_for else _only_series(table)
    _check_name(table, index, asked_for)
    return index


def _only_series(table: CsvTable) -> int:
    """Index of the column that is the series beyond doubt."""
    header = table.header
    columns = [table.cells(index) for index in range(len(header))]
    filled = [index for index, cells in enumerate(columns) if any(cells)]
    if len(header) == 1:
        return 0
    numeric = [index for index in filled if mostly_numbers(columns[index])]
    remedy = f"name the one to use with `column` (there are {names_in_words(header)})"
    if len(numeric) != 1:
        found = "no column holds"
        if numeric:
            found = f"columns {names_in_words([header[index] for index in numeric])} hold"
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
        is_value = looks_like_number(name) and first_row_is_data(table)
    else:
        is_value = looks_like_number(name) or name.lower() in MISSING or number(name) is not None
    if is_value:
        remedy = "add a first row that names the columns"
        if not asked_for:
            remedy += f" (if it is a name, ask for it with `column`: {shortened(name)})"
        raise DataError(
            f"{place}: {shortened(name)} looks like a value, so there is no header; {remedy}"
        )


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
