"""Headings and names that fit into a picture, and axes that count whole things."""

from __future__ import annotations

import textwrap
import unicodedata
from typing import TYPE_CHECKING

from diffqas.text import mathtext, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_OF_SIGN = 0.64
"""Of a sign in units of the font's size: somewhat more than the mean of DejaVu Sans."""
POINTS_PER_INCH = 72
MOST_LINES = 4
HEADING = 11
NAME, NAME_LINE = 44, 26
"""Signs of a candidate's name in a legend, and in one line of it."""


def heading(figure: Figure, title: str) -> None:
    """Write a title at the upper left, in as many lines as it needs to fit."""
    signs = int(figure.get_figwidth() * POINTS_PER_INCH / (WIDTH_OF_SIGN * HEADING))
    figure.suptitle(in_lines(title, signs), x=0.01, ha="left", fontsize=HEADING)


def in_lines(text: str, width: int) -> str:
    r"""Break a text into lines of at most `width` characters, and at most `MOST_LINES` lines.

    >>> in_lines("prediction against truth", 12)
    'prediction\nagainst\ntruth'
    """
    shown = visible(text)
    if _is_wide(shown):
        width //= 2
    lines = textwrap.wrap(shown, max(1, width), max_lines=MOST_LINES, placeholder=" …")
    return "\n".join(mathtext(line) for line in lines)


def _is_wide(text: str) -> bool:
    """Whether a text has characters of double width, such as Chinese, or is mostly capitals."""
    capitals = sum(sign.isupper() for sign in text)
    double = any(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return double or 2 * capitals > len(text)


def shortened(name: str, most: int = NAME) -> str:
    """A name without its middle if it is long, because related names often begin alike.

    >>> shortened("a_circuit_that_has_a_long_name_1", 16)
    'a_circui…_name_1'
    """
    shown = visible(name)
    if len(shown) <= most:
        return shown
    end = (most - 1) // 2
    return f"{shown[: most - 1 - end]}…{shown[len(shown) - end :]}"


def legend_name(name: str) -> str:
    """A candidate's name for a legend, in two lines if it is long."""
    lines = in_lines(shortened(name), NAME_LINE)
    if not lines:
        return " "  # a legend leaves out what has no label at all
    return lines


def counting(axes: Axes, unit: str) -> None:
    """Let the horizontal axis count `unit` in whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(unit)
    # Around a single whole number matplotlib would mark fractions.
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def marker_for(count: int) -> str | None:
    """The marker of a line: a point if it has only one value, which else could not be seen."""
    if count == 1:
        return "o"
    return None
