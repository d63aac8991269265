"""Text quoted for each place where it is shown: whatever a name holds, it comes out as it was."""

import csv
import io
import os
import re
import unicodedata
import warnings
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from diffqas.errors import DiffqasError
from diffqas.storage import csv_content
from diffqas.text import (
    csv_cell,
    encodable,
    file_name,
    latex,
    markdown,
    mathtext,
    visible,
    visible_lines,
)

PIECES = ["[x]", "[/x]", "$", "^", "=1+1", "@", "\x1b]0;", "\u202e", "%", "&", "&lt;", "#", "_"]
PIECES += [
    "{",
    "}",
    "\\",
    "<b>",
    "</script>",
    "|",
    "`",
    "🚀",
    "long " * 50,
    " ",
    "-",
    "+",
    "*",
    "~",
]
PIECES += [
    "\t",
    "\r",
    "\n",
    "\u2028",
    "\x9b31m",
    "\udcff",
    "\0",
    "\u0430",
    "é",
    "'",
    '"',
    "=",
    "../",
]

TEXTS = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=6).map("".join)
"""What a name may hold, beginning and ending with anything."""


@given(TEXTS)
def test_what_is_visible_is_one_line_of_signs_that_can_be_printed(text):
    shown = visible(text)
    assert shown.isprintable()
    assert visible(shown) == shown
    if text.isprintable():
        assert shown == text


@given(TEXTS)
def test_lines_stay_lines(text):
    assert visible_lines(text).split("\n") == [visible(line) for line in text.split("\n")]


@given(TEXTS)
def test_a_message_is_one_line(text):
    assert len(str(DiffqasError(text)).splitlines()) <= 1


@given(TEXTS, st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8", "shift_jis", "koi8-r"]))
def test_every_encoding_can_print_it(text, encoding):
    shown = encodable(visible(text), encoding)
    assert shown.encode(encoding).decode(encoding) == shown
    if encoding == "utf-8":
        assert shown == visible(text)


def test_signs_of_our_tables_have_a_stand_in():
    assert encodable("██▏ a–b × 2…", "ascii") == "##| a-b x 2..."


@given(TEXTS)
@example("$x^$")
@example("\\$")
def test_a_picture_shows_the_text_itself(text):
    figure = Figure(figsize=(1, 1))
    FigureCanvasAgg(figure)
    figure.subplots().plot([0, 1], label=mathtext(text))
    drawn, mathematics = figure.text(0, 0, mathtext(text))._preprocess_math(mathtext(text))
    assert mathematics is False
    assert drawn.removeprefix(" " if text.startswith("_") else "") == visible(text)
    # An empty label has no place in a legend; all others have, also those that begin with "_".
    shown = figure.axes[0].get_legend_handles_labels()[1]
    assert len(shown) == (1 if text else 0)


def test_a_picture_can_be_drawn_with_any_name():
    figure = Figure(figsize=(1, 1))
    FigureCanvasAgg(figure)
    for piece in PIECES:
        figure.text(0, 0, mathtext(piece))
        figure.text(0, 0, mathtext(f"a{piece}b{piece}c"))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        figure.canvas.draw()


FORMULAS = tuple("=+-@\t\r")


@given(st.lists(TEXTS | st.floats() | st.integers() | st.none() | st.booleans(), min_size=1))
@example(["=cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "\t=1", "\n=1", -1, -1.5, "-1.5e-07", "-inf"])
def test_no_cell_is_a_formula(values):
    (row,) = csv.reader(io.StringIO(csv_content([["", *values]])))
    for cell, value in zip(row[1:], values, strict=True):
        if isinstance(value, str):
            assert not cell.startswith(FORMULAS) or _is_number(cell)
            # The text itself stands there, behind the mark of a text where it is needed.
            assert cell.removeprefix("'") == visible(value).removeprefix("'")
        elif value is None:
            assert cell == ""
        else:
            assert cell == str(value)


def _is_number(text: str) -> bool:
    return all(
        re.fullmatch(r"[+-]?[\d.]*(inf|nan|\d)(e[+-]?\d+)?", part, re.I) for part in text.split(" ")
    )


@pytest.mark.parametrize("number", ["-1", "-1.5", "+2", "-1.2e-06", "-inf", "-0.5 0.25 -3"])
def test_numbers_that_are_written_out_stay_numbers(number):
    assert csv_cell(number) == number


@given(TEXTS)
def test_markdown_shows_the_text_itself(text):
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    html = parser.render(f"| a |\n| --- |\n| x{markdown(text)}x |\n")
    (cell,) = re.findall(r"<td>(.*)</td>", html)
    assert _from_html(cell) == f"x{visible(text)}x"


def _from_html(text: str) -> str:
    assert "<" not in text
    for name, sign in {"lt": "<", "gt": ">", "quot": '"', "amp": "&"}.items():
        text = text.replace(f"&{name};", sign)
    return text


WRITTEN = {r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^"}
WRITTEN |= {r"\textless{}": "<", r"\textgreater{}": ">", r"\textbar{}": "|"}
WRITTEN |= {"{[}": "[", "{]}": "]", "{*}": "*"} | {f"\\{sign}": sign for sign in "&%$#_{}"}


@given(TEXTS)
def test_latex_shows_the_text_itself(text):
    pieces = re.split("(" + "|".join(map(re.escape, WRITTEN)) + ")", latex(text))
    assert not set("".join(pieces[::2])) & set("\\{}$&#^_~%[]*<>|")
    assert "".join(WRITTEN.get(piece, piece) for piece in pieces) == visible(text)


@given(TEXTS)
def test_a_file_name_is_one_name_below_its_folder(text):
    name = file_name(text)
    assert Path("runs", name).parent == Path("runs")
    assert Path("runs", name).name == name
    assert name not in (".", "..")
    assert len(os.fsencode(name)) <= 100
    assert name.isprintable()
    assert not name.startswith(("-", "."))
    assert file_name(name) == name
    assert all(unicodedata.category(sign) != "Cs" for sign in name)
