"""Figures over the epochs in panels side by side: one line per model, a band over its seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from diffqas.reports.pictures import PREDICTION, TRUTH, Floats, blank, clean

RANGE, QUARTILES = (0.0, 1.0), (0.25, 0.75)
"""Bands over the seeds."""


@dataclass(frozen=True)
class Curve:
    """One line: the median over seeds of values (epochs, seeds)."""

    label: str
    values: Floats
    color: str
    style: str = "-"
    width: float = 1.4


def curve_panels(
    rows: Sequence[Mapping[str, Sequence[Curve]]], title: str, band: tuple[float, float] = RANGE
) -> Figure:
    """Panels in rows; the legend of each row stands at its right.

    Args:
        rows: for each row the curves by the panel's name; values of a panel called accuracy are
            drawn in percent.
        title: heading.
        band: quantiles over the seeds between which a curve is shaded.
    """
    figure = blank(10.5, 3.4 * len(rows) + 0.5)
    across = max(map(len, rows))
    grid = figure.subplots(len(rows), across, sharex=True, sharey="col", squeeze=False)
    for line, panels in zip(grid, rows, strict=True):
        for axes, (name, curves) in zip(line, panels.items(), strict=True):
            _panel(axes, name, curves, band)
        line[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    for axes in grid[-1]:
        axes.set_xlabel("epoch")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, parse_math=False)
    return figure


def run_curves(curves: Mapping[str, Mapping[str, Floats]], title: str) -> Figure:
    """One panel per metric with the parts of the data: metric -> part -> (epochs, seeds); the band
    is the range.
    """
    colors = (TRUTH, PREDICTION, "0.4")
    panels = {
        metric: [
            Curve(part, values, color)
            for (part, values), color in zip(parts.items(), colors, strict=False)
        ]
        for metric, parts in curves.items()
    }
    return curve_panels([panels], title)


def _panel(axes: Axes, name: str, curves: Sequence[Curve], band: tuple[float, float]) -> None:
    unit = 100 if name == "accuracy" else 1
    for curve in curves:
        epochs, values = (
            np.arange(1, len(curve.values) + 1),
            unit * np.asarray(curve.values, dtype=np.float64),
        )
        low, middle, high = np.quantile(values, (band[0], 0.5, band[1]), axis=1)
        marker = "o" if len(epochs) == 1 else None  # a line through one point can't be seen
        axes.plot(
            epochs,
            middle,
            curve.style,
            color=curve.color,
            linewidth=curve.width,
            label=curve.label,
            marker=marker,
        )
        if values.shape[1] > 1:
            axes.fill_between(epochs, low, high, color=curve.color, alpha=0.15, linewidth=0)
    axes.set_title(
        name + (" (%)" if unit == 100 else ""), loc="left", fontsize=10, parse_math=False
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_axisbelow(True)
    clean(axes)
