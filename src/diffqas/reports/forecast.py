"""A picture of forecasts of several steps: one of them against the truth, and the errors by horizon."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from diffqas.reports.pictures import BOUNDARY, PREDICTION, TRUTH, Floats, blank, clean
from diffqas.tasks.series import ForecastErrors, SeriesData

LEAST_SQUARES, PERSISTENCE = "#3a7d44", "0.55"


def forecast_figure(data: SeriesData, runs: Floats, errors: ForecastErrors, title: str) -> Figure:
    """A forecast that starts where the training part ends, and the root mean squared error by horizon.

    Lines are medians over the models, bands reach from the lowest to the highest. As many values of the training part
    are shown as the forecast is long. Errors that span more than a decade stand on a logarithmic scale.

    Args:
        data: the series.
        runs: forecasts (models, steps) from the first test target on, in the series' own units, as of `free_run`.
        errors: as of `forecast_errors`.
        title: heading.
    """
    figure = blank(10.5, 3.8)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _run(left, data, runs)
    _errors(right, errors)
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_axisbelow(True)
        axes.legend(frameon=False, fontsize=8)
        clean(axes)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, parse_math=False)
    return figure


def _run(axes: Axes, data: SeriesData, runs: Floats) -> None:
    steps = runs.shape[1]
    shown = np.arange(max(0, data.boundary - steps), min(data.count, data.boundary + steps))
    truth = data.unscaled(data.targets[shown])
    axes.plot(data.offset + shown, truth, "--", color=TRUTH, linewidth=1.4, label="truth", zorder=3)
    _median_and_band(axes, data.offset + data.boundary + np.arange(steps), runs, "forecast")
    axes.axvline(data.offset + data.boundary - 0.5, color=BOUNDARY, linestyle="--", linewidth=1)
    low, high, (bottom, top) = truth.min(), truth.max(), axes.get_ylim()
    room = (high - low) or 1.0
    axes.set_ylim(max(bottom, low - room), min(top, high + room))  # a forecast that runs away leaves the picture
    axes.set_title("forecast from the end of the training part", loc="left", fontsize=10)
    axes.set_xlabel("value of the series")


def _errors(axes: Axes, errors: ForecastErrors) -> None:
    horizons = np.arange(1, len(errors.persistence) + 1)
    axes.plot(horizons, errors.persistence, ":", color=PERSISTENCE, linewidth=1.4, label="persistence")
    label = f"least squares, AR({errors.window})"
    axes.plot(horizons, errors.least_squares, "--", color=LEAST_SQUARES, linewidth=1.4, label=label)
    _median_and_band(axes, horizons, errors.models, "this run")
    lines = np.concatenate([line.get_ydata() for line in axes.get_lines()])
    positive = lines[np.isfinite(lines) & (lines > 0)]
    if len(positive) and positive.max() > 10 * positive.min():
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set_title("root mean squared error", loc="left", fontsize=10)
    axes.set_xlabel("steps ahead")


def _median_and_band(axes: Axes, places: NDArray[np.integer], values: Floats, label: str) -> None:
    marker = "o" if len(places) == 1 else None  # a line through one point can't be seen
    with np.errstate(invalid="ignore"):  # forecasts that run away to both sides have no median
        low, middle, high = values.min(axis=0), np.median(values, axis=0), values.max(axis=0)
    axes.plot(places, middle, color=PREDICTION, linewidth=1.4, label=label, marker=marker)
    if len(values) > 1:
        axes.fill_between(places, low, high, color=PREDICTION, alpha=0.2, linewidth=0)
