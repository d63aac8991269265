"""The whole page: style, content, numbers and script in one file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import TYPE_CHECKING

from diffqas.reports.page.comparison import MOST_SETTINGS, Comparison, compare
from diffqas.reports.page.data import PARAMETERS, Chart, RunPage
from diffqas.reports.pictures import BOUNDARY, PREDICTION, TRUTH
from diffqas.storage import Json
from diffqas.text import visible, visible_lines

if TYPE_CHECKING:
    from jinja2 import Template

MARK = "diffqas report"
"""What the beginning of the file holds: by this a report is known."""

GREY = 7
"""Number of the grey in the palette, which means a constant here."""

PACKAGE = "diffqas.reports.page"
COLOURS = {"truth": TRUTH, "prediction": PREDICTION, "boundary": BOUNDARY}
MOST_TRIALS = 24
"""Trainings of a searcher that are shown at once; more are folded."""
FIGURES = re.compile(r"(\S*\de-\d\S*|-> ?\S+)")
"""Words that a browser would break behind their hyphen."""
ASSETS = ("style.css", "charts.js", "page.js")


def build(pages: Sequence[RunPage]) -> str:
    """Build the page as text; texts from outside, such as names, are escaped.

    Args:
        pages: the content for each run, at least one.
    """
    # Imported here, because reading runs needs no templates.
    from markupsafe import Markup

    alone = len(pages) == 1
    comparison = None
    if not alone:
        comparison = compare(pages)
    return _template("page.html.j2").render(
        pages=pages,
        alone=alone,
        comparison=comparison,
        most_settings=MOST_SETTINGS,
        most_trials=MOST_TRIALS,
        parameters=PARAMETERS,
        mark=MARK,
        colours=COLOURS,
        # `Markup` is not escaped. The assets are files of this package.
        assets={name: Markup(_asset(name)) for name in ASSETS},
        numbers=Markup(_json(_numbers(pages, comparison))),
    )


def _template(name: str) -> Template:
    """A template of this package, in which every text is escaped.

    A name that a template misspells is an error, because an empty place on the page would be
    overlooked.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(PACKAGE, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    environment.filters["lines"] = _lines
    environment.filters["whole"] = _whole
    return environment.get_template(name)


def _visible(value: object) -> object:
    """A value as a template shows it: in one line of visible characters.

    It is escaped after that. Text that is already escaped, or made by this package, is of a
    subclass of `str` and stays as it is.
    """
    if type(value) is str:
        return visible(value)
    return value


def _lines(text: str) -> str:
    """The filter for texts of several lines, such as drawings."""
    from markupsafe import escape

    return escape(visible_lines(text))


def _whole(text: str) -> str:
    """The filter for a text with figures, which keeps each figure in one line.

    >>> _whole("train 4.5e-08 <")
    Markup('train <span class="whole">4.5e-08</span> &lt;')
    """
    from markupsafe import Markup, escape

    parts = FIGURES.split(visible(text))
    kept = Markup('<span class="whole">{}</span>')
    # After the split, texts and figures take turns.
    return Markup("").join(
        kept.format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def _numbers(pages: Sequence[RunPage], comparison: Comparison | None) -> Json:
    """The numbers that the script draws."""
    overlays: Sequence[Chart] = []
    if comparison is not None:
        overlays = comparison.overlays
    return {
        "palette": _palette(),
        "overlays": [asdict(chart) for chart in overlays],
        "runs": [_numbers_of_run(page) for page in pages],
    }


def _numbers_of_run(page: RunPage) -> Json:
    weights = None
    if page.weights is not None:
        weights = asdict(page.weights)
    return {
        "charts": [asdict(chart) for chart in page.charts],
        "weights": weights,
        "predictions": [
            {"epoch": epoch, "chart": asdict(chart)} for epoch, chart in page.predictions.items()
        ],
    }


def _json(value: object) -> str:
    """JSON that cannot end the HTML element in which it stands.

    >>> "<" in _json("</script>"), json.loads(_json("</script>"))
    (False, '</script>')
    """
    # In JSON, "<" occurs only inside texts, where it may be written as its code.
    text = json.dumps(_shown(value), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _shown(value: object) -> object:
    """The same numbers and texts; the texts have only visible characters."""
    if isinstance(value, dict):
        return {name: _shown(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(part) for part in value]
    return _visible(value)


def _palette() -> list[str]:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    tab10 = colormaps["tab10"]
    return [to_hex(tab10(index)) for index in range(10) if index != GREY]


def _asset(name: str) -> str:
    return files(PACKAGE).joinpath(name).read_text(encoding="utf-8")
