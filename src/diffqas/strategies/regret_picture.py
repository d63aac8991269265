"""The picture of replayed searches: regret against cost, with bootstrap bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from diffqas.reports import blank, clean, heading
from diffqas.strategies.catalogue import PROXIES
from diffqas.strategies.replay import Replays
from diffqas.strategies.table import Benchmark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def regret_figure(table: Benchmark, runs: Sequence[Replays]) -> Figure:
    """Two panels: searchers that learn from trainings, and the orders of training-free scores.

    Random search stands in both.
    """
    figure = blank(10, 4.0)
    left, right = figure.subplots(1, 2, sharey=True)
    for run in runs:
        if run.searcher not in PROXIES:
            _draw(left, run)
        if run.searcher in PROXIES or run.searcher == "random":
            _draw(right, run)
    left.set_ylabel("regret of the pick (1: by lot)")
    for axes, title in ((left, "learned from trainings"), (right, "by a score")):
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_xscale("log", base=2)
        axes.set_xlabel("trainings")
        axes.set_ylim(0, 1.2)
        axes.legend(frameon=False, fontsize=8)
        clean(axes)
    replays = len(runs[0].regrets)
    heading(figure, f"{table.name}: mean of {replays} replays, 95 % bootstrap bands")
    return figure


def _draw(axes: Axes, run: Replays) -> None:
    cost = np.arange(1, len(run.mean) + 1)
    low, high = run.band
    (line,) = axes.plot(cost, run.mean, label=run.searcher)
    axes.fill_between(cost, low, high, alpha=0.15, color=line.get_color(), linewidth=0)
