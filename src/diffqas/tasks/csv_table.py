"""A CSV file from somewhere else as a table of text.

Programs write many kinds of files under this name. A file is read if it has exactly one meaning.
Any other file is refused in one line that names the file, the line in it and the remedy.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from diffqas.errors import DataError, path_of
from diffqas.storage import read_file
from diffqas.tasks.csv_numbers import looks_like_number

MOST_BYTES = 1 << 28

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""Signs between cells, the usual one first, and what messages call them."""

NAME_THEM = "name the columns in the first row"

# Names and cells in a message are cut to so many characters.
LONGEST_TEXT = 40

# UTF-32 comes first: its mark in little-endian order begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# How files begin that are no text. Only what cannot be read as text is compared with these, since
# a header may well begin with the letters of one.
_OTHER_FORMATS = (
    (b"\x1f\x8b", "a file packed by gzip; unpack it first"),
    (b"BZh", "a file packed by bzip2; unpack it first"),
    (b"\xfd7zXZ", "a file packed by xz; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a file packed by zstd; unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it first"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet (.xls); save it as CSV in UTF-8"),
    (b"PAR1", "a Parquet file; save it as CSV in UTF-8"),
    (b"ARROW1", "a Feather file; save it as CSV in UTF-8"),
    (b"\x89HDF", "an HDF5 file; save it as CSV in UTF-8"),
    (b"\x93NUMPY", "an array of NumPy; save it by numpy.savetxt with a header"),
    (b"SQLite format 3", "a database; export a table as CSV in UTF-8"),
    (b"%PDF", "a PDF; the table must be a CSV file"),
)
_MARKUP = ("<!doctype", "<html", "<?xml", "<table")

# Spreadsheet programs may write a line of its own that names the separator.
_NAMED_SEPARATOR = re.compile(r'"?sep=([,;\t|])"?(?:\r\n|\r|\n|$)')


@dataclass(frozen=True)
class CsvTable:
    """A CSV file as text: column names, rows of equal length, the line where each row ends."""

    path: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    separator: str = ","

    def cells(self, column: int) -> list[str]:
        """Return the cells of one column without surrounding blanks."""
        return [row[column].strip() for row in self.rows]


def read_table(path: str | os.PathLike[str]) -> CsvTable:
    """Read a CSV file with a header row.

    The text is UTF-8, or UTF-16 or UTF-32 with a byte order mark. Cells are separated by commas,
    semicolons, tabs or vertical bars; the header shows which of them it is.

    Raises:
        ArgumentError: `path` is no path.
        DataError: the file can't be read, or is no table with a header and rows of equal length.
    """
    path_of(path, "path")
    path = os.fspath(path)
    text = _read_text(path)
    named = _NAMED_SEPARATOR.match(text)
    skipped = 0
    if named is None:
        separator = _find_separator(path, text)
    else:
        separator = named[1]
        skipped = 1
        text = text[named.end() :]
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for line, row in _numbered_rows(text, separator):
            rows.append(row)
            lines.append(line + skipped)
    except _NotCsv as error:
        place = f"{path}, line {error.line + skipped}"
        remedy = "check quotes and separators there"
        raise DataError(f"{place}: not valid CSV ({error.reason}); {remedy}") from None
    while rows and _is_blank(rows[-1]):
        rows.pop()
        lines.pop()
    if not rows:
        raise DataError(f"{path}: the file is empty; it needs a header row and one row per value")
    header = [name.strip() for name in rows[0]]
    table = CsvTable(path, header, rows[1:], lines[1:], separator)
    _check_header(table, 1 + skipped)
    _check_widths(table)
    return table


def shortened(text: str) -> str:
    """Return the text in quotes, on one line and cut to 40 characters, for a message."""
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 3] + "..."
    return repr(text)


class _NotCsv(Exception):
    """A line that the csv module refuses, and why."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(line, reason)
        self.line = line
        self.reason = reason


def _numbered_rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Every row with the number of the line where it ends."""
    lines = io.StringIO(text, newline="")
    # Strict: what is not valid is an error, and not a cell that holds half a file.
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise _NotCsv(reader.line_num, str(error)) from None


