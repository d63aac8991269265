"""The terminal prints text as text, whatever stands in it and whatever the terminal can show."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.columns import Columns
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from diffqas.reports import LiveBar, PlainColumn, Terminal, plain_text
from diffqas.text import visible

PIECES = [
    "[x]",
    "[/x]",
    "[red]",
    ":rocket:",
    "\\[",
    "\x1b]0;t\x07",
    "\x1b[2J",
    "\u202e",
    "\x9b",
    "a b",
]
NAMES = st.lists(st.sampled_from(PIECES) | st.characters(exclude_characters="\n"), max_size=5)
NAMES = NAMES.map("".join)
STYLES = re.compile(r"\x1b\[[\d;]*m")


class Encoded(io.StringIO):
    """A stream of another encoding, as `PYTHONIOENCODING` makes standard output one."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:
        return self._encoding


def printed(*shown: object, encoding: str = "utf-8", **choices: bool) -> str:
    stream = Encoded(encoding)
    console = Terminal(file=stream, width=400, **choices)
    for each in shown:
        console.print(each)
    return stream.getvalue()


def table_of(name: str) -> Table:
    table = Table(title=name)
    table.add_column(name)
    table.add_row(name)
    return table


@given(NAMES)
def test_a_name_is_printed_as_it_is_wherever_it_stands(name):
    shown = visible(name)
    for each in (name, Group(name), Panel(name), table_of(name), Columns([name])):
        text = printed(each)
        assert not set(text) - set("\n") - {sign for sign in text if sign.isprintable()}
        # Tables and panels take away the blanks at the end of a line.
        assert shown.strip() in text
    assert printed(plain_text(name)).rstrip("\n") == shown.rstrip("\n")


@given(NAMES)
def test_nothing_but_colours_steers_a_terminal(name):
    text = printed(Text(name, style="bold"), table_of(name), force_terminal=True)
    text = STYLES.sub("", text)
    assert all(sign.isprintable() or sign == "\n" for sign in text)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
@given(name=NAMES)
def test_signs_that_an_encoding_lacks_are_replaced(encoding, name):
    text = printed(Text(f"██ ▏ {name}"), table_of(name), Panel(name), encoding=encoding)
    text.encode(encoding)
    assert text.startswith("## | ")


@given(NAMES)
def test_a_sentence_is_one_line_elsewhere_and_wrapped_between_words_in_a_terminal(name):
    stream = io.StringIO()
    Terminal(file=stream, width=20).say(f"one two {name}" * 5)
    assert stream.getvalue().rstrip() == visible(f"one two {name}" * 5).rstrip()
    stream = io.StringIO()
    Terminal(file=stream, width=20, force_terminal=True).say("many words in a line /a/long/path")
    lines = STYLES.sub("", stream.getvalue()).splitlines()
    assert [line.rstrip() for line in lines] == ["many words in a line", "/a/long/path"]


@pytest.mark.parametrize("name", ["[/x]", "[red]y", "\x1b]0;t\x07", "{x"])
def test_a_bar_shows_names_as_they_are(name):
    stream = io.StringIO()
    console = Terminal(file=stream, width=100, force_terminal=True)
    columns = PlainColumn("cells"), PlainColumn("{task.fields[status]}")
    with LiveBar(console, *columns, total=2, status=name) as bar:
        bar._bar.refresh()
    assert visible(name) in stream.getvalue()
