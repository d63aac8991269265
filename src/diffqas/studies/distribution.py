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
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from diffqas.errors import require
from diffqas.studies.entries import Comparison, Entry
from diffqas.text import mathtext

COLORS = {"search": "#1f5fbf", "candidate": "#7a7a7a", "control": "#009e73", "reference": "#8a5aab"}
PAPER, OTHER, FAILED = "#e07b00", "#333333", "#c1272d"
ACROSS = 5
LIMITS = (1e-40, 1e40)
SHARES = (0.002, 0.9998)
SHARE_TICKS = (0.01, 0.1, 0.5, 0.9, 0.97, 0.99, 0.997, 0.999)
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
    groups = list(dict.fromkeys(entry.group for entry in entries))
    handles = _handles(groups, published=any(entry.paper for entry in entries))
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
    return least, math.inf


def _accuracy_axis(axes: Axes, comparison: Comparison) -> tuple[float, float]:
    """As `_error_axis`. 99.0 and 99.9 % are as far apart as 90 and 99 %; beyond `SHARES` nothing is
    told apart.
    """
    drawn = [value for entry in comparison.entries for value in entry.errors] or [0.5]
    low, high = (float(end) for end in np.clip([min(drawn), max(drawn)], *SHARES))
    room = 0.25 + 0.08 * (_odds(high) - _odds(low))
    right = 2.5 * room if any(entry.failed for entry in comparison.entries) else room
    axes.set_xscale("logit", nonpositive="clip")
    axes.set_xlim(*(1 / (1 + math.exp(-end)) for end in (_odds(low) - room, _odds(high) + right)))
    axes.xaxis.set_major_locator(FixedLocator(SHARE_TICKS))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    return SHARES


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


def _handles(groups: Sequence[str], published: bool) -> list[Line2D]:
    def handle(marker: str, color: str, label: str) -> Line2D:
        return Line2D([], [], linestyle="none", marker=marker, color=color, label=mathtext(label))

    median = handle("|", OTHER, "median")
    median.set(markersize=11, markeredgewidth=2)
    handles = [handle("o", COLORS.get(group, OTHER), group) for group in groups]
    handles += [median, handle("s", OTHER, "no seeds")]
    if published:
        paper = handle("D", PAPER, "paper")
        paper.set(markerfacecolor="none")
        handles.append(paper)
    search = Line2D([], [], color=COLORS["search"], linestyle=":", label="median of the search")
    return [*handles, search]


def _folded(name: str) -> str:
    lines = textwrap.wrap(name, NAME_WIDTH, max_lines=2, placeholder=" …", break_on_hyphens=False)
    return "\n".join(map(mathtext, lines))
