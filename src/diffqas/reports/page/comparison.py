"""The head of a page about several runs: what differs, curves over each other, which runs are
shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diffqas.reports.page.data import Chart, RunPage, Table
from diffqas.reports.page.elements import Element, element, folded, heading, section, table

MISSING = "–"

MOST_SETTINGS = 12
"""More settings than these are folded away."""


def head(pages: Sequence[RunPage], overlays: Sequence[Chart]) -> Element:
    """Comparison of at least two runs."""
    charts = [
        element(
            "figure",
            element("figcaption", heading(chart)),
            element("div", class_="chart", id=f"overlay-{at}"),
        )
        for at, chart in enumerate(overlays)
    ]
    different = settings(pages)
    listed = table(different, "settings that differ")
    many = len(different.rows) > MOST_SETTINGS
    parts = [
        _choice(pages),
        section("Results", table(results(pages), "results of all runs")),
        section(
            "Settings that differ",
            folded(f"{len(different.rows)} settings", listed) if many else listed,
        ),
    ]
    if charts:
        words = "Lines: medians over the seeds. Bands: lowest to highest, of rewards the moving deviation."
        note = element("p", words, class_="note")
        parts.insert(
            2, section("Curves of all runs", element("div", *charts, class_="charts"), note)
        )
    return element("div", element("h1", f"{len(pages)} runs"), *parts, class_="comparison")


def _choice(pages: Sequence[RunPage]) -> Element:
    """A switch for every run."""
    boxes = [
        element(
            "label",
            element("input", type="checkbox", checked="checked", id=f"show-{at}", data_run=str(at)),
            element("span", class_="swatch", data_run=str(at)),
            page.name,
            for_=f"show-{at}",
            class_="switch",
        )
        for at, page in enumerate(pages)
    ]
    return element("fieldset", element("legend", "Runs shown"), *boxes, class_="switches")


def results(pages: Sequence[RunPage]) -> Table:
    """One row per run, one column per main figure."""
    names = list(
        dict.fromkeys(name for page in pages for name in page.tiles if name != "parameters")
    )
    rows = [
        [
            page.name,
            _state(page),
            page.task,
            page.model,
            *(page.tiles.get(name, MISSING) for name in names),
        ]
        for page in pages
    ]
    return Table(["run", "state", "task", "model", *names], rows, numeric=range(4 + len(names)))


def _state(page: RunPage) -> str:
    if not page.finished:
        return "not finished"
    return f"{len(page.failures)} seeds frozen" if page.failures else "finished"


def settings(pages: Sequence[RunPage]) -> Table:
    """One row per setting that is not the same in all runs."""
    names = dict.fromkeys(name for page in pages for name in page.settings)
    rows = []
    for name in names:
        values = [page.settings.get(name, MISSING) for page in pages]
        if len(set(values)) > 1:
            rows.append([name, *values])
    return Table(
        ["setting", *(page.name for page in pages)], rows or [["none", *[""] * len(pages)]]
    )


def overlays(pages: Sequence[RunPage]) -> list[Chart]:
    """For every kind of figure that two runs or more have, their last lines over each other.

    The label of a line is the run's name; a chart's place among its runs is told by the line's
    `role`, `run-<number>`.
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
    title = first.key if first.key == "reward" else f"{first.lines[-1].label} {first.title}"
    return replace(first, title=title, lines=lines)
