"""The columns of a comparison as a person reads them, shared by the terminal, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from diffqas.reports.terminal import number
from diffqas.studies.entries import Entry

MISSING = "–"


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        header: its heading.
        text: an entry's cell.
        rank: the terminal keeps columns of a low rank when it is narrow.
    """

    header: str
    text: Callable[[Entry], str]
    rank: int


def _value(value: float | None) -> str:
    return MISSING if value is None else number(value)


def _range(low: float | None, high: float | None) -> str:
    return MISSING if low is None or high is None else f"{number(low)} .. {number(high)}"


def short(value: float | None) -> str:
    """Three digits, with an exponent only from a million on or below a ten-thousandth.

    >>> short(1425.7), short(0.00195), short(None)
    ('1430', '0.00195', '–')
    """
    if value is None:
        return MISSING
    text = f"{value:.3g}"
    return f"{float(text):.0f}" if 1000 <= abs(float(text)) < 1e6 else text


def _counts(entry: Entry) -> str:
    return " / ".join(map(str, entry.trainable))


def _seeds(entry: Entry) -> str:
    if entry.deterministic:
        return "failed" if entry.failed else MISSING
    return f"{len(entry.seeds)}, {len(entry.failed)} failed" if entry.failed else str(len(entry.seeds))


def _paper(entry: Entry) -> str:
    figures = entry.paper
    if len(figures) > 1:
        return _range(min(figures), max(figures))
    return number(figures[0]) if figures else MISSING


def _ratio(entry: Entry) -> str:
    if entry.ratio is None:
        return MISSING
    if entry.ratio_low is None or entry.ratio_high is None:
        return short(entry.ratio)
    return f"{short(entry.ratio)} ({short(entry.ratio_low)} .. {short(entry.ratio_high)})"


COLUMNS = (
    Column("row", lambda entry: entry.row, 0),
    Column("trainable", _counts, 3),
    Column("seeds", _seeds, 8),
    Column("median", lambda entry: _value(entry.median), 0),
    Column("quartiles", lambda entry: _range(entry.q1, entry.q3), 6),
    Column("95 % of median", lambda entry: _range(entry.low, entry.high), 7),
    Column("worst/median", lambda entry: short(entry.worst), 10),
    Column("paper", _paper, 5),
    Column("seconds", lambda entry: short(entry.seconds), 11),
    Column("row/search", _ratio, 4),
    Column("d_z", lambda entry: short(entry.d_z), 9),
    Column("p", lambda entry: short(entry.p), 8),
    Column("p (Holm)", lambda entry: short(entry.p_holm), 2),
    Column("search is", lambda entry: entry.verdict or MISSING, 1),
)
"""All columns, in the order in which they stand."""

LEGEND = (
    "median, quartiles: final test MSE over seeds. 95 % of median: percentile bootstrap. row/search: ratio of"
    " geometric means over paired seeds with its bootstrap interval, above 1 where the search is better. d_z: Cohen's d"
    " of the log differences. p: two-sided sign-flip test (one-sample for rows without seeds), then Holm's adjustment"
    " over the data set."
)
"""What the columns mean."""
