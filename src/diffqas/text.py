r"""Text from files and names of folders, quoted for the place where it is shown.

A name may hold anything: a folder may be called `r[/x]`, a file of candidates `a$^$b.qasm`, a
column of a table `=1+1`, and a file from a stranger may hold the escape sequences that control a
terminal. None of these texts may act as markup, mathematics, a formula or a command. Each kind of
output has one function here, which is called where the text leaves the program. Inside the program
a name stays as it is.

Some outputs can be told to take text as it is: rich by `Text` and by `diffqas.reports.Terminal`,
jinja2 by its autoescape. They need no function of their own besides `visible`.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable, Sequence
from html import escape

LONGEST_NAME = 100
"""The most bytes of a file name that is made from a text. File systems allow 255, with suffix."""

PLAIN_SIGNS = {"█": "#", "▏": "|", "●": "*", "·": ".", "…": "...", "–": "-", "→": "->", "×": "x"}
"""Replacements for the signs of our own tables that an encoding lacks; all others become `?`."""

_FORMULA = tuple("=+-@＝＋－＠\t\r")
"""How a cell begins that a spreadsheet computes; the wide forms are those of Japanese keyboards."""

_NUMBER = r"[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf|nan)"
_NUMBERS = re.compile(rf"{_NUMBER}(?: {_NUMBER})*", re.IGNORECASE | re.ASCII)
"""One number, or several with a blank between."""

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~$&])")

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # Behind the end of a row, these begin an argument of the command that ends it.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
}


def alternatives(words: Iterable[str]) -> str:
    """Join words to a list of alternatives.

    >>> alternatives(["qlstm", "vqc", "qfwp"]), alternatives(["qt"])
    ('qlstm, vqc or qfwp', 'qt')
    """
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def visible(text: object) -> str:
    r"""A text in one line, in which whatever cannot be seen is written out.

    Written out are control characters, escape sequences, line ends, signs that turn the direction
    of reading (U+202E), and bytes of a file name that are not valid UTF-8.

    >>> print(visible("a\x1b[2J\nb\u202ec"))
    a\x1b[2J\nb\u202ec
    """
    shown = str(text)
    if shown.isprintable():
        return shown
    return "".join(map(_written_out, shown))


def visible_lines(text: object) -> str:
    r"""The same as `visible` for a text of several lines, such as a drawing: its line ends stay.

    >>> visible_lines("a\nb\r")
    'a\nb\\r'
    """
    return "\n".join(map(visible, str(text).split("\n")))


def encodable(text: str, encoding: str) -> str:
    """A text in which the signs that an encoding lacks are replaced.

    >>> encodable("██ 3×3 naïve", "ascii"), encodable("naïve", "latin-1")
    ('## 3x3 na?ve', 'naïve')
    """
    return text.encode(encoding, REPLACING).decode(encoding)


def mathtext(text: object) -> str:
    r"""A text for a picture of matplotlib, in which `$` begins no mathematics.

    It is not for a place with `parse_math=False`, which would show the backslash. Matplotlib leaves
    a label that begins with `_` out of the legend, so that such a text gets a blank in front.

    >>> print(mathtext("a$^$b"))
    a\$^\$b
    """
    shown = visible(text).replace("$", r"\$")
    if shown.startswith("_"):
        return f" {shown}"
    return shown


def csv_cell(value: object) -> object:
    """A value for a cell of a CSV file; a text that a spreadsheet would compute is marked as text.

    The mark is an apostrophe in front. Numbers stay numbers, also those that are written as text.

    >>> csv_cell("=1+1"), csv_cell(-1.5), csv_cell("-1.5e-3"), csv_cell("-b")
    ("'=1+1", -1.5, '-1.5e-3', "'-b")
    """
    if not isinstance(value, str):
        return value
    # Before the control characters are written out: a tab in front hides a formula.
    shown = visible(value)
    if value.startswith(_FORMULA) and not _NUMBERS.fullmatch(value):
        return f"'{shown}"
    return shown


def markdown(text: object) -> str:
    r"""A text inside a line or a cell of Markdown.

    >>> print(markdown("a|b <b> `c` [d](e) &lt;"))
    a\|b \<b\> \`c\` \[d\](e) \&lt;
    """
    return _MARKDOWN.sub(r"\\\1", visible(text))


def latex(text: object) -> str:
    r"""A text in LaTeX, also at the beginning of a row of a table.

    >>> print(latex("5 % of d_z^2 [x]"))
    5 \% of d\_z\textasciicircum{}2 {[}x{]}
    """
    return "".join(_LATEX.get(sign, sign) for sign in visible(text))


def html(text: object) -> str:
    """A text inside of an element of HTML.

    >>> html("<b>a & b</b>")
    '&lt;b&gt;a &amp; b&lt;/b&gt;'
    """
    return escape(visible(text))


def html_table(head: Sequence[object], rows: Iterable[Sequence[object]], title: object = "") -> str:
    """A small table for a notebook, in which every text is quoted.

    >>> html_table(["a"], [["<b>"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    parts = ["<table>"]
    if title:
        parts.append(f"<caption>{html(title)}</caption>")
    if head:
        parts.append(f"<thead>{_html_row('th', head)}</thead>")
    body = "".join(_html_row("td", row) for row in rows)
    parts.append(f"<tbody>{body}</tbody></table>")
    return "".join(parts)


def _html_row(kind: str, texts: Iterable[object]) -> str:
    cells = "".join(f"<{kind}>{html(text)}</{kind}>" for text in texts)
    return f"<tr>{cells}</tr>"


def text_table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A small table as aligned lines of text, for `repr`.

    >>> print(text_table(["name", "rank"], [["RX", 1], ["H-RY", 2]]))
    name  rank
    RX    1
    H-RY  2
    """
    cells = [[visible(text) for text in row] for row in rows]
    if head:
        cells.insert(0, [visible(text) for text in head])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines: list[str] = []
    for row in cells:
        padded = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def file_name(text: object) -> str:
    """A text as the name of one file or folder; a text that is such a name already stays the same.

    >>> file_name("minigrid-empty-5x5"), file_name("../../etc"), file_name("a/b c"), file_name("")
    ('minigrid-empty-5x5', 'etc', 'a-b c', 'unnamed')
    """
    kept = "".join(sign if _names_files(sign) else "-" for sign in str(text))
    name = kept.lstrip("-. ").rstrip(". ")
    # File systems count bytes, so the cut is by bytes; half a character at the end is dropped.
    name = name.encode()[:LONGEST_NAME].decode(errors="ignore").rstrip(". ")
    return name or "unnamed"


def _names_files(sign: str) -> bool:
    return sign.isprintable() and sign not in "/\\"


def _written_out(sign: str) -> str:
    if sign.isprintable():
        return sign
    return repr(sign)[1:-1]


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """What stands for a sign that cannot be encoded, and where encoding goes on."""
    assert isinstance(error, UnicodeEncodeError)
    sign = error.object[error.start]
    if unicodedata.category(sign) == "Cs":  # a byte of a file name, of no encoding
        return _written_out(sign), error.start + 1
    return PLAIN_SIGNS.get(sign, "?"), error.start + 1


REPLACING = "diffqas.replacing"
"""How a stream is told to replace signs: `stream.reconfigure(errors=REPLACING)`."""

codecs.register_error(REPLACING, _replaced)
