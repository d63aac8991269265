"""The parts of the page about one run."""

from __future__ import annotations

from collections.abc import Iterator

from diffqas.reports.page.data import Circuit, RunPage
from diffqas.reports.page.elements import (
    Element,
    element,
    folded,
    heading,
    pairs,
    scrolling,
    section,
    table,
)

WIDE = "parameters"
"""The tile with a sentence, which takes a whole row."""


def article(page: RunPage, number: int, alone: bool) -> Element:
    """Everything about a run; the charts are filled in by the script, which knows the run by its
    number.
    """
    state, style = ("finished", "badge") if page.finished else ("not finished", "badge open")
    badge = element("span", state, class_=style)
    name = element("h1" if alone else "h2", page.name)
    about = element(
        "p",
        element("span", f"{page.task} · {page.model}", class_="kind"),
        " ",
        badge,
        class_="about",
    )
    head = element("header", name, about, element("p", page.summary, class_="summary"))
    parts = [part for part in _parts(page, number) if part is not None]
    return element("article", head, *parts, class_="run", id=f"run-{number}", data_run=str(number))


def _parts(page: RunPage, number: int) -> Iterator[Element | None]:
    yield _messages(page)
    yield _tiles(page)
    if page.results is not None:
        yield section("Results beside references", table(page.results, "results beside references"))
    if page.charts:
        kind = "rewards" if page.charts[0].key == "reward" else "epochs"
        charts = [
            element("figure", element("figcaption", heading(chart)), _chart(f"chart-{number}-{at}"))
            for at, chart in enumerate(page.charts)
        ]
        note = "Line: median over the seeds. Band: lowest to highest."
        if kind == "rewards" and page.finished:
            note = "Line: moving average, median over the seeds. Band: moving standard deviation."
        title = "Rewards over the episodes" if kind == "rewards" else "Curves over the epochs"
        yield section(
            title, element("div", *charts, class_="charts"), element("p", note, class_="note")
        )
    yield _weights(page, number)
    yield _predictions(page, number)
    if page.circuits:
        yield section("Circuits", *map(_circuit, page.circuits))
    yield _ranking(page)
    yield _repeating(page)


def _messages(page: RunPage) -> Element | None:
    lines = [element("p", line, class_="failure") for line in page.failures]
    lines += [element("p", line, class_="missing") for line in page.notes]
    return element("div", *lines, class_="messages") if lines else None


def _tiles(page: RunPage) -> Element | None:
    tiles = [
        element(
            "div",
            element("dt", name),
            _figure(name, text),
            class_="tile" + " wide" * (name == WIDE),
        )
        for name, text in page.tiles.items()
    ]
    return element("dl", *tiles, class_="tiles") if tiles else None


def _figure(name: str, text: str) -> Element:
    """A main figure, its spread in small letters below."""
    value, bracket, spread = text.partition(" (")
    if name == WIDE or not bracket:
        return element("dd", text)
    return element("dd", value, element("small", bracket.strip() + spread))


def _weights(page: RunPage, number: int) -> Element | None:
    if page.weights is None:
        return None
    prefix = f"weights-{number}"
    places = [place.name for place in page.weights.places]
    choice = None
    if len(places) > 1:
        options = [element("option", name, value=str(at)) for at, name in enumerate(places)]
        picker = element("select", *options, id=f"{prefix}-place")
        choice = element("label", "of the ", picker, for_=f"{prefix}-place", class_="choice")
    controls = _slider(prefix, page.weights.unit, len(page.weights.steps) - 1)
    figures = element(
        "div",
        element("div", class_="bars", id=f"{prefix}-bars"),
        element(
            "figure",
            element("figcaption", f"over the {page.weights.unit}s"),
            _chart(f"{prefix}-lines"),
        ),
        class_="weights",
    )
    note = "Median over the seeds. Grey name, dashed line: constant whatever its angles."
    return section(
        "Structural weights", choice, controls, figures, element("p", note, class_="note")
    )


def _predictions(page: RunPage, number: int) -> Element | None:
    if not page.predictions:
        return None
    prefix = f"predictions-{number}"
    controls = _slider(prefix, "epoch", len(page.predictions) - 1)
    note = "Prediction of the first seed" + " that did not diverge" * bool(page.failures)
    if any(line.low for chart in page.predictions.values() for line in chart.lines):
        note += "; band: all seeds"
    note += ". Right of the dashed line is the test part."
    return section(
        "Prediction against truth",
        controls,
        _chart(f"{prefix}-chart"),
        element("p", note, class_="note"),
    )


def _ranking(page: RunPage) -> Element | None:
    if page.ranking is None or page.leaders is None:
        return None
    parts: list[Element] = [table(page.leaders, "leading candidates")]
    count = len(page.ranking.rows)
    if count > len(page.leaders.rows):
        parts.append(
            folded(f"All {count} entries", table(page.ranking, "ranking of all candidates"))
        )
    return section("Ranking", *parts)


def _slider(prefix: str, unit: str, last: int) -> Element:
    """Play button, slider and what it stands at; the script enables them."""
    play = element("button", "Play", type="button", id=f"{prefix}-play", class_="play")
    label = element("label", unit, for_=f"{prefix}-slider")
    slider = element(
        "input",
        type="range",
        min="0",
        max=str(last),
        value=str(last),
        step="1",
        id=f"{prefix}-slider",
    )
    shown = element("output", "", for_=f"{prefix}-slider", id=f"{prefix}-shown")
    return element("div", play, label, slider, shown, class_="slider")


def _chart(identity: str) -> Element:
    return element("div", class_="chart", id=identity)


def _circuit(circuit: Circuit) -> Element:
    parts = [element("p", circuit.caption, class_="caption") if circuit.caption else None]
    if circuit.drawing:
        drawing = scrolling(
            element("pre", circuit.drawing, class_="drawing"), f"drawing of {circuit.name}"
        )
        parts.append(drawing)
    qasm = scrolling(element("pre", circuit.qasm), f"text of {circuit.name}")
    return element("div", *parts, folded(f"{circuit.name}, OpenQASM 3", qasm), class_="circuit")


def _repeating(page: RunPage) -> Element:
    parts = []
    if page.command:
        parts.append(
            scrolling(element("pre", element("code", page.command), class_="command"), "command")
        )
    parts += [element("p", remark, class_="note") for remark in page.remarks]
    parts.append(folded("All settings", pairs(page.settings, "settings")))
    if page.versions:
        parts.append(folded("Versions and commit", pairs(page.versions, "versions")))
    return section("Repeat it", *parts)
