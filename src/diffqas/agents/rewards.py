"""Rewards of agents over their episodes, as in Fig. 13 and 14 of arXiv 2505.09653."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from diffqas.reports import PREDICTION, Floats, blank, clean, heading
from diffqas.text import mathtext

REWARD_WINDOW, LAST = 1_000, 5_000
"""Episodes in a moving average, and in the inset."""

MEDIAN_POINTS = 1_000
"""Of a median of curves that have no places in common."""

BY_STEPS = "steps of each seed in the environment"
"""Title of an axis."""


@dataclass(frozen=True, eq=False)
class RewardLine:
    """The rewards of one kind of agent, as a line of a picture.

    Attributes:
        label: the name of the kind of agent.
        rewards: the rewards of all episodes, one array per seed; the arrays may differ in length.
        color: the colour of the line and of its band.
        style: the style of the line.
        lengths: the steps of all episodes, one array per seed, if a number of steps ends a seed.
            The line is then drawn over the steps. Either all lines of a picture have lengths, or
            none has.
    """

    label: str
    rewards: Sequence[ArrayLike]
    color: str = PREDICTION
    style: str = "-"
    lengths: Sequence[ArrayLike] | None = None


def moving(values: ArrayLike, window: int, first: int | None = None) -> tuple[Floats, Floats]:
    """The moving mean and standard deviation of the last `window` values.

    Args:
        values: the values, one after the other.
        window: how many values are averaged; as long as there are fewer, all of them.
        first: how many values the first mean is of; None stands for `window`.

    >>> mean, deviation = moving([0, 1, 1, 1], 2)
    >>> mean.tolist(), deviation.tolist()
    ([0.5, 1.0, 1.0], [0.5, 0.0, 0.0])
    >>> moving([0, 1, 1, 1], 2, first=1)[0].tolist()
    [0.0, 0.5, 1.0, 1.0]
    """
    array = np.asarray(values, dtype=float)
    sums, squares = (np.concatenate([[0.0], np.cumsum(power)]) for power in (array, array**2))
    end = np.arange(window if first is None else first, len(array) + 1)
    start = np.clip(end - window, 0, None)
    mean = (sums[end] - sums[start]) / (end - start)
    variance = (squares[end] - squares[start]) / (end - start) - mean**2
    return mean, np.sqrt(np.clip(variance, 0, None))


def median_curve(places: Sequence[ArrayLike], values: Sequence[ArrayLike]) -> tuple[Floats, Floats]:
    """The median of curves that are known at different places.

    Args:
        places: the places of each curve, ascending.
        values: the values of each curve at its places.

    Returns:
        Places from where all curves have begun to where the first one ends, and the medians there.

    >>> x, middle = median_curve([[0, 100], [0, 200]], [[0.0, 1.0], [0.0, 4.0]])
    >>> x[-1].item(), middle[-1].item()
    (100.0, 1.5)
    """
    ends = [(np.asarray(place)[0], np.asarray(place)[-1]) for place in places]
    begin, end = max(first for first, _ in ends), min(last for _, last in ends)
    grid = np.linspace(begin, end, MEDIAN_POINTS)
    pairs = zip(places, values, strict=True)
    every = [np.interp(grid, np.asarray(place), np.asarray(curve)) for place, curve in pairs]
    return grid, np.median(every, axis=0)


def reward_curve(line: RewardLine, window: int) -> tuple[Floats, Floats, Floats]:
    """The curve of a line: its places, and the moving mean and deviation there.

    The places are episodes or steps; mean and deviation are medians over the seeds. The curve ends
    with the seed that has the fewest episodes; in steps all seeds have one length.
    """
    shortest = min(len(np.asarray(rewards)) for rewards in line.rewards)
    begin = min(few(window), shortest)
    if line.lengths is not None:
        seeds = [moving(rewards, window, begin) for rewards in line.rewards]
        steps = [np.cumsum(np.asarray(lengths))[begin - 1 :] for lengths in line.lengths]
        x, mean = median_curve(steps, [mean for mean, _ in seeds])
        _, deviation = median_curve(steps, [deviation for _, deviation in seeds])
        return x, mean, deviation
    both = [moving(np.asarray(rewards)[:shortest], window, begin) for rewards in line.rewards]
    mean, deviation = (np.median([pair[index] for pair in both], axis=0) for index in (0, 1))
    return np.arange(begin, shortest + 1, dtype=float), mean, deviation


def rewards_figure(
    lines: Sequence[RewardLine],
    title: str,
    best: float | None = None,
    window: int = REWARD_WINDOW,
    last: int = LAST,
) -> Figure:
    """Draw the moving average of the rewards, with the moving deviation as a band.

    Both are medians over the seeds.

    Args:
        lines: one line for each kind of agent.
        title: the heading.
        best: the largest possible reward, which is drawn dotted.
        window: how many episodes are averaged, at most a tenth of all. At the beginning there are
            fewer; the first fiftieth of a window is not drawn.
        last: how many last episodes an inset shows again, if there are more than twice as many.
    """
    figure = blank(8.5, 4.6)
    axes = figure.subplots()
    longest = max(len(np.asarray(rewards)) for line in lines for rewards in line.rewards)
    window = max(1, min(window, longest // 10))
    _draw(axes, lines, window, best)
    by_steps = any(line.lengths is not None for line in lines)
    axes.set_xlabel(BY_STEPS if by_steps else "episode")
    if by_steps:
        axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylabel(f"reward, mean of {window:,} episodes")
    if len(lines) > 1:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    if longest > 2 * last and not by_steps:
        inset = axes.inset_axes((0.42, 0.12, 0.55, 0.42))
        _draw(inset, lines, window, best, first=longest - last, band=False)
        inset.set_xlim(longest - last, longest)
        inset.set_title(f"last {last:,} episodes", fontsize=8)
        inset.tick_params(labelsize=7)
        inset.ticklabel_format(useOffset=False)
    heading(figure, title)
    return figure


def few(window: int) -> int:
    """How many values the first mean of a moving average has."""
    return max(1, window // 50)


def _draw(
    axes: Axes,
    lines: Sequence[RewardLine],
    window: int,
    best: float | None,
    first: int = 0,
    band: bool = True,
) -> None:
    for line in lines:
        shortest = min(len(np.asarray(rewards)) for rewards in line.rewards)
        if shortest < max(few(window), first):
            continue
        begin = few(window)
        x, mean, deviation = reward_curve(line, window)
        shown = slice(max(0, first - begin), None, max(1, len(mean) // 4_000))
        axes.plot(
            x[shown],
            mean[shown],
            line.style,
            color=line.color,
            linewidth=1.3,
            label=mathtext(line.label),
        )
        if band:
            low, high = mean - deviation, mean + deviation
            axes.fill_between(
                x[shown], low[shown], high[shown], color=line.color, alpha=0.12, linewidth=0
            )
    if best is not None:
        axes.axhline(best, color="0.4", linestyle=":", linewidth=1)
    clean(axes)
