"""Accuracy of adapters against their trained numbers."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from diffqas.reports import blank, clean
from diffqas.storage import Json
from diffqas.studies.cell import Cell
from diffqas.studies.curves import look_of
from diffqas.studies.distribution import COLORS
from diffqas.studies.metric import Metric
from diffqas.text import mathtext

MARKERS = "osD^vP*X<>p"
"""As colours, but of another number: rows of one colour have different markers."""


def adapters_figure(cells: Sequence[Cell], metric: Metric) -> Figure:
    """A panel for each data set, a line for each row: the median over the seeds, from the lowest to
    the highest.

    Args:
        cells: of columns that are named by a data set and a count; rows without trained numbers
            are drawn as a level.
        metric: what is drawn.
    """
    finished = [cell for cell in cells if _values(cell, metric)]
    datasets = list(dict.fromkeys(_dataset(cell) for cell in finished))
    rows = list(dict.fromkeys(cell.row for cell in finished))
    # As high as the legend, if that is higher than a panel should be.
    figure = blank(3.2 * max(1, len(datasets)) + 2.6, max(4.0, 0.7 + 0.18 * len(rows)))
    panels = figure.subplots(1, max(1, len(datasets)), sharex=True, sharey=True, squeeze=False)[0]
    for axes, dataset in zip(panels, datasets, strict=False):
        own = [cell for cell in finished if _dataset(cell) == dataset]
        for index, row in enumerate(rows):
            look: Json = {
                "color": COLORS["search"] if index == 0 else look_of(index - 1)[0],
                "linewidth": 2.2 if index == 0 else 1.1,
                "marker": MARKERS[index % len(MARKERS)],
                "label": mathtext(row),
            }
            _line(axes, [cell for cell in own if cell.row == row], metric, look)
        axes.set_xscale("log")
        axes.set_xlabel("trained numbers")
        axes.set_title(mathtext(dataset), fontsize=10)
        clean(axes)
    if metric.scale == "logit":
        panels[0].yaxis.set_major_formatter(PercentFormatter(1.0))
    panels[0].set_ylabel(f"test {metric.name}, median over seeds")
    if finished:
        panels[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    return figure


def _dataset(cell: Cell) -> str:
    """The data set of a column, without its count of numbers."""
    name, _, _ = cell.dataset.rpartition("-")
    return name


def _values(cell: Cell, metric: Metric) -> list[float]:
    return [value for value in cell.figures[metric.test] if value is not None]


def _line(axes: Axes, cells: Sequence[Cell], metric: Metric, look: Json) -> None:
    """One row's cells of a data set."""
    if not cells:
        return
    if not cells[0].trainable:
        level = statistics.median(_values(cells[0], metric))
        axes.axhline(level, color="0.4", linestyle=":", linewidth=1, label=look["label"])
        return
    # The head and the biases are as many numbers in every column, and chosen for each anew.
    places = sorted((cell.trainable, _values(cell, metric)) for cell in cells)
    numbers = [count for count, _ in places]
    middle = [statistics.median(values) for _, values in places]
    axes.plot(numbers, middle, markersize=4, **look)
    low = [min(values) for _, values in places]
    high = [max(values) for _, values in places]
    axes.vlines(numbers, low, high, color=look["color"], linewidth=0.8, alpha=0.6)
