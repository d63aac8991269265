"""The columns of a comparison as a person reads them, in the terminal, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from diffqas.studies.entries import Comparison, Entry
from diffqas.studies.metric import MISSING, MSE, Metric
from diffqas.studies.metric import short as short


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


def _counts(entry: Entry) -> str:
    return " / ".join(map(str, entry.trainable))


def _seeds(entry: Entry) -> str:
    if entry.deterministic:
        return "failed" if entry.failed else MISSING
    if entry.failed:
        return f"{len(entry.seeds)}, {len(entry.failed)} failed"
    return str(len(entry.seeds))


def _paper(entry: Entry, metric: Metric) -> str:
    if not entry.paper:
        return MISSING
    # Rows that are provably equal were published with different figures.
    low, high = min(entry.paper), max(entry.paper)
    if len(entry.paper) > 1:
        return metric.range_text(low, high)
    return metric.value_text(low)


def _effect(entry: Entry, metric: Metric) -> str:
    text = metric.effect_text
    if entry.ratio_low is None or entry.ratio_high is None:
        return text(entry.ratio)
    return f"{text(entry.ratio)} ({text(entry.ratio_low)} .. {text(entry.ratio_high)})"


@cache
def columns_of(metric: Metric) -> tuple[Column, ...]:
    """All columns that a metric's tables can have, in the order in which they stand."""
    return (
        Column("row", lambda entry: entry.row, 0),
        Column("trainable", _counts, 3),
        Column("seeds", _seeds, 8),
        Column("median", lambda entry: metric.value_text(entry.median), 0),
        Column("quartiles", lambda entry: metric.range_text(entry.q1, entry.q3), 6),
        Column("95 % of median", lambda entry: metric.range_text(entry.low, entry.high), 7),
        Column(
            "worst" if metric.higher else "worst/median",
            lambda entry: metric.worst_text(entry.worst),
            10,
        ),
        Column("paper", lambda entry: _paper(entry, metric), 5),
        Column("seconds", lambda entry: short(entry.seconds), 11),
        Column(metric.effect, lambda entry: _effect(entry, metric), 4),
        Column("d_z", lambda entry: short(entry.d_z), 9),
        Column("p", lambda entry: short(entry.p), 8),
        Column("p (Holm)", lambda entry: short(entry.p_holm), 2),
        Column("search is", lambda entry: entry.verdict or MISSING, 1),
    )


COLUMNS = columns_of(MSE)
"""The columns where errors are compared."""


def columns_for(comparison: Comparison) -> list[Column]:
    """The columns of one table: those that have something to say."""
    entries = comparison.entries
    return [
        column
        for column in columns_of(comparison.metric)
        if any(column.text(e) != MISSING for e in entries)
    ]


def legend(metric: Metric) -> str:
    """What the columns mean."""
    return (
        f"median, quartiles: final test {metric.title} over seeds. "
        "95 % of median: percentile bootstrap. "
        f"{metric.effect}: {metric.meaning}. "
        "p: two-sided sign-flip test (one-sample for rows without seeds), "
        "then Holm's adjustment over the data set."
    )
