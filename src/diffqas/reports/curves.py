"""Figures over the epochs in panels side by side: one line per model, a band over its seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from diffqas.reports.layout import heading, marker_for
from diffqas.reports.pictures import PREDICTION, TRUTH, Floats, blank, clean
from diffqas.text import mathtext

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RANGE, QUARTILES = (0.0, 1.0), (0.25, 0.75)
"""Bands over the seeds."""


@dataclass(frozen=True)
class Curve:
    """One line of a panel: the median over the seeds of values (epochs, seeds)."""

    label: str
    values: Floats
    color: str
    style: str = "-"
    width: float = 1.4


def curve_panels(
    rows: Sequence[Mapping[str, Sequence[Curve]]], title: str, band: tuple[float, float] = RANGE
) -> Figure:
    """Draw panels in rows, with the legend of each row at its right.

    Args:
        rows: for each row the curves of its panels, by the panel's name. A panel that is called
            accuracy is drawn in percent.
        title: the heading.
        band: the quantiles over the seeds between which a curve is shaded.
    """
    figure = blank(10.5, 3.4 * len(rows) + 0.5)
    across = max(len(panels) for panels in rows)
    grid = figure.subplots(len(rows), across, sharex=True, sharey="col", squeeze=False)
    for line, panels in zip(grid, rows, strict=True):
        for axes, (name, curves) in zip(line, panels.items(), strict=True):
            _panel(axes, name, curves, band)
        line[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    for axes in grid[-1]:
        axes.set_xlabel("epoch")
    heading(figure, title)
    return figure


def run_curves(curves: Mapping[str, Mapping[str, Floats]], title: str) -> Figure:
    """Draw one panel per metric, with a line for each part of the data.

    The band around a line is the range over the seeds.

    Args:
        curves: values (epochs, seeds) by metric and by part.
        title: the heading.
    """
    colors = (TRUTH, PREDICTION, "0.4")
    panels: dict[str, list[Curve]] = {}
    for metric, parts in curves.items():
        panels[metric] = []
        for (part, values), color in zip(parts.items(), colors, strict=False):
            panels[metric].append(Curve(part, values, color))
    return curve_panels([panels], title)


def _panel(axes: Axes, name: str, curves: Sequence[Curve], band: tuple[float, float]) -> None:
    """Draw all curves of one metric, whose name is the heading."""
    from matplotlib.ticker import MaxNLocator

    unit, heading = 1, name
    if name == "accuracy":
        unit, heading = 100, "accuracy (%)"
    for curve in curves:
        _draw(axes, curve, unit, band)
    axes.set_title(mathtext(heading), loc="left", fontsize=10)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_axisbelow(True)
    clean(axes)


def _draw(axes: Axes, curve: Curve, unit: int, band: tuple[float, float]) -> None:
    """Draw the median over the seeds and, if there are several seeds, the band."""
    epochs = np.arange(1, len(curve.values) + 1)
    values = unit * np.asarray(curve.values, dtype=np.float64)
    low, middle, high = np.quantile(values, (band[0], 0.5, band[1]), axis=1)
    axes.plot(
        epochs,
        middle,
        curve.style,
        color=curve.color,
        linewidth=curve.width,
        label=mathtext(curve.label),
        marker=marker_for(len(epochs)),
    )
    if values.shape[1] > 1:
        axes.fill_between(epochs, low, high, color=curve.color, alpha=0.15, linewidth=0)
