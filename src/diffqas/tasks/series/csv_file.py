"""A user's own series from a CSV file. Whatever is wrong with the file is told in one line."""

from __future__ import annotations

import difflib
import math
import os
from pathlib import Path
from typing import get_args

import numpy as np

from diffqas.errors import DataError, choose, require
from diffqas.tasks.series.csv_table import CsvTable, number, read_table, shortened
from diffqas.tasks.series.signals import Floats
from diffqas.tasks.series.windows import Scaling, SeriesData, scaled_windows

MINIMUM_WINDOWS = 20


def load_csv(
    path: str | os.PathLike[str],
    column: str | None = None,
    *,
    scaling: Scaling = "whole",
    length: int = 4,
) -> SeriesData:
    r"""Return the windows of one column of a CSV file, scaled to [-1, 1].

    The file is UTF-8 (a byte order mark is fine), cells are separated by commas, the first row
    names the columns, time runs downwards. Blank lines at the end are ignored.

    Args:
        path: the file.
        column: name of the column; None: the only column that holds numbers.
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
    require(
        isinstance(length, int) and length >= 1, "length", "be an integer of at least 1", length
    )
    require(
        column is None or isinstance(column, str), "column", "be the name of a column", repr(column)
    )
    table = read_table(os.fspath(path))
    index = _pick_column(table, column)
    series = _numbers(table, index)
    needed = MINIMUM_WINDOWS + length + 1
    if len(series) < needed:
        got = f"{len(series)} rows of data are too few"
        raise DataError(f"{table.path}: {got}; windows of {length} values need at least {needed}")
    try:
        return scaled_windows(
            series, length, name=f"{Path(table.path).stem}:{table.header[index]}", scaling=scaling
        )
    except DataError as error:
        raise DataError(f"{table.path}, column {shortened(table.header[index])}: {error}") from None


def _pick_column(table: CsvTable, column: str | None) -> int:
    header = table.header
    if column is not None:
        if column.strip() in header:
            return header.index(column.strip())
        near = difflib.get_close_matches(column, header, n=1)
        hint = f" (did you mean {shortened(near[0])}?)" if near else ""
        raise DataError(
            f"{table.path}: there is no column {shortened(column)}{hint}; the columns are {_names(header)}"
        )
    if len(header) == 1:
        return 0
    numeric = [index for index in range(len(header)) if _mostly_numbers(table.cells(index))]
    if len(numeric) == 1:
        return numeric[0]
    found = f"columns {_names([header[i] for i in numeric])} hold" if numeric else "no column holds"
    raise DataError(
        f"{table.path}: {found} numbers; name the one to use with `column` (there are {_names(header)})"
    )


def _mostly_numbers(cells: list[str]) -> bool:
    # Not "all": one bad cell must be told with its line, not hide the column.
    return 2 * sum(number(cell) is not None for cell in cells) > len(cells)


def _numbers(table: CsvTable, column: int) -> Floats:
    values = []
    for cell, line in zip(table.cells(column), table.lines, strict=True):
        place = f"{table.path}, line {line}, column {shortened(table.header[column])}"
        value = number(cell)
        if not cell:
            raise DataError(f"{place}: the value is missing; fill it in or remove that row")
        if value is None:
            hint = "; cells must be separated by commas" if ";" in cell or "\t" in cell else ""
            raise DataError(f"{place}: {shortened(cell)} is not a number; correct that cell{hint}")
        if not math.isfinite(value):
            raise DataError(f"{place}: {shortened(cell)} is not a finite number; correct that cell")
        values.append(value)
    return np.array(values, dtype=np.float64)


def _names(names: list[str]) -> str:
    listed = ", ".join(shortened(name) for name in names[:12])
    return listed if len(names) <= 12 else f"{listed} and {len(names) - 12} more"
