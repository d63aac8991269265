"""How a column of a file becomes numbers: decided once by the rows that are learnt from, then the
same for rows that come later.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import DataError
from diffqas.tasks.csv_columns import (
    first_row_is_data,
    mostly_numbers,
    names_in_words,
    numbers_of,
)
from diffqas.tasks.csv_numbers import looks_like_number
from diffqas.tasks.csv_table import CsvTable, shortened
from diffqas.tasks.tables.missing import rows_of, rows_with_value

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

MOST_WORDS = 10
"""A column of text is turned into numbers if it holds at most so many different words."""


@dataclass(frozen=True)
class Column:
    """A column of a file, and what it becomes.

    Attributes:
        name: in the file.
        words: that it holds, sorted; none of a column of numbers.

    >>> Column("size").coded, Column("kind", ("a", "b")).coded
    (('size',), ('kind=b',))
    """

    name: str
    words: tuple[str, ...] = ()

    @property
    def coded(self) -> tuple[str, ...]:
        """Names of the columns of numbers: its own, or one of 0 and 1 for each of its words."""
        if not self.words:
            return (self.name,)
        # Of two words the second column would be the first one turned round.
        shown = self.words[1:] if len(self.words) == 2 else self.words
        return tuple(f"{self.name}={word}" for word in shown)

    def read(self, table: CsvTable, place: int) -> Floats:
        """The column of a table that stands at a place, (rows, coded columns); nan where a value is
        missing.

        Raises:
            DataError: a cell that holds no number, or a word that the column does not have.
        """
        there = rows_with_value(table, place)
        values = np.full((len(table.rows), len(self.coded)), np.nan)
        if there:
            values[there] = self._read_filled(rows_of(table, there), place)
        return values

    def _read_filled(self, table: CsvTable, place: int) -> Floats:
        if not self.words:
            return numbers_of(table, place)[:, None]
        numbers = self._numbered(table, place)
        places = range(len(self.words) - len(self.coded), len(self.words))
        return (numbers[:, None] == np.array(places)).astype(np.float64)

    def _numbered(self, table: CsvTable, place: int) -> Labels:
        cells = table.cells(place)
        for cell, line in zip(cells, table.lines, strict=True):
            if cell not in self.words:
                where = f"{table.path}, line {line}, column {shortened(self.name)}"
                known = names_in_words(self.words)
                raise DataError(
                    f"{where}: {shortened(cell)} is none of the words that were learnt, {known}"
                )
        return numbered(cells, self.words)


def column_at(table: CsvTable, place: int) -> Column:
    """What the column at a place of a table becomes.

    Raises:
        DataError: no row has a value, or text with more than ten different words.
    """
    name = table.header[place]
    there = rows_with_value(table, place)
    if not there:
        raise DataError(
            f"{table.path}, column {shortened(name)}: no row has a value; leave it out "
            f"(--leave-out {name})"
        )
    filled = rows_of(table, there)
    if mostly_numbers(filled.cells(place)):
        return Column(name)
    words = different_words(filled, place)
    if len(words) > MOST_WORDS:
        raise DataError(
            f"{table.path}, column {shortened(name)}: text with {len(words)} different words, more "
            f"than {MOST_WORDS}; write it as numbers, or leave it out (--leave-out {name})"
        )
    return Column(name, words)


def different_words(table: CsvTable, place: int) -> tuple[str, ...]:
    """The different words of a column, sorted; words that differ in their case are refused."""
    words = sorted(set(table.cells(place)))
    composed = [unicodedata.normalize("NFKC", word) for word in words]
    name = shortened(table.header[place])
    for word, same in zip(words, composed, strict=True):
        if composed.count(same) > 1:
            raise DataError(
                f"{table.path}, column {name}: {shortened(word)} is written with different signs "
                "of Unicode that look alike; write it in one way"
            )
    small = [word.casefold() for word in composed]
    for word, same in zip(words, small, strict=True):
        if small.count(same) > 1:
            raise DataError(
                f"{table.path}, column {name}: {shortened(word)} is written with small and with "
                "capital letters; write it in one way"
            )
    return tuple(words)


def numbered(cells: Sequence[str], names: Sequence[str]) -> Labels:
    """The place of each cell among the names."""
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers[cell] for cell in cells], dtype=np.int64)


def check_header(table: CsvTable) -> None:
    """Refuse names that are shared or empty, and a first row that is data."""
    place = f"{table.path}, line 1"
    for index, name in enumerate(table.header):
        if not name:
            raise DataError(f"{place}: column {index + 1} has no name; name it")
        if table.header.count(name) > 1:
            raise DataError(f"{place}: two columns are named {shortened(name)}; rename one of them")
    values = [name for name in table.header if looks_like_number(name)]
    if values and (2 * len(values) > len(table.header) or first_row_is_data(table)):
        remedy = "add a first row that names the columns"
        raise DataError(
            f"{place}: {shortened(values[0])} looks like a value, so there is no header; {remedy}"
        )
