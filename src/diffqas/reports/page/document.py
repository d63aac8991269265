"""The whole page: style, content, numbers and script in one file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import Any
from xml.etree.ElementTree import tostring

from matplotlib import colormaps
from matplotlib.colors import to_hex

from diffqas.reports.page.comparison import head, overlays
from diffqas.reports.page.data import RunPage
from diffqas.reports.page.elements import element
from diffqas.reports.page.sections import article
from diffqas.reports.pictures import BOUNDARY, PREDICTION, TRUTH

MARK = "diffqas report"
"""What the beginning of the file holds: by this a report is known."""

NO_NETWORK = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
)
"""The browser itself refuses whatever would leave the file."""

GREY = 7
"""Number of the grey in the palette, which means a constant here."""


def build(pages: Sequence[RunPage]) -> str:
    """The page as text; texts from outside, such as names, are escaped.

    Args:
        pages: at least one run.
    """
    alone = len(pages) == 1
    title = f"{pages[0].name}: {MARK}" if alone else f"{len(pages)} runs: {MARK}"
    compared = [] if alone else overlays(pages)
    content = [article(page, number, alone) for number, page in enumerate(pages)]
    if not alone:
        content.insert(0, head(pages, compared))
    numbers = {
        "palette": _palette(),
        "overlays": [asdict(chart) for chart in compared],
        "runs": [_numbers(page) for page in pages],
    }
    tree = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", name="generator", content=MARK),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("meta", http_equiv="Content-Security-Policy", content=NO_NETWORK),
            element("title", title),
            element("style", _colours() + _asset("style.css")),
        ),
        element(
            "body",
            element(
                "noscript",
                element("p", "The charts of this page need JavaScript; tables and texts do not."),
            ),
            element("main", *content),
            element(
                "footer", element("p", "Written by diffqas report. This file needs no network.")
            ),
            element("script", _json(numbers), type="application/json", id="numbers"),
            element("script", _asset("charts.js")),
            element("script", _asset("page.js")),
        ),
        lang="en",
    )
    return "<!DOCTYPE html>\n" + tostring(tree, encoding="unicode", method="html") + "\n"


def _numbers(page: RunPage) -> dict[str, Any]:
    """What the script draws."""
    return {
        "charts": [asdict(chart) for chart in page.charts],
        "weights": None if page.weights is None else asdict(page.weights),
        "predictions": [
            {"epoch": epoch, "chart": asdict(chart)} for epoch, chart in page.predictions.items()
        ],
    }


def _json(value: Any) -> str:
    """JSON that can't end the element it stands in.

    >>> "<" in _json("</script>"), json.loads(_json("</script>"))
    (False, '</script>')
    """
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _palette() -> list[str]:
    tab10 = colormaps["tab10"]
    return [to_hex(tab10(index)) for index in range(10) if index != GREY]


def _colours() -> str:
    return f":root {{ --truth: {TRUTH}; --prediction: {PREDICTION}; --boundary: {BOUNDARY}; }}\n"


def _asset(name: str) -> str:
    return files("diffqas.reports.page").joinpath(name).read_text(encoding="utf-8")
