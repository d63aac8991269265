"""Several runs beside each other: their results, their differences, and overlaid curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from diffqas.reports.page.data import PARAMETERS, REWARD, Chart, RunPage, Table

MISSING = "–"

MOST_SETTINGS = 12
"""More settings than these are folded away."""


@dataclass(frozen=True)
class Comparison:
    """The comparison at the top of a page with at least two runs.

    Attributes:
        results: one row per run.
        settings: the settings that differ.
        overlays: charts with the curves of several runs.
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
    # The figures come after run, state, task and model, whose names may be long and wrap.
    return Table(head, rows, numeric=range(4, len(head)))


def _figures(pages: Sequence[RunPage]) -> list[str]:
    """The names of all main figures, in the order of the runs, without the parameters."""
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
    """One chart for every kind of figure that at least two runs have.

    It has the last line of each run's own chart. The label of a line is the name of its run, and
    its `role` is `run-<number>`, by which the script finds the lines of a run that is hidden.
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
    # The last line of a chart is the test part, hence "test mse". The title of a chart of rewards
    # names the window of one run.
    title = f"{first.lines[-1].label} {first.title}"
    if first.key.startswith(REWARD):
        title = first.key
    units = first.units
    if any(chart.units != units for _, chart in members):
        units = ""  # the part of the page on each run names the units
    return replace(first, title=title, lines=lines, units=units)
