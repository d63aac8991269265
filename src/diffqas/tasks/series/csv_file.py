"""A user's own series from a CSV file.

Whatever is wrong with the file is told in one line that names the file, the line in it and the
remedy.
"""

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
from diffqas.tasks.series.series_data import Floats, Scaling, SeriesData, scaled_windows

MINIMUM_WINDOWS = 20

# Names and cells in a message are cut to so many characters, lists of columns to so many names.
LONGEST_TEXT = 40
MOST_NAMES = 12


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
    header = table.header
    if column is not None:
        return _named_column(table, column)
    if len(header) == 1:
        return 0
    numeric = [index for index in range(len(header)) if _mostly_numbers(table.cells(index))]
    if len(numeric) == 1:
        return numeric[0]
    found = "no column holds"
    if numeric:
        found = f"columns {_names([header[index] for index in numeric])} hold"
    remedy = f"name the one to use with `column` (there are {_names(header)})"
    raise DataError(f"{table.path}: {found} numbers; {remedy}")


def _named_column(table: CsvTable, column: str) -> int:
    header = table.header
    if column.strip() in header:
        return header.index(column.strip())
    near = difflib.get_close_matches(column, header, n=1)
    hint = f" (did you mean {shortened(near[0])}?)" if near else ""
    missing = f"there is no column {shortened(column)}{hint}"
    raise DataError(f"{table.path}: {missing}; the columns are {_names(header)}")


def _mostly_numbers(cells: list[str]) -> bool:
    # Not "all": one bad cell must be told with its line, not hide the column.
    numbers = sum(number(cell) is not None for cell in cells)
    return 2 * numbers > len(cells)


def _numbers(table: CsvTable, column: int) -> Floats:
    """The cells of a column as finite numbers."""
    values = []
    for cell, line in zip(table.cells(column), table.lines, strict=True):
        place = f"{table.path}, line {line}, column {shortened(table.header[column])}"
        value = number(cell)
        if not cell:
            raise DataError(f"{place}: the value is missing; fill it in or remove that row")
        if value is None:
            # Spreadsheets of many countries separate cells by semicolons.
            hint = "; cells must be separated by commas" if ";" in cell or "\t" in cell else ""
            raise DataError(f"{place}: {shortened(cell)} is not a number; correct that cell{hint}")
        if not math.isfinite(value):
            raise DataError(f"{place}: {shortened(cell)} is not a finite number; correct that cell")
        values.append(value)
    return np.array(values, dtype=np.float64)


@dataclass(frozen=True)
class CsvTable:
    """A CSV file as text: column names, rows of equal length, the line where each row ends."""

    path: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]

    def cells(self, column: int) -> list[str]:
        """Return the cells of one column without surrounding blanks."""
        return [row[column].strip() for row in self.rows]


def read_table(path: str) -> CsvTable:
    """Read a CSV file in UTF-8 with a header row.

    Raises:
        DataError: the file can't be read, or is no table with a header and rows of equal length.
    """
    text = io.StringIO(_read_text(path), newline="")
    reader = csv.reader(text, strict=True, skipinitialspace=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        place = f"{path}, line {reader.line_num}"
        remedy = "check quotes and separators there"
        raise DataError(f"{place}: not valid CSV ({error}); {remedy}") from None
    while rows and _is_blank(rows[-1]):
        rows.pop()
        lines.pop()
    if not rows:
        raise DataError(f"{path}: the file is empty; it needs a header row and one row per value")
    table = CsvTable(path, [name.strip() for name in rows[0]], rows[1:], lines[1:])
    _check_header(table)
    _check_widths(table)
    return table


def _is_blank(row: list[str]) -> bool:
    # A row of several empty cells is no blank line: its values are missing.
    return len(row) <= 1 and not any(cell.strip() for cell in row)


def _read_text(path: str) -> str:
    if os.path.isdir(path):
        raise DataError(f"{path}: this is a directory; give the path of a CSV file")
    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; check the path") from None
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None
    except ValueError as error:  # a path that no file system accepts
        raise _unreadable(path, str(error)) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"{path}, line {_line_of(raw, error.start)}"
        raise DataError(f"{place}: not UTF-8 text; save the file as CSV in UTF-8") from None
    if "\0" in text:
        place = f"{path}, line {_line_of(raw, raw.index(0))}"
        raise DataError(f"{place}: a NUL byte, so this is no text file; save it as CSV in UTF-8")
    return text


def _unreadable(path: str, reason: str) -> DataError:
    # Quoted, because such a path may hold any character.
    remedy = "check path and permissions"
    return DataError(f"{path!r}: the file cannot be read ({reason}); {remedy}")


def _line_of(raw: bytes, position: int) -> int:
    return raw.count(b"\n", 0, position) + 1


def _check_header(table: CsvTable) -> None:
    place = f"{table.path}, line 1"
    named = [name for name in table.header if name]
    if not named:
        raise DataError(f"{place}: the header is blank; name the columns in the first row")
    if all(_is_finite_number(name) for name in named):
        remedy = "name the columns in the first row"
        raise DataError(f"{place}: only numbers, so there is no header; {remedy}")
    seen: set[str] = set()
    for name in table.header:
        if name in seen:
            twice = f"two columns are named {shortened(name)}"
            raise DataError(f"{place}: {twice}; rename one of them")
        seen.add(name)


def _is_finite_number(cell: str) -> bool:
    # A column may well be called "nan" or "inf".
    value = number(cell)
    return value is not None and math.isfinite(value)


def _check_widths(table: CsvTable) -> None:
    width = len(table.header)
    for row, line in zip(table.rows, table.lines, strict=True):
        place = f"{table.path}, line {line}"
        if not row:
            remedy = "remove it or fill in the values"
            raise DataError(f"{place}: a blank line between the rows; {remedy}")
        if len(row) != width:
            got = f"{len(row)} cells where the header has {width}"
            raise DataError(f"{place}: {got}; correct that row")


def number(cell: str) -> float | None:
    """Return the number that a cell holds (it may be NaN or infinite), or None.

    >>> number("1e-3"), number("1_000"), number("")
    (0.001, None, None)
    """
    if "_" in cell:  # Python's own digit grouping; in data it is a slip
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def shortened(text: str) -> str:
    """Return the text in quotes, on one line and cut to 40 characters, for a message."""
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 3] + "..."
    return repr(text)


def _names(names: list[str]) -> str:
    listed = ", ".join(shortened(name) for name in names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return f"{listed} and {more} more" if more > 0 else listed
