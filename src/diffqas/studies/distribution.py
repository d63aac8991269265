"""The figure of a study: every seed of every row, errors on a logarithmic scale, accuracies on a
logistic one.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogFormatterSciNotation,
    NullFormatter,
)

from diffqas.errors import require
from diffqas.studies.entries import Comparison, Entry
from diffqas.text import mathtext

COLORS = {"search": "#1f5fbf", "candidate": "#7a7a7a", "control": "#009e73", "reference": "#8a5aab"}
PAPER, OTHER, FAILED = "#e07b00", "#333333", "#c1272d"
ACROSS = 5
LIMITS = (1e-40, 1e40)
SHARES = (0.002, 0.9998)
SHARE_TICKS = (0.5, 0.9, 0.99, 0.1, 0.999, 0.97, 0.01, 0.997)
"""Labelled in this order as long as there is room."""
LABEL_SHARE = 0.18
"""Of the width of a panel, which a label takes."""
MOST_LABELS = 5
"""Of a logarithmic axis."""
NAME_WIDTH = 44
HANDLE_WIDTH = 1.4


def distribution_figure(comparisons: Sequence[Comparison]) -> Figure:
    """One panel per data set, one line per row in the study's order.

    A dot is a seed, a bar the median, an open diamond a published figure, a square a row without
    seeds; the dotted line is the median of the search. The number of failed seeds stands at the
    right edge.
    """
    require(bool(comparisons), "comparisons", "hold at least one data set", 0)
    places = _places(comparisons)
    across = min(ACROSS, len(comparisons))
    down = math.ceil(len(comparisons) / across)
    size = (3.4 + 2.7 * across, down * (0.9 + 0.27 * len(places)) + 0.7)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    for axes, comparison in zip(grid.flat, comparisons, strict=False):
        _panel(axes, comparison, places)
    for axes in grid.flat[len(comparisons) :]:
        axes.set_visible(False)
    first = grid[0][0]
    first.set_yticks(list(places.values()), list(map(_folded, places)), fontsize=8)
    first.set_ylim(len(places) - 0.5, -0.5)
    entries = [entry for comparison in comparisons for entry in comparison.entries]
    handles = _handles(entries)
    columns = min(len(handles), int(size[0] / HANDLE_WIDTH))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=columns, frameon=False, fontsize=8
    )
    return figure


def _places(comparisons: Sequence[Comparison]) -> dict[str, int]:
    """The line of each row; a row that only a later data set has comes after the row before it
    there.
    """
    names: list[str] = []
    for comparison in comparisons:
        previous = -1
        for entry in comparison.entries:
            if entry.row not in names:
                names.insert(previous + 1, entry.row)
            previous = names.index(entry.row)
    return {name: index for index, name in enumerate(names)}


def _panel(axes: Axes, comparison: Comparison, places: dict[str, int]) -> None:
    axis = AXES[comparison.metric.scale]
    least, most = axis(axes, comparison)
    for entry in comparison.entries:
        _line(axes, entry, places[entry.row], least, most)
    median = comparison.search.median
    if median:
        axes.axvline(
            min(max(median, least), most),
            color=COLORS["search"],
            linestyle=":",
            linewidth=1,
            zorder=0,
        )
    axes.set_title(mathtext(comparison.dataset), loc="left", fontsize=10)
    axes.set_xlabel(mathtext(f"test {comparison.metric.title}"), fontsize=8)
    axes.tick_params(labelsize=8)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(color="0.93", linewidth=0.7)
    axes.set_axisbelow(True)


def _error_axis(axes: Axes, comparison: Comparison) -> tuple[float, float]:
    """Set the axis up; returns where the smallest and the largest values are drawn."""
    drawn = [
        value
        for entry in comparison.entries
        for value in (*entry.errors, *entry.paper)
        if value > 0
    ]
    # An error of exactly zero has no place on a logarithmic scale: it stands left of everything
    # else. Beyond `LIMITS`, where a run that ran away may be, nothing is drawn.
    ends = [min(drawn, default=0.1), max(drawn, default=1.0)]
    low, high = (float(end) for end in np.clip(ends, *LIMITS))
    least = low
    if any(0.0 in entry.errors for entry in comparison.entries):
        least = low / 3
    axes.set_xscale("log")
    room = 1.8
    # Words about failed seeds need room of their own at the right.
    if any(entry.failed for entry in comparison.entries):
        room *= (high / least) ** 0.25
    axes.set_xlim(least / 1.8, high * room)
    ticks = _finer_ticks(least / 1.8, high * room)
    if ticks:
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        every = (math.inf, math.inf)  # by itself it would leave some of them without a label
        axes.xaxis.set_major_formatter(LogFormatterSciNotation(minor_thresholds=every))
    # Labels of minor ticks would lie over each other.
    axes.xaxis.set_minor_formatter(NullFormatter())
    return least, math.inf


def _finer_ticks(low: float, high: float) -> list[float]:
    """Where an axis has less than two powers of ten: also 2 and 5 times these, or all multiples.

    Empty where powers of ten, or matplotlib's own ticks, do.

    >>> _finer_ticks(1e-8, 1e-2), _finer_ticks(7e-6, 4e-5), _finer_ticks(2.5e-6, 4.9e-6)
    ([], [1e-05, 2e-05], [3e-06, 4e-06])
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)

    def within(factors: Sequence[int]) -> list[float]:
        ticks = [float(f"{factor}e{power}") for power in powers for factor in factors]
        return [tick for tick in ticks if low <= tick <= high]

    if len(within([1])) >= 2:
        return []
    for factors in ([1, 2, 5], range(1, 10)):
        ticks = within(factors)
        if 2 <= len(ticks) <= MOST_LABELS:
            return ticks
    return []


