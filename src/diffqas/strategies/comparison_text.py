"""The report of the study of searchers as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from diffqas.strategies.orders import Agreement, Duel, spearman
from diffqas.strategies.replay import Replays
from diffqas.strategies.table import Benchmark
from diffqas.studies import holm

if TYPE_CHECKING:
    from diffqas.strategies.comparison import Compared

COSTS = (1, 4, 16, 64)
"""Evaluations at which the table shows regrets."""


def comparison_text(found: Sequence[Compared]) -> str:
    """Tables of every task: searchers, orders of the whole space, early stopping."""
    parts = [
        "# Searchers on the table",
        "",
        "Regret: (test loss of the pick - that of the best) / (mean of all - that of the best), "
        "test losses being means over seeds of what an architecture reaches alone. 0 is the best "
        "of the space, 1 an architecture by lot.",
    ]
    parts += ["", *_duels([each.duel for each in found if each.duel is not None])]
    for each in found:
        parts += ["", f"## {each.table.name}", "", each.table.task.about + ".", ""]
        parts += _searchers(each.replays)
        parts += ["", *_orders(each.agreements)]
        parts += ["", *_early(each.table)]
    return "\n".join(parts) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _head(cells: Sequence[str]) -> list[str]:
    return [_row(cells), _row(["---"] * len(cells))]


def _searchers(runs: Sequence[Replays]) -> list[str]:
    budget = len(runs[0].mean)
    costs = [cost for cost in COSTS if cost <= budget]
    lines = _head(["searcher", *(f"regret after {cost}" for cost in costs), "CPU seconds"])
    for run in runs:
        low, high = run.band
        cells = [
            f"{run.mean[cost - 1]:.2f} ({low[cost - 1]:.2f} .. {high[cost - 1]:.2f})"
            for cost in costs
        ]
        lines.append(_row([run.searcher, *cells, f"{run.seconds[:, -1].mean():.0f}"]))
    return lines


def _orders(agreements: Sequence[Agreement]) -> list[str]:
    heading = ["order", "tau", "Spearman", "regret of the pick", "worst", "CPU seconds"]
    lines = _head([*heading, "random search for as many", "which draws level after"])
    for each in agreements:
        level = "more than all replays" if each.level is None else f"{each.level}"
        cells = [
            each.name,
            f"{each.tau:+.2f}",
            f"{each.spearman:+.2f}",
            f"{each.regret:.2f}",
            f"{each.worst:.2f}",
            f"{each.seconds:.1f}",
            f"{each.random_at_cost:.2f}",
            level,
        ]
        lines.append(_row(cells))
    return lines


def _duels(duels: Sequence[Duel]) -> list[str]:
    """Side by side against random search at equal CPU seconds, all tasks."""
    heading = ["task", "regret side by side", "of random search", "p", "p, Holm"]
    lines = [
        "All architectures side by side, judged by the loss over all training samples, against "
        "random search after as many CPU seconds: median regrets, and p of a one-sided "
        "Mann-Whitney test.",
        "",
        *_head(heading),
    ]
    adjusted = holm([each.p for each in duels])
    for each, p in zip(duels, adjusted, strict=True):
        regrets = [f"{each.median:.2f}", f"{each.random:.2f}"]
        lines.append(_row([each.task, *regrets, f"{each.p:.2g}", f"{p:.2g}"]))
    return lines


def _early(table: Benchmark) -> list[str]:
    """What is lost by looking early, and what one seed says."""
    points = table.recipe.checkpoints
    words: list[str] = []
    for place, epochs in enumerate(points):
        single = [
            spearman(table.validation[:, seed, place].astype(np.float64), table.truth)
            for seed in range(table.seeds)
        ]
        words.append(f"{np.mean(single):+.2f} after {epochs}")
    listed = ", ".join(words)
    return [f"Spearman of one seed's validation loss with the truth, by epochs: {listed}."]
