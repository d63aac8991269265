"""Several runs beside each other: their results, what differs, and curves over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from diffqas.reports.page.data import PARAMETERS, REWARD, Chart, RunPage, Table

MISSING = "–"

MOST_SETTINGS = 12
"""More settings than these are folded away."""


@dataclass(frozen=True)
class Comparison:
    """What stands above the runs of a page with at least two.

    Attributes:
        results: one row per run.
        settings: those that differ.
        overlays: curves of several runs over each other.
    """

    results: Table
    settings: Table
    overlays: Sequence[Chart]


def compare(pages: Sequence[RunPage]) -> Comparison:
    """Compare at least two runs."""
    return Comparison(results(pages), settings(pages), overlays(pages))


def results(pages: Sequence[RunPage]) -> Table:
    """One row per run, one column per main figure."""
    names = _figures(pages)
    rows = []
    for page in pages:
        figures = [page.tiles.get(name, MISSING) for name in names]
        rows.append([page.name, _state(page), page.task, page.model, *figures])
    head = ["run", "state", "task", "model", *names]
    # Behind run, state, task and model, whose names may be long and wrap.
    return Table(head, rows, numeric=range(4, len(head)))


def _figures(pages: Sequence[RunPage]) -> list[str]:
    """Names of all main figures in the order of the runs; the parameters are a sentence."""
    names: dict[str, None] = {}
    for page in pages:
        names.update(dict.fromkeys(page.tiles))
    names.pop(PARAMETERS, None)
    return list(names)


def _state(page: RunPage) -> str:
    if not page.finished:
        return "not finished"
    if page.failures:
        return f"{len(page.failures)} seeds frozen"
    return "finished"


def settings(pages: Sequence[RunPage]) -> Table:
    """One row per setting that is not the same in all runs."""
    names = dict.fromkeys(name for page in pages for name in page.settings)
    rows = []
    for name in names:
        values = [page.settings.get(name, MISSING) for page in pages]
        if len(set(values)) > 1:
            rows.append([name, *values])
    if not rows:
        rows.append(["none", *[""] * len(pages)])
    return Table(["setting", *(page.name for page in pages)], rows)


def overlays(pages: Sequence[RunPage]) -> list[Chart]:
    """For every kind of figure that two runs or more have, their last lines over each other.

    The label of a line is the name of its run, and its `role` is `run-<number>`: by this the script
    finds the lines of a run that is hidden.
    """
    found: dict[str, list[tuple[int, Chart]]] = {}
    for number, page in enumerate(pages):
        for chart in page.charts:
            found.setdefault(chart.key, []).append((number, chart))
    return [_overlaid(pages, members) for members in found.values() if len(members) > 1]


def _overlaid(pages: Sequence[RunPage], members: Sequence[tuple[int, Chart]]) -> Chart:
    first = members[0][1]
    lines = [
        replace(chart.lines[-1], label=pages[number].name, role=f"run-{number}", dash=False)
        for number, chart in members
    ]
    # "test mse": the last line is the test part. The title of rewards tells the window of one run.
    title = f"{first.lines[-1].label} {first.title}"
    if first.key.startswith(REWARD):
        title = first.key
    units = first.units
    if any(chart.units != units for _, chart in members):
        units = ""  # each run's own part of the page says what it is measured in
    return replace(first, title=title, lines=lines, units=units)
