"""Rewards over the episodes of every row: Figures 13 and 14 of arXiv 2505.09653 with controls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffqas.reports import blank, clean
from diffqas.storage import Json
from diffqas.studies.cell import Cell, SmoothedRewards
from diffqas.studies.curves import PALETTE
from diffqas.studies.distribution import COLORS
from diffqas.text import mathtext

INSET = 5_000
"""Episodes of the inset."""


def rewards_figure(cells: Sequence[Cell], best: float | None = None) -> Figure:
    """Moving average and deviation, the median over the seeds of each row; left all episodes, right
    the first ones.

    Args:
        cells: of one environment, in the order of the table, the search first; seeds that failed
            are left out.
        best: the largest possible reward, drawn dotted.
    """
    figure = blank(12.5, 5.2)
    whole, start = figure.subplots(1, 2, sharey=True)
    finished = [_longest(cell) for cell in cells if _sound(cell)]
    longest, shortest = max(finished, default=1), min(finished, default=1)
    for index, cell in enumerate(cells):
        if not _sound(cell):
            continue
        color = COLORS["search"] if index == 0 else PALETTE[(index - 1) % len(PALETTE)]
        style = "--" if cell.group == "candidate" else "-"
        width = 2.2 if index == 0 else 1.1
        label = mathtext(f"{cell.row} ({len(cell.seeds)} seeds, {_longest(cell):,} episodes)")
        look = {"color": color, "linestyle": style, "linewidth": width, "label": label}
        _line(start, cell, look, shortest)
        if _longest(cell) == longest:
            _line(whole, cell, look, longest, band=True)
    for axes, end in ((whole, longest), (start, shortest)):
        axes.set_xlim(0, end)
        axes.set_xlabel("episode")
        if best is not None:
            axes.axhline(best, color="0.4", linestyle=":", linewidth=1)
        clean(axes)
    whole.set_ylabel("reward, moving average and deviation")
    if longest > 2 * INSET:
        inset = whole.inset_axes((0.42, 0.12, 0.55, 0.42))
        for line in list(whole.lines):
            x, y = line.get_data()
            inset.plot(x, y, color=line.get_color(), linewidth=1.2, linestyle=line.get_linestyle())
        shown = [
            y
            for line in whole.lines
            for x, y in zip(*line.get_data(), strict=True)
            if x >= longest - INSET
        ]
        room = 0.1 * (max(shown) - min(shown)) + 1e-3
        inset.set_xlim(longest - INSET, longest)
        inset.set_ylim(min(shown) - room, max(shown) + room)
        inset.set_title(f"last {INSET:,} episodes", fontsize=8)
        inset.tick_params(labelsize=7)
        inset.ticklabel_format(useOffset=False)
    if finished:
        start.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    title = mathtext(f"{cells[0].dataset}: median over seeds")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    return figure


def _sound(cell: Cell) -> list[SmoothedRewards]:
    """The rewards of the seeds that did not fail; none in cells of version 0.1.0's lines."""
    if cell.agents is None or not cell.agents.rewards:
        return []
    return [cell.agents.rewards[place] for place in cell.finished]


def _longest(cell: Cell) -> int:
    """Episodes of the seed that had most of them."""
    assert cell.agents is not None
    return max(cell.agents.episodes)


def _line(axes: Axes, cell: Cell, look: Json, end: int, band: bool = False) -> None:
    seeds = _sound(cell)
    episode = np.array(seeds[0].episode)
    means = [np.interp(episode, seed.episode, seed.mean) for seed in seeds]
    deviations = [np.interp(episode, seed.episode, seed.deviation) for seed in seeds]
    mean, deviation = np.median(means, axis=0), np.median(deviations, axis=0)
    shown = episode <= end
    axes.plot(episode[shown], mean[shown], **look)
    if band:
        low, high = mean - deviation, mean + deviation
        axes.fill_between(
            episode[shown], low[shown], high[shown], color=look["color"], alpha=0.12, linewidth=0
        )
