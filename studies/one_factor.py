"""Studies that change one factor at a time: settings in rows, data sets in columns.

They choose the settings of the recipes, hence two rules. The test part of their tasks consists of
held-out training samples, so that the test part of the data set is never used; and their seeds are
not among those of the tables.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from diffqas.choices import adjusted
from diffqas.reports import Terminal
from diffqas.storage import write_atomically
from diffqas.studies import ACCURACY, MSE, Cell, Metric, Row, Study, TrainedRow, load_data
from diffqas.studies.datasets import Data
from diffqas.studies.populations import search
from diffqas.studies.rows import Populate
from diffqas.tasks import ImageData, SeriesData, Settings
from diffqas.text import markdown

FIRST_SEED = 100
"""The seeds of the tables begin at 0: what was chosen here was not chosen on them."""

TABLE = "settings.md"

Changes = Mapping[str, Mapping[str, object]]
"""Changed options by the name of the row."""


def searches(settings: Settings, changes: Changes, populate: Populate = search) -> list[TrainedRow]:
    """The search with these options changed, a row for each name."""
    return [
        TrainedRow(name, "search", adjusted(settings, **options), populate)
        for name, options in changes.items()
    ]


def study(
    rows: Callable[[Settings], Sequence[TrainedRow]],
    datasets: tuple[str, ...],
    settings: Settings,
    seeds: int,
    metric: Metric = MSE,
) -> Study:
    """A study of settings on held-out training samples.

    Args:
        rows: settings to start from -> rows.
        datasets: columns.
        settings: to start from.
        seeds: the most that a row has.
        metric: what is compared.
    """

    def limited(start: Settings, recipe: str) -> list[Row]:
        return [replace(row, seeds=seeds) for row in rows(start)]

    figure = percents if metric is ACCURACY else errors
    more = partial(write_table, figure=figure, metric=metric)
    recipes = {"default": settings}
    return Study(
        limited, datasets, metric, lambda: recipes, held_out, more=more, first_seed=FIRST_SEED
    )


def held_out(dataset: str, data_dir: str | Path | None) -> Data:
    """The training samples alone: the last fifth of the windows, or a fifth of the images that a
    fixed permutation draws, is the test part.
    """
    data = load_data(dataset, data_dir)
    assert isinstance(data, SeriesData | ImageData)
    return data.holdout()


def write_table(
    folder: Path,
    cells: Sequence[Cell],
    console: Terminal,
    figure: Callable[[Sequence[float]], str],
    metric: Metric,
) -> None:
    """Write the table of all finished cells, and print it."""
    write_lines(folder / TABLE, table(cells, figure, metric), console)


def write_lines(path: Path, lines: Iterable[str], console: Terminal) -> None:
    """Write a table as Markdown, and print it."""
    text = "\n".join(lines) + "\n"
    write_atomically(path, text.encode())
    console.print(text, soft_wrap=True)


def table(
    cells: Sequence[Cell], figure: Callable[[Sequence[float]], str], metric: Metric
) -> list[str]:
    """A row per setting, a column per data set, as lines of Markdown."""
    datasets = list(dict.fromkeys(cell.dataset for cell in cells))
    rows: dict[str, dict[str, str]] = {}
    for cell in cells:
        finished = [value for value in cell.figures[metric.test] if value is not None]
        text = figure(finished) if finished else "failed"
        rows.setdefault(cell.row, {})[cell.dataset] = text
    head = " | ".join(map(markdown, datasets))
    lines = [f"| setting | {head} |", f"|{'---|' * (len(datasets) + 1)}"]
    for name, figures in rows.items():
        found = (figures.get(dataset, "") for dataset in datasets)
        lines.append(f"| {markdown(name)} | {' | '.join(found)} |")
    return lines


def errors(values: Sequence[float]) -> str:
    """Median (worst) of squared errors.

    >>> errors([1e-6, 3e-6, 2e-5])
    '3.0e-06 (2e-05)'
    """
    return f"{statistics.median(values):.1e} ({max(values):.0e})"


def percents(values: Sequence[float]) -> str:
    """Median (worst) of accuracies.

    >>> percents([0.97, 0.955, 0.98])
    '97.00 % (95.50)'
    """
    return f"{100 * statistics.median(values):.2f} % ({100 * min(values):.2f})"
