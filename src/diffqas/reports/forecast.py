"""Forecasts of several steps as pictures, tables and files, with their errors by horizon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from diffqas.reports.console import plain_text
from diffqas.reports.layout import heading, in_lines, marker_for, shortened
from diffqas.reports.pictures import BOUNDARY, PREDICTION, TRUTH, Floats, blank, clean
from diffqas.reports.words import number
from diffqas.storage import csv_content
from diffqas.text import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from diffqas.tasks import ForecastErrors, Future, SeriesData

LEAST_SQUARES, PERSISTENCE, SEASONAL = "#3a7d44", "0.55", "#8a5fbf"

HORIZONS = (1, 2, 3, 5, 10, 20)
"""Steps ahead that stand in the table, beside the last."""


def forecast_figure(data: SeriesData, runs: Floats, errors: ForecastErrors, title: str) -> Figure:
    """Draw a forecast from the end of the training part, and the errors by horizon.

    The errors are root mean squared errors. Lines are medians over the models, and bands reach from
    the lowest to the highest value. As many values of the training part are shown as the forecast
    is long. Errors that span more than a decade have a logarithmic scale.

    Args:
        data: the series.
        runs: forecasts (models, steps) from the first test target on, in the series' own units, as
            `free_run` gives them.
        errors: the errors, as `forecast_errors` gives them.
        title: the heading.
    """
    from matplotlib.ticker import MaxNLocator

    figure = blank(10.5, 3.8)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _run(left, data, runs)
    _errors(right, errors)
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_axisbelow(True)
        # The legend stands below the panel: inside, it would cover a forecast that runs away.
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.16), ncols=3, frameon=False, fontsize=8)
        clean(axes)
    heading(figure, title)
    return figure


def forecast_table(errors: ForecastErrors, title: str) -> Table:
    """A table of root mean squared errors at a few horizons, beside those of simple references.

    For the models it has the median and, in brackets, the lowest and the highest value.
    """
    table = Table(title=plain_text(title), title_justify="left", box=None, pad_edge=False)
    headers = ("steps ahead", "this run", "persistence", errors.line_name)
    for header in (*headers, *errors.further, "forecasts"):
        # On a narrow terminal headings are broken between words; a figure stays with its range.
        own = header == headers[1]
        shown = plain_text(header) if own else Text("\n".join(visible(header).split()))
        table.add_column(shown, justify="right", no_wrap=own)
    # Forecasts that ran away to both sides have no error, which counts as infinite.
    own = np.nan_to_num(errors.models, nan=np.inf, posinf=np.inf)
    last = len(errors.origins)
    horizons = [horizon for horizon in HORIZONS if horizon < last]
    for horizon in [*horizons, last]:
        at = horizon - 1
        table.add_row(
            str(horizon),
            _over_models(own[:, at]),
            number(float(errors.persistence[at])),
            number(float(errors.least_squares[at])),
            *(number(float(simple[at])) for simple in errors.further.values()),
            str(errors.origins[at]),
        )
    return table


def forecast_csv(errors: ForecastErrors, seeds: Sequence[int]) -> str:
    """All root mean squared errors as CSV with all digits.

    There is a line for each horizon and a column for each seed.
    """
    line = "least_squares"
    if errors.line is not None:
        line = errors.line
    simple = {"persistence": errors.persistence, line: errors.least_squares, **errors.further}
    names = [f"seed_{seed}" for seed in seeds]
    lines: list[list[object]] = [["horizon", *names, *simple, "forecasts"]]
    columns = [*errors.models.tolist(), *(each.tolist() for each in simple.values())]
    for index, origins in enumerate(errors.origins.tolist()):
        lines.append([index + 1, *(column[index] for column in columns), origins])
    return csv_content(lines)


def _over_models(values: Floats) -> str:
    """The median and the range of a figure over all models; for one model only the figure."""
    median = number(float(np.median(values)))
    if len(values) == 1:
        return median
    low, high = number(float(np.min(values))), number(float(np.max(values)))
    return f"{median} ({low} .. {high})"


def _run(axes: Axes, data: SeriesData, runs: Floats) -> None:
    """Draw the forecasts, and the truth before and beside them."""
    steps = runs.shape[1]
    shown = np.arange(max(0, data.boundary - steps), min(data.count, data.boundary + steps))
    truth = data.unscaled(data.targets[shown])
    axes.plot(data.offset + shown, truth, "--", color=TRUTH, linewidth=1.4, label="truth", zorder=3)
    _median_and_band(axes, data.offset + data.boundary + np.arange(steps), runs, "forecast")
    axes.axvline(data.offset + data.boundary - 0.5, color=BOUNDARY, linestyle="--", linewidth=1)
    low, high = truth.min(), truth.max()
    room = high - low
    if room == 0:
        room = 1.0
    # A forecast that runs away may leave the picture: else the truth would be a flat line.
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(bottom, low - room), min(top, high + room))
    axes.set_title("forecast from the end of the training part", loc="left", fontsize=10)
    axes.set_xlabel("number of the value in the series")
    axes.set_ylabel(in_lines(shortened(data.name), 24))


def _errors(axes: Axes, errors: ForecastErrors) -> None:
    """Draw the errors of the models and of two simple references by horizon."""
    horizons = np.arange(1, len(errors.persistence) + 1)
    simple = errors.persistence
    axes.plot(horizons, simple, ":", color=PERSISTENCE, linewidth=1.4, label="persistence")
    simple, label = errors.least_squares, errors.line_name
    axes.plot(horizons, simple, "--", color=LEAST_SQUARES, linewidth=1.4, label=label)
    for label, simple in errors.further.items():
        axes.plot(horizons, simple, "-.", color=SEASONAL, linewidth=1.2, label=label)
    _median_and_band(axes, horizons, errors.models, "this run")
    lines = np.concatenate([line.get_ydata() for line in axes.get_lines()])
    positive = lines[np.isfinite(lines) & (lines > 0)]
    if len(positive) and positive.max() > 10 * positive.min():
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set_title("root mean squared error, in units of the series", loc="left", fontsize=10)
    axes.set_xlabel("steps ahead")


def _median_and_band(axes: Axes, places: NDArray[np.integer], values: Floats, label: str) -> None:
    """Draw the median over the models as a line and, for several models, the range as a band."""
    marker = marker_for(len(places))
    with np.errstate(invalid="ignore"):  # forecasts that run away to both sides have no median
        low, middle, high = values.min(axis=0), np.median(values, axis=0), values.max(axis=0)
    axes.plot(places, middle, color=PREDICTION, linewidth=1.4, label=label, marker=marker)
    if len(values) > 1:
        axes.fill_between(places, low, high, color=PREDICTION, alpha=0.2, linewidth=0)


def future_table(future: Future) -> Table:
    """A table of the next values with their interval; with several seeds it has the medians."""
    share = f"{future.level_in_words} interval"
    title = f"the next values of {future.name}"
    table = Table(title=plain_text(title), title_justify="left", box=None, pad_edge=False)
    for header in ("row", "forecast", share, "errors measured on"):
        table.add_column(header, justify="right")
    rows = zip(future.labels, future.values, future.low, future.high, future.origins, strict=True)
    for label, value, low, high, origins in rows:
        between = f"{number(float(low))} .. {number(float(high))}"
        table.add_row(plain_text(label), number(float(value)), between, f"{origins} forecasts")
    if future.remark is not None:
        table.caption = plain_text(future.remark)
        table.caption_justify = "left"
    return table


def future_csv(future: Future, seeds: Sequence[int]) -> str:
    """The next values with their interval as CSV with all digits, and a column for each seed."""
    names = [f"seed_{seed}" for seed in seeds]
    lines: list[list[object]] = [["row", "forecast", "low", "high", *names]]
    columns = [future.values.tolist(), future.low.tolist(), future.high.tolist()]
    columns += future.models.tolist()
    for index, label in enumerate(future.labels):
        lines.append([label, *(column[index] for column in columns)])
    return csv_content(lines)


def future_figure(future: Future, title: str) -> Figure:
    """Draw the last known values, followed by the forecast with its interval."""
    from matplotlib.ticker import MaxNLocator

    figure = blank(8.0, 3.6)
    axes = figure.subplots()
    known, steps = len(future.past), len(future.labels)
    axes.plot(np.arange(1 - known, 1), future.past, color=TRUTH, linewidth=1.4, label="known")
    ahead = np.arange(1, steps + 1)
    # The band begins at the last known value, which has no error.
    joined = np.arange(steps + 1)
    last = future.past[-1:]
    low, high = np.append(last, future.low), np.append(last, future.high)
    values = np.append(last, future.values)
    band = f"{future.level_in_words} interval"
    axes.fill_between(joined, low, high, color=PREDICTION, alpha=0.18, linewidth=0, label=band)
    axes.plot(joined, values, color=PREDICTION, linewidth=1.4, label="forecast")
    axes.plot(ahead, future.values, "o", color=PREDICTION, markersize=3)
    axes.axvline(0.5, color=BOUNDARY, linestyle="--", linewidth=1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_axisbelow(True)
    axes.set_xlabel(f"rows behind the last one (+{steps}: {future.labels[-1]})")
    axes.set_ylabel(in_lines(shortened(future.name), 24))
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.18), ncols=3, frameon=False, fontsize=8)
    clean(axes)
    heading(figure, title)
    return figure
