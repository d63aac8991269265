"""A user's own series from a CSV file. Whatever is wrong with the file is told in one line."""

from __future__ import annotations

import csv
import difflib
import io
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np

from diffqas.errors import DataError, choose, require
from diffqas.tasks.series.windows import Scaling, SeriesData, scaled_windows

MINIMUM_WINDOWS = 20


@dataclass(frozen=True)
class _Table:
    """A CSV file as text: column names, rows of equal length and the line on which each row ends."""

    path: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]

    def cells(self, column: int) -> list[str]:
        return [row[column].strip() for row in self.rows]


def load_csv(
    path: str | os.PathLike[str], column: str | None = None, *, scaling: Scaling = "whole", length: int = 4
) -> SeriesData:
    """Return the windows of one column of a CSV file, scaled to [-1, 1].

    The file is UTF-8 (a byte order mark is fine), cells are separated by commas, the first row names the
    columns, time runs downwards. Blank lines at the end are ignored.

    Args:
        path: the file.
        column: name of the column; None: the only column that holds numbers.
        scaling: "whole" or "train", as in `scaled_windows`.
        length: values per window.

    Raises:
        ArgumentError: unknown `scaling`, or `length` below 1.
        DataError: the file cannot be read or used; the message names file, line and remedy.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "tides.csv"
    ...     _ = file.write_text("day,level\\n" + "".join(f"d{i},{i % 7}\\n" for i in range(30)))
    ...     data = load_csv(file)
    >>> data.name, data.inputs.shape
    ('tides:level', (25, 4))
    """
    choose(scaling, get_args(Scaling), "scaling")
    require(isinstance(length, int) and length >= 1, "length", "be an integer of at least 1", length)
    table = _parse(os.fspath(path))
    index = _pick_column(table, column)
    series = _numbers(table, index)
    needed = MINIMUM_WINDOWS + length + 1
    if len(series) < needed:
        raise DataError(
            f"{table.path}: {len(series)} rows of data are too few; windows of {length} need at least {needed}"
        )
    try:
        return scaled_windows(
            series, length, name=f"{Path(table.path).stem}:{table.header[index]}", scaling=scaling
        )
    except DataError as error:
        raise DataError(f"{table.path}, column {_short(table.header[index])}: {error}") from None


def _parse(path: str) -> _Table:
    reader = csv.reader(io.StringIO(_read_text(path), newline=""), strict=True, skipinitialspace=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        place = f"{path}, line {reader.line_num}"
        raise DataError(f"{place}: not valid CSV ({error}); check quotes and separators there") from None
    while rows and not any(cell.strip() for cell in rows[-1]) and len(rows[-1]) <= 1:
        rows.pop()
        lines.pop()
    if not rows:
        raise DataError(f"{path}: the file is empty; it needs a header row and one row per value")
    table = _Table(path, [name.strip() for name in rows[0]], rows[1:], lines[1:])
    _check_header(table)
    _check_widths(table)
    return table


def _read_text(path: str) -> str:
    if os.path.isdir(path):
        raise DataError(f"{path}: this is a directory; give the path of a CSV file")
    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; check the path") from None
    except (OSError, ValueError) as error:  # ValueError: a path that no file system accepts
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path!r}: the file cannot be read ({reason}); check path and permissions") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"{path}, line {_line_of(raw, error.start)}"
        raise DataError(f"{place}: not UTF-8 text; save the file as CSV in UTF-8") from None
    if "\0" in text:
        place = f"{path}, line {_line_of(raw, raw.index(0))}"
        raise DataError(f"{place}: a NUL byte, so this is no text file; save it as CSV in UTF-8")
    return text


def _line_of(raw: bytes, position: int) -> int:
    return raw.count(b"\n", 0, position) + 1


def _check_header(table: _Table) -> None:
    named = [name for name in table.header if name]
    if not named:
        raise DataError(f"{table.path}, line 1: the header is blank; name the columns in the first row")
    if all((value := _number(name)) is not None and math.isfinite(value) for name in named):
        raise DataError(
            f"{table.path}, line 1: only numbers, so there is no header; name the columns in the first row"
        )
    seen: set[str] = set()
    for name in table.header:
        if name in seen:
            raise DataError(f"{table.path}, line 1: two columns are named {_short(name)}; rename one of them")
        seen.add(name)


def _check_widths(table: _Table) -> None:
    width = len(table.header)
    for row, line in zip(table.rows, table.lines, strict=True):
        place = f"{table.path}, line {line}"
        if not row:
            raise DataError(f"{place}: a blank line between the rows; remove it or fill in the values")
        if len(row) != width:
            raise DataError(f"{place}: {len(row)} cells where the header has {width}; correct that row")


def _pick_column(table: _Table, column: str | None) -> int:
    header = table.header
    if column is not None:
        if column.strip() in header:
            return header.index(column.strip())
        near = difflib.get_close_matches(column, header, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise DataError(
            f"{table.path}: there is no column {_short(column)}{hint}; the columns are {_names(header)}"
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
    return 2 * sum(_number(cell) is not None for cell in cells) > len(cells)


def _numbers(table: _Table, column: int) -> np.ndarray:
    values = []
    for cell, line in zip(table.cells(column), table.lines, strict=True):
        place = f"{table.path}, line {line}, column {_short(table.header[column])}"
        value = _number(cell)
        if not cell:
            raise DataError(f"{place}: the value is missing; fill it in or remove that row")
        if value is None:
            hint = "; cells must be separated by commas" if ";" in cell or "\t" in cell else ""
            raise DataError(f"{place}: {_short(cell)} is not a number; correct that cell{hint}")
        if not math.isfinite(value):
            raise DataError(f"{place}: {_short(cell)} is not a finite number; correct that cell")
        values.append(value)
    return np.array(values, dtype=np.float64)


def _number(cell: str) -> float | None:
    if "_" in cell:  # Python's own digit grouping; in data it is a slip
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _names(names: list[str]) -> str:
    listed = ", ".join(_short(name) for name in names[:12])
    return listed if len(names) <= 12 else f"{listed} and {len(names) - 12} more"
