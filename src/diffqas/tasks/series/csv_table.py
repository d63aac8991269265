"""A CSV file as text cells: reading it, and telling in one line why it can't be read."""

from __future__ import annotations

import csv
import io
import math
import os
from dataclasses import dataclass
from pathlib import Path

from diffqas.errors import DataError


@dataclass(frozen=True)
class CsvTable:
    """A CSV file as text: column names, rows of equal length and the line on which each row ends."""

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
    reader = csv.reader(
        io.StringIO(_read_text(path), newline=""), strict=True, skipinitialspace=True
    )
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        place = f"{path}, line {reader.line_num}"
        raise DataError(
            f"{place}: not valid CSV ({error}); check quotes and separators there"
        ) from None
    while rows and not any(cell.strip() for cell in rows[-1]) and len(rows[-1]) <= 1:
        rows.pop()
        lines.pop()
    if not rows:
        raise DataError(f"{path}: the file is empty; it needs a header row and one row per value")
    table = CsvTable(path, [name.strip() for name in rows[0]], rows[1:], lines[1:])
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
        raise DataError(
            f"{path!r}: the file cannot be read ({reason}); check path and permissions"
        ) from None
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


def _check_header(table: CsvTable) -> None:
    named = [name for name in table.header if name]
    if not named:
        raise DataError(
            f"{table.path}, line 1: the header is blank; name the columns in the first row"
        )
    if all((value := number(name)) is not None and math.isfinite(value) for name in named):
        raise DataError(
            f"{table.path}, line 1: only numbers, so there is no header; name the columns in the first row"
        )
    seen: set[str] = set()
    for name in table.header:
        if name in seen:
            raise DataError(
                f"{table.path}, line 1: two columns are named {shortened(name)}; rename one of them"
            )
        seen.add(name)


def _check_widths(table: CsvTable) -> None:
    width = len(table.header)
    for row, line in zip(table.rows, table.lines, strict=True):
        place = f"{table.path}, line {line}"
        if not row:
            raise DataError(
                f"{place}: a blank line between the rows; remove it or fill in the values"
            )
        if len(row) != width:
            raise DataError(
                f"{place}: {len(row)} cells where the header has {width}; correct that row"
            )


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
    return repr(text if len(text) <= 40 else text[:37] + "...")