def _accuracy_axis(axes: Axes, comparison: Comparison) -> tuple[float, float]:
    """As `_error_axis`. 99.0 and 99.9 % are as far apart as 90 and 99 %; beyond `SHARES` nothing is
    told apart.
    """
    drawn = [value for entry in comparison.entries for value in entry.errors] or [0.5]
    low, high = (float(end) for end in np.clip([min(drawn), max(drawn)], *SHARES))
    room = 0.25 + 0.08 * (_odds(high) - _odds(low))
    right = 2.5 * room if any(entry.failed for entry in comparison.entries) else room
    axes.set_xscale("logit", nonpositive="clip")
    left, right = _odds(low) - room, _odds(high) + right
    axes.set_xlim(*(1 / (1 + math.exp(-end)) for end in (left, right)))
    labels = _share_labels(drawn, left, right)
    axes.xaxis.set_major_locator(FixedLocator(sorted(labels)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: labels.get(share, "")))
    axes.xaxis.set_minor_formatter(NullFormatter())
    return SHARES


def _share_labels(drawn: Sequence[float], left: float, right: float) -> dict[float, str]:
    """Places on an axis of shares between two odds, and what stands there.

    The ends say what is drawn at them; of the others those that have room.
    """
    labels: dict[float, str] = {}
    least, most = SHARES
    below = [value for value in drawn if value < least]
    above = [value for value in drawn if value > most]
    if below:
        labels[least] = f"< {100 * least:g} %" if any(below) else "0 %"
    if above:
        labels[most] = "100 %" if min(above) == 1 else f"> {100 * most:g} %"
    for tick in SHARE_TICKS:
        near = [abs(_odds(tick) - _odds(other)) for other in labels]
        shown = left <= _odds(tick) <= right
        if shown and min(near, default=math.inf) >= LABEL_SHARE * (right - left):
            labels[tick] = f"{100 * tick:g} %"
    return labels


def _plain_axis(axes: Axes, comparison: Comparison) -> tuple[float, float]:
    """As `_error_axis`: a linear scale."""
    drawn = [value for entry in comparison.entries for value in entry.errors] or [0.0, 1.0]
    room = 0.06 * (max(drawn) - min(drawn)) + 1e-3
    axes.set_xlim(min(drawn) - room, max(drawn) + room)
    return -math.inf, math.inf


AXES = {"log": _error_axis, "logit": _accuracy_axis, "linear": _plain_axis}
"""By `Metric.scale`."""


def _odds(share: float) -> float:
    return math.log(share / (1 - share))


def _line(axes: Axes, entry: Entry, place: int, least: float, most: float) -> None:
    color = COLORS.get(entry.group, OTHER)
    errors = np.clip(entry.errors, least, most)
    if entry.deterministic:
        axes.plot(errors, [place] * len(errors), "s", color=color, markersize=5)
    else:
        # Seeds are spread by their number, so that one seed stands at the same height in every row.
        heights = place + 0.22 * np.sin(2.4 * np.array(entry.seeds, dtype=float))
        axes.plot(errors, heights, "o", color=color, markersize=3.2, alpha=0.65, markeredgewidth=0)
        if entry.median is not None:
            middle = min(max(entry.median, least), most)
            axes.plot([middle, middle], [place - 0.36, place + 0.36], color=color, linewidth=2.2)
    axes.plot(
        entry.paper,
        [place] * len(entry.paper),
        "D",
        markersize=4.5,
        markerfacecolor="none",
        color=PAPER,
    )
    if entry.failed:
        text = "failed" if entry.deterministic else f"{len(entry.failed)} failed"
        across = axes.get_yaxis_transform()
        axes.text(
            0.995, place, text, transform=across, ha="right", va="center", fontsize=7, color=FAILED
        )


def _handles(entries: Sequence[Entry]) -> list[Line2D]:
    """The legend: of signs alone that stand in a panel."""

    def handle(marker: str, color: str, label: str) -> Line2D:
        return Line2D([], [], linestyle="none", marker=marker, color=color, label=mathtext(label))

    median = handle("|", OTHER, "median")
    median.set(markersize=11, markeredgewidth=2)
    groups = dict.fromkeys(entry.group for entry in entries)
    handles = [handle("o", COLORS.get(group, OTHER), group) for group in groups]
    handles.append(median)
    if any(entry.deterministic for entry in entries):
        handles.append(handle("s", OTHER, "no seeds"))
    if any(entry.paper for entry in entries):
        paper = handle("D", PAPER, "paper")
        paper.set(markerfacecolor="none")
        handles.append(paper)
    search = Line2D([], [], color=COLORS["search"], linestyle=":", label="median of the search")
    return [*handles, search]


def _folded(name: str) -> str:
    r"""A name in one line, or in two of like length: a last word alone could be of any row.

    >>> _folded("hashed vector: lr 0.003, entropy 0.02, clip 1")
    'hashed vector: lr 0.003,\nentropy 0.02, clip 1'
    """
    if len(name) <= NAME_WIDTH:
        return mathtext(name)
    for width in range(len(name) // 2, NAME_WIDTH):
        lines = textwrap.wrap(name, width, break_on_hyphens=False)
        if len(lines) <= 2:
            break
    else:
        lines = textwrap.wrap(
            name, NAME_WIDTH, max_lines=2, placeholder=" …", break_on_hyphens=False
        )
    return "\n".join(map(mathtext, lines))
