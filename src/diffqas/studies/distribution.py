"""The figure of a study: every seed of every row, on a logarithmic scale."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diffqas.errors import require
from diffqas.studies.entries import Comparison, Entry

COLORS = {"search": "#1f5fbf", "candidate": "#7a7a7a", "control": "#009e73", "reference": "#8a5aab"}
PAPER, OTHER, FAILED = "#e07b00", "#333333", "#c1272d"
ACROSS = 5
LIMITS = (1e-40, 1e40)
NAME_WIDTH = 44


def distribution_figure(comparisons: Sequence[Comparison]) -> Figure:
    """One panel per data set, one line per row in the study's order.

    A dot is a seed, a bar the median, an open diamond a published figure, a square a row without seeds; the dotted
    line is the median of the search. The number of failed seeds stands at the right edge.
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
    first.set_yticks(list(places.values()), [_folded(name) for name in places], fontsize=8, parse_math=False)
    first.set_ylim(len(places) - 0.5, -0.5)
    groups = dict.fromkeys(entry.group for comparison in comparisons for entry in comparison.entries)
    figure.legend(
        handles=_handles(list(groups)), loc="outside lower center", ncols=len(groups) + 4, frameon=False, fontsize=8
    )
    return figure


def _places(comparisons: Sequence[Comparison]) -> dict[str, int]:
    """The line of each row; a row that only a later data set has comes after the row before it there."""
    names: list[str] = []
    for comparison in comparisons:
        previous = -1
        for entry in comparison.entries:
            if entry.row not in names:
                names.insert(previous + 1, entry.row)
            previous = names.index(entry.row)
    return {name: index for index, name in enumerate(names)}


def _panel(axes: Axes, comparison: Comparison, places: dict[str, int]) -> None:
    drawn = [value for entry in comparison.entries for value in (*entry.errors, *entry.paper) if value > 0]
    # An error of exactly zero has no place on a logarithmic scale: it stands left of everything else. Beyond
    # `LIMITS`, where a run that ran away may be, nothing is drawn.
    low, high = (float(end) for end in np.clip([min(drawn, default=0.1), max(drawn, default=1.0)], *LIMITS))
    least = low / 3 if any(0.0 in entry.errors for entry in comparison.entries) else low
    axes.set_xscale("log")
    # Words about failed seeds need room of their own at the right.
    room = 1.8 * (high / least) ** 0.25 if any(entry.failed for entry in comparison.entries) else 1.8
    axes.set_xlim(least / 1.8, high * room)
    for entry in comparison.entries:
        _line(axes, entry, places[entry.row], least)
    if comparison.search.median:
        axes.axvline(comparison.search.median, color=COLORS["search"], linestyle=":", linewidth=1, zorder=0)
    axes.set_title(comparison.dataset, loc="left", fontsize=10, parse_math=False)
    axes.set_xlabel("test MSE", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(color="0.93", linewidth=0.7)
    axes.set_axisbelow(True)


def _line(axes: Axes, entry: Entry, place: int, least: float) -> None:
    color = COLORS.get(entry.group, OTHER)
    errors = np.maximum(entry.errors, least)
    if entry.deterministic:
        axes.plot(errors, [place] * len(errors), "s", color=color, markersize=5)
    else:
        # Seeds are spread by their number, so that one seed stands at the same height in every row.
        heights = place + 0.22 * np.sin(2.4 * np.array(entry.seeds, dtype=float))
        axes.plot(errors, heights, "o", color=color, markersize=3.2, alpha=0.65, markeredgewidth=0)
        if entry.median is not None:
            middle = max(entry.median, least)
            axes.plot([middle, middle], [place - 0.36, place + 0.36], color=color, linewidth=2.2)
    axes.plot(entry.paper, [place] * len(entry.paper), "D", markersize=4.5, markerfacecolor="none", color=PAPER)
    if entry.failed:
        text = "failed" if entry.deterministic else f"{len(entry.failed)} failed"
        across = axes.get_yaxis_transform()
        axes.text(0.995, place, text, transform=across, ha="right", va="center", fontsize=7, color=FAILED)


def _handles(groups: Sequence[str]) -> list[Line2D]:
    def handle(marker: str, color: str, label: str, **style: float | str) -> Line2D:
        return Line2D([], [], linestyle="none", marker=marker, color=color, label=label, **style)  # pyright: ignore[reportArgumentType]

    return [
        *(handle("o", COLORS.get(group, OTHER), group) for group in groups),
        handle("|", OTHER, "median", markersize=11, markeredgewidth=2),
        handle("s", OTHER, "no seeds"),
        handle("D", PAPER, "paper", markerfacecolor="none"),
        Line2D([], [], color=COLORS["search"], linestyle=":", label="median of the search"),
    ]


def _folded(name: str) -> str:
    return "\n".join(textwrap.wrap(name, NAME_WIDTH, max_lines=2, placeholder=" …", break_on_hyphens=False))
