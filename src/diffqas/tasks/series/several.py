"""Files that hold several series below or among each other, which a column tells apart.

Read as one, they would be forecast across the border between two shops: they are refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from diffqas.errors import DataError
from diffqas.tasks.csv_columns import names_in_words
from diffqas.tasks.csv_table import CsvTable, shortened
from diffqas.tasks.series.row_dates import times_of

OF_TIME = {"year", "quarter", "month", "week", "weekday", "day", "date", "hour", "minute"}
OF_TIME |= {"second", "time", "timestamp", "t", "step", "index", "id", "row", "no", "nr", "number"}
OF_TIME |= {"jahr", "monat", "tag", "datum", "zeit", "uhrzeit"}
"""Names of columns that count or date the rows, in small letters."""

OF_SERIES = {"series", "id", "store", "shop", "item", "product", "sku", "article", "customer"}
OF_SERIES |= {"country", "region", "state", "city", "station", "site", "sensor", "device", "meter"}
OF_SERIES |= {"symbol", "ticker", "group", "unique", "location", "name", "entity"}
"""Words in names of columns that say which series a row belongs to, in small letters."""
NOT_SERIES = (OF_TIME - {"id"}) | {"period", "season"}
"""Words in names of columns that tell when a row is."""


def refuse_several(table: CsvTable, read: Sequence[int]) -> None:
    """Refuse a file in which another column tells several series apart.

    One does where dates come again and that column makes each row another one; without dates,
    where a column that is named like one changes a few times and never back.

    Args:
        table: the file.
        read: indices of the columns that are read as a series.

    Raises:
        DataError: the column, its values and the remedy.
    """
    others = [index for index in range(len(table.header)) if index not in read]
    dated = {index: times_of(table.cells(index)) for index in others}
    for times in filter(None, dated.values()):
        again = max(Counter(times).values(), default=1)
        if again == 1:
            continue
        for index in (index for index in others if not dated[index]):
            cells = table.cells(index)
            apart = len(set(zip(times, cells, strict=True))) == len(cells)
            if apart and _groups(table.header[index], cells, 2 * again):
                raise DataError(_message(table, index))
    if not any(dated.values()):
        for index in others:
            cells = table.cells(index)
            blocks = [value for value, _ in groupby(cells)]
            never_back = len(blocks) == len(set(blocks))
            named = OF_SERIES.intersection(_words(table.header[index]))
            if named and never_back and _groups(table.header[index], cells, len(cells)):
                raise DataError(_message(table, index))


def _groups(name: str, cells: Sequence[str], most: int) -> bool:
    """Whether a column has at least two values, at most so many, and of each several rows."""
    counts = Counter(cells)
    few = 2 <= len(counts) <= most and min(counts.values()) > 1
    return few and "" not in counts and not NOT_SERIES.intersection(_words(name))


def _words(name: str) -> Iterator[str]:
    return (word for word in re.split(r"[\W\d_]+", name.lower()) if word)


def _message(table: CsvTable, index: int) -> str:
    values = list(dict.fromkeys(table.cells(index)))
    return (
        f"{table.path}: column {shortened(table.header[index])} tells {len(values)} series apart "
        f"({names_in_words(values)}); put the rows of one of them into a file of their own"
    )
