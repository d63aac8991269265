"""Predictions of new rows: the first rows as a table, all rows as a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from diffqas.reports.console import plain_text
from diffqas.reports.words import number, percent
from diffqas.storage import csv_content

if TYPE_CHECKING:
    from diffqas.tasks import Predictions

FIRST = 10
"""Rows that the table shows."""


def predictions_table(found: Predictions) -> Table:
    """A table of the first ten rows: line of the file, prediction, and how certain that is.

    A class has its probability. A value has its range over the seeds, if there are several seeds.
    """
    table = Table(box=None, pad_edge=False)
    heads = ["line", found.data.label_name]
    answers = [each if isinstance(each, str) else number(each) for each in found.answers[:FIRST]]
    columns = [found.rows.table.lines[:FIRST], answers]
    if found.data.class_names:
        heads.append("probability")
        columns.append([f"{each.max():.3f}" for each in found.probabilities[:FIRST]])
    elif len(found.each) > 1:
        heads.append("lowest .. highest")
        columns.append([f"{number(low)} .. {number(high)}" for low, high in found.ranges[:FIRST]])
    for head in heads:
        table.add_column(plain_text(head), justify="right")
    for cells in zip(*columns, strict=True):
        table.add_row(*map(plain_text, cells))
    return table


def predictions_csv(found: Predictions) -> str:
    """All rows as they stand in their file, followed by the predictions with all digits, as CSV.

    For classes the probability of each class follows, the mean over the seeds. For values the
    lowest and the highest value over the seeds follow, if there are several seeds.
    """
    data, table = found.data, found.rows.table
    heads = [f"predicted {data.label_name}"]
    further: Sequence[Sequence[float]] = [()] * len(table.rows)
    if data.class_names:
        heads += [f"probability of {name}" for name in data.class_names]
        further = found.probabilities.tolist()
    elif len(found.each) > 1:
        heads += ["lowest", "highest"]
        further = found.ranges
    parts = zip(table.rows, found.answers, further, strict=True)
    rows = [[*cells, answer, *more] for cells, answer, more in parts]
    return csv_content([[*table.header, *heads], *rows])


def predictions_score(found: Predictions) -> str | None:
    """A line on how well the rows with a label are predicted; None if no row has one."""
    score, guess = found.score, found.score_of_guess
    if score is None or guess is None:
        return None
    count = len(found.rows.labelled)
    which = "the row that tells its label" if count == 1 else f"{count} rows that tell their label"
    if found.data.class_names:
        return (
            f"Right in {percent(score)} of {which}; the most frequent class of the training rows "
            f"would be in {percent(guess)}."
        )
    return (
        f"Root mean squared error over {which}: {number(score)}; of the mean of the training rows "
        f"{number(guess)}."
    )