def _find_separator(path: str, text: str) -> str:
    """The sign that separates the names in the header; a comma where none does."""
    splitting = [sign for sign in SEPARATORS if len(_first_row(text, sign)) > 1]
    if len(splitting) > 1:
        # A name may hold such a sign, but then the rows below fall apart in another way.
        fitting = [sign for sign in splitting if _is_even(text, sign)]
        if len(fitting) != 1 and not re.search(r"[^\W\d]", text.splitlines()[0]):
            raise DataError(f"{path}, line 1: only numbers, so there is no header; {NAME_THEM}")
        if len(fitting) != 1:
            names = " or ".join(SEPARATORS[sign] for sign in splitting)
            remedy = "put names that hold such signs in quotes"
            raise DataError(f"{path}, line 1: cells may be separated by {names}; {remedy}")
        splitting = fitting
    if splitting:
        return splitting[0]
    return ","


def _first_row(text: str, separator: str) -> list[str]:
    try:
        for _, row in _numbered_rows(text, separator):
            return row
    except _NotCsv:
        pass
    return []


def _is_even(text: str, separator: str) -> bool:
    """Whether all rows have as many cells as the header; blank lines have none."""
    rows = _numbered_rows(text, separator)
    try:
        widths = {len(row) for _, row in rows if not _is_blank(row)}
    except _NotCsv:
        return False
    return len(widths) == 1


def _is_blank(row: list[str]) -> bool:
    # A row of several empty cells is no blank line: its values are missing.
    return len(row) <= 1 and not any(cell.strip() for cell in row)


def _read_text(path: str) -> str:
    if os.path.isdir(path):
        raise DataError(f"{path}: this is a directory; give the path of a CSV file")
    try:
        raw = read_file(Path(path), MOST_BYTES, named=True)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; check the path") from None
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None
    except ValueError as error:  # a path that no file system accepts
        raise _unreadable(path, str(error)) from None
    try:
        text = raw.decode(_encoding(raw))
    except UnicodeDecodeError as error:
        _refuse_other_formats(path, raw)
        place = f"{path}, line {_line_of(raw, error.start)}"
        raise DataError(f"{place}: not UTF-8 text; save the file as CSV in UTF-8") from None
    if "\0" in text:
        _refuse_other_formats(path, raw)
        place = f"{path}, line {_line_of(raw, raw.index(0))}"
        raise DataError(f"{place}: a NUL byte, so this is no text file; save it as CSV in UTF-8")
    if text.lstrip()[:9].lower().startswith(_MARKUP):
        raise DataError(f"{path}: this is a page of HTML or XML; save the table as CSV in UTF-8")
    return text


def _encoding(raw: bytes) -> str:
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return name
    return "utf-8-sig"


def _refuse_other_formats(path: str, raw: bytes) -> None:
    """Tell a file of a known format by its first bytes, whatever its name is."""
    for start, words in _OTHER_FORMATS:
        if raw.startswith(start):
            raise DataError(f"{path}: this is {words}")
    if not raw.startswith(b"PK\x03\x04"):
        return
    # A spreadsheet is a zip archive with certain names in it.
    if b"xl/workbook" in raw or b"opendocument.spreadsheet" in raw:
        raise DataError(f"{path}: this is a spreadsheet (.xlsx or .ods); save it as CSV in UTF-8")
    raise DataError(f"{path}: this is a zip archive; unpack it first")


def _unreadable(path: str, reason: str) -> DataError:
    # Quoted, because such a path may hold any character.
    remedy = "check path and permissions"
    return DataError(f"{path!r}: the file cannot be read ({reason}); {remedy}")


def _line_of(raw: bytes, position: int) -> int:
    return raw.count(b"\n", 0, position) + 1


def _check_header(table: CsvTable, line: int) -> None:
    place = f"{table.path}, line {line}"
    named = [name for name in table.header if name]
    if not named:
        raise DataError(f"{place}: the header is blank; {NAME_THEM}")
    if all(looks_like_number(name) for name in named):
        raise DataError(f"{place}: only numbers, so there is no header; {NAME_THEM}")
    comment = table.header[0].startswith("#")
    if comment and table.rows and len(table.rows[0]) != len(table.header):
        remedy = "remove lines of comments; the first row names the columns"
        raise DataError(f"{place}: a comment where the header should be; {remedy}")


def _check_widths(table: CsvTable) -> None:
    width = len(table.header)
    for row, line in zip(table.rows, table.lines, strict=True):
        place = f"{table.path}, line {line}"
        if not row:
            remedy = "remove it or fill in the values"
            raise DataError(f"{place}: a blank line between the rows; {remedy}")
        if len(row) != width:
            got = f"{len(row)} cells where the header has {width}"
            hint = ""
            if len(row) > width and table.separator == ",":
                hint = " (numbers must be written with a decimal point)"
            raise DataError(f"{place}: {got}; correct that row{hint}")
