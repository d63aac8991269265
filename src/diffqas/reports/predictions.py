"""Predictions of new rows: the first ones as a table, all of them as a file."""

from __future__ import annotations

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
    """The first ten rows: the line of the file, what is predicted, and how sure that is.

    A class has its probability; a value has the range over the seeds, if there are several.
    """
    table = Table(box=None, pad_edge=False)
    heads = ["line", found.data.label_name]
    columns = [found.rows.table.lines[:FIRST], _answers(found, FIRST)]
    if found.data.class_names:
        heads.append("probability")
        columns.append([f"{each.max():.3f}" for each in found.probabilities[:FIRST]])
    elif len(found.each) > 1:
        heads.append("lowest .. highest")
        low, high = found.each.min(axis=0), found.each.max(axis=0)
        pairs = zip(low[:FIRST].tolist(), high[:FIRST].tolist(), strict=True)
        columns.append([f"{number(least)} .. {number(most)}" for least, most in pairs])
    for head in heads:
        table.add_column(plain_text(head), justify="right")
    for cells in zip(*columns, strict=True):
        table.add_row(*map(plain_text, cells))
    return table


def predictions_csv(found: Predictions) -> str:
    """All rows as they stand in their file, and behind them what is predicted, in full.

    Of classes follows the probability of each, means over the seeds; of values the lowest and the
    highest over the seeds, if there are several.
    """
    data, table = found.data, found.rows.table
    heads = [f"predicted {data.label_name}"]
    answers: list[list[object]]
    if data.class_names:
        heads += [f"probability of {name}" for name in data.class_names]
        names = [data.class_names[place] for place in found.predicted]
        pairs = zip(names, found.probabilities.tolist(), strict=True)
        answers = [[name, *each] for name, each in pairs]
    else:
        parts = [found.predicted]
        if len(found.each) > 1:
            heads += ["lowest", "highest"]
            parts += [found.each.min(axis=0), found.each.max(axis=0)]
        answers = [list(each) for each in zip(*(part.tolist() for part in parts), strict=True)]
    rows = [[*cells, *more] for cells, more in zip(table.rows, answers, strict=True)]
    return csv_content([[*table.header, *heads], *rows])


def predictions_score(found: Predictions) -> str | None:
    """A line on the rows that tell their label; None if no row does."""
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


def _answers(found: Predictions, count: int) -> list[str]:
    if found.data.class_names:
        return [found.data.class_names[place] for place in found.predicted[:count]]
    return [number(value) for value in found.predicted[:count].tolist()]
