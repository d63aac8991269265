"""Rewards of every row as its agents learn: Figures 13 and 14 of arXiv 2505.09653 with controls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from diffqas.agents import BY_STEPS, median_curve
from diffqas.reports import Floats, blank, clean
from diffqas.storage import Json
from diffqas.studies.cell import Cell, SmoothedRewards
from diffqas.studies.curves import look_of
from diffqas.studies.distribution import COLORS
from diffqas.text import mathtext

INSET = 5_000
"""Episodes of the inset."""


def rewards_figure(cells: Sequence[Cell], best: float | None = None) -> Figure:
    """Moving average and deviation, the median over the seeds of each row.

    Where episodes end a seed, left all episodes, right the first ones. Where steps end it, all rows
    over the steps: a seed that learns to stay has few and long episodes, and rows of one length in
    steps are of many lengths in episodes.

    Args:
        cells: of one environment, in the order of the table, the search first; seeds that failed
            are left out.
        best: the largest possible reward, drawn dotted.
    """
    drawn = [(look, cell) for look, cell in zip(_looks(cells), cells, strict=True) if _sound(cell)]
    if drawn and all(_has_steps(cell) for _, cell in drawn):
        figure, legend_beside = _over_steps(drawn, best)
    else:
        figure, legend_beside = _over_episodes(drawn, best)
    if drawn:
        place = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
        legend_beside.legend(**place, frameon=False, fontsize=8)
    title = mathtext(f"{cells[0].dataset}: median over seeds")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    return figure


def _over_steps(drawn: Sequence[tuple[Json, Cell]], best: float | None) -> tuple[Figure, Axes]:
    """One panel; the band is the search's alone, as six of them would hide each other."""
    figure = blank(10.5, 5.2)
    axes = figure.subplots()
    for look, cell in drawn:
        label = mathtext(f"{cell.row} ({len(_sound(cell))} seeds)")
        seeds = _sound(cell)
        steps = [np.array(seed.step) for seed in seeds]
        x, mean = median_curve(steps, [seed.mean for seed in seeds])
        _, deviation = median_curve(steps, [seed.deviation for seed in seeds])
        is_search = look["color"] == COLORS["search"]
        _line(axes, x, mean, deviation, look | {"label": label}, band=is_search)
    axes.set_xlim(0, None)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(BY_STEPS)
    axes.set_ylabel("reward, moving average; of the search with its deviation")
    _finish(axes, best)
    return figure, axes


def _over_episodes(drawn: Sequence[tuple[Json, Cell]], best: float | None) -> tuple[Figure, Axes]:
    """Two panels and an inset of the last episodes, if there are many."""
    figure = blank(12.5, 5.2)
    whole, start = figure.subplots(1, 2, sharey=True)
    finished = [_longest(cell) for _, cell in drawn]
    longest, shortest = max(finished, default=1), min(finished, default=1)
    for look, cell in drawn:
        label = mathtext(f"{cell.row} ({len(cell.seeds)} seeds, {_longest(cell):,} episodes)")
        look = look | {"label": label}
        episode, mean, deviation = _by_episode(_sound(cell))
        early = episode <= shortest
        _line(start, episode[early], mean[early], deviation[early], look)
        if _longest(cell) == longest:
            _line(whole, episode, mean, deviation, look, band=True)
    for axes, end in ((whole, longest), (start, shortest)):
        axes.set_xlim(0, end)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel("episode")
        _finish(axes, best)
    whole.set_ylabel("reward, moving average and deviation")
    if longest > 2 * INSET:
        _inset(whole, longest)
    return figure, start


def _inset(whole: Axes, longest: int) -> None:
    """The last episodes once more."""
    inset = whole.inset_axes((0.42, 0.12, 0.55, 0.42))
    shown: list[float] = []
    for line in list(whole.lines):
        x, y = (np.asarray(values, dtype=float) for values in line.get_data())
        inset.plot(x, y, color=line.get_color(), linewidth=1.2, linestyle=line.get_linestyle())
        shown += y[x >= longest - INSET].tolist()
    room = 0.1 * (max(shown) - min(shown)) + 1e-3
    inset.set_xlim(longest - INSET, longest)
    inset.set_ylim(min(shown) - room, max(shown) + room)
    inset.set_title(f"last {INSET:,} episodes", fontsize=8)
    inset.tick_params(labelsize=7)
    inset.ticklabel_format(useOffset=False)
    inset.xaxis.set_major_locator(MaxNLocator(3))
    inset.xaxis.set_major_formatter("{x:,.0f}")


def _finish(axes: Axes, best: float | None) -> None:
    if best is not None:
        axes.axhline(best, color="0.4", linestyle=":", linewidth=1)
    clean(axes)


def _sound(cell: Cell) -> list[SmoothedRewards]:
    """The rewards of the seeds that did not fail; none in cells of version 0.1.0's lines."""
    if cell.agents is None or not cell.agents.rewards:
        return []
    return [cell.agents.rewards[place] for place in cell.finished]


def _has_steps(cell: Cell) -> bool:
    """Whether steps ended the seeds of a row, and each has at least one point to draw."""
    return all(seed.step for seed in _sound(cell))


def _longest(cell: Cell) -> int:
    """Episodes of the seed that had most of them."""
    assert cell.agents is not None
    return max(cell.agents.episodes)


def _looks(cells: Sequence[Cell]) -> list[Json]:
    """Colour, style and width of every row; the first one, the search, stands out.

    Candidates are dashed, and have the colours by themselves as the other rows have.
    """
    looks: list[Json] = [{"color": COLORS["search"], "linestyle": "-", "linewidth": 2.2}]
    counts = {True: 0, False: 0}
    for cell in cells[1:]:
        is_candidate = cell.group == "candidate"
        color, style = look_of(counts[is_candidate])
        counts[is_candidate] += 1
        if is_candidate and style == "-":
            style = "--"
        looks.append({"color": color, "linestyle": style, "linewidth": 1.1})
    return looks


def _by_episode(seeds: Sequence[SmoothedRewards]) -> tuple[Floats, Floats, Floats]:
    """Episodes, and the medians over the seeds of mean and deviation there."""
    episode = np.array(seeds[0].episode)
    means = [np.interp(episode, seed.episode, seed.mean) for seed in seeds]
    deviations = [np.interp(episode, seed.episode, seed.deviation) for seed in seeds]
    return episode, np.median(means, axis=0), np.median(deviations, axis=0)


def _line(
    axes: Axes, x: Floats, mean: Floats, deviation: Floats, look: Json, band: bool = False
) -> None:
    axes.plot(x, mean, **look)
    if band:
        low, high = mean - deviation, mean + deviation
        axes.fill_between(x, low, high, color=look["color"], alpha=0.12, linewidth=0)
