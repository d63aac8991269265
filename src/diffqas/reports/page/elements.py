"""Pieces of HTML as trees: the standard library escapes every text and attribute when it writes
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias
from xml.etree.ElementTree import Element

from diffqas.reports.page.data import Chart, Table

Child: TypeAlias = Element | str | None


def element(name: str, /, *children: Child, **attributes: str) -> Element:
    """An element with texts and elements in it; None is left out.

    An underscore at the end of an attribute's name is dropped, others become hyphens.

    >>> from xml.etree.ElementTree import tostring
    >>> tostring(element("p", "a < b ", element("b", "c"), " d", class_="x"), "unicode", method="html")
    '<p class="x">a &lt; b <b>c</b> d</p>'
    """
    made = Element(
        name, {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    )
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            made.append(child)
            last = child
        elif child is not None and last is None:
            made.text = (made.text or "") + child
        elif child is not None and last is not None:
            last.tail = (last.tail or "") + child
    return made


def table(content: Table, label: str) -> Element:
    """A table in a box that scrolls by itself, also by keyboard."""

    def row(kind: str, texts: list[Child], strong: bool = False) -> Element:
        cells = [
            element(kind, text, **({"class_": "figure"} if column in content.numeric else {}))
            for column, text in enumerate(texts)
        ]
        return element("tr", *cells, **({"class_": "strong"} if strong else {}))

    head = element("thead", row("th", list(content.head))) if content.head else None
    rows = [
        row("td", list(texts), number == content.strong)
        for number, texts in enumerate(content.rows)
    ]
    return scrolling(element("table", head, element("tbody", *rows)), label)


def pairs(content: Mapping[str, str], label: str) -> Element:
    """Names and values as a table without headings."""
    rows = [
        element("tr", element("th", name, scope="row"), element("td", text))
        for name, text in content.items()
    ]
    return scrolling(element("table", element("tbody", *rows), class_="pairs"), label)


def scrolling(content: Element, label: str) -> Element:
    """A box that scrolls sideways where its content is wider than the page."""
    return element("div", content, class_="scroll", role="region", tabindex="0", aria_label=label)


def heading(chart: Chart) -> str:
    """What stands above a chart."""
    return chart.title + " (%)" * chart.percent


def section(title: str, *children: Child, **attributes: str) -> Element:
    """A part of the page under a heading."""
    return element("section", element("h3", title), *children, **attributes)


def folded(title: str, *children: Child) -> Element:
    """What is shown when it is asked for."""
    return element("details", element("summary", title), *children)
