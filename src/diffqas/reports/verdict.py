"""Whether a run is worth its circuits: the best of the simpler models beside it, in one line."""

from __future__ import annotations

import statistics
from typing import NamedTuple

from diffqas.reports.result import ReferenceFigure, RunResult
from diffqas.reports.words import text_of

ALIKE = 0.01
"""Figures that differ by less than this share of the run's own count as equal."""
PUBLISHED = "paper"
"""How the names of published figures begin: they are no model that could be taken instead."""


class Verdict(NamedTuple):
    """A line below the figures of a run, and whether it recommends a simpler model."""

    text: str
    simpler: bool


def verdict(result: RunResult) -> Verdict | None:
    """Compare a run with the best of the models beside it, by medians over the seeds.

    Published figures are left out of the comparison.

    Returns:
        The verdict. It is None for agents, for a run without figures or references, and if the
        search is ahead but no ordinary model was trained beside it.
    """
    reached = _median(result.main) if result.agents is None else None
    rows = {row.name: row for row in result.references if not row.name.startswith(PUBLISHED)}
    figures = {name: _median(row.each) for name, row in rows.items()}
    known = {name: figure for name, figure in figures.items() if figure is not None}
    if reached is None or not known:
        return None

    more_is_better = result.metric in result.higher
    sign = -1 if more_is_better else 1
    least = min(known.values(), key=lambda figure: sign * figure)
    # Of equally good models the first is taken: the table begins with the simplest.
    best = next(name for name, figure in known.items() if _alike(figure, least))
    ahead = sign * (reached - known[best])
    text = text_of(result.metric)
    found = f"{best}, test {result.metric} {text(known[best])} against {text(reached)}"
    what = "predictor" if result.corrects is not None else "model"
    if _alike(known[best], reached):
        return Verdict(f"A simpler {what} is as good: {found}. It is enough.", True)
    if ahead > 0:
        return Verdict(f"A simpler {what} is better: {found}. Use that one.", True)
    if not any(map(_trained, rows.values())):
        return None
    luck = ""
    if len(result.main) == 1:
        luck = " One seed may be luck: --seeds 5 trains five."
    return Verdict(f"No simpler {what} beside it is as good; the next is {found}.{luck}", False)


def _alike(figure: float, other: float) -> bool:
    return abs(figure - other) <= ALIKE * abs(other)


def _trained(row: ReferenceFigure) -> bool:
    return row.numbers is not None or row.values is not None


def _median(values: tuple[float | None, ...]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
