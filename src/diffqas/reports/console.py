"""A terminal that shows text as it is: without markup, escape sequences or missing characters."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from typing import IO

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, OverflowMethod, RenderableType
from rich.progress import ProgressColumn, Task
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from diffqas.text import encodable, visible, visible_lines


def plain_text(text: object, style: str = "") -> Text:
    r"""A text for rich, in one line and shown as it is.

    >>> print(plain_text("r[/x]\x1b"))
    r[/x]\x1b
    """
    return Text(visible(text), style=style)


class PlainColumn(ProgressColumn):
    """A column of a progress bar that shows text as it is, without markup.

    Args:
        words: the text; it may name fields of the bar, such as `{task.fields[status]}`.
        style: the style of the whole text.
    """

    def __init__(self, words: str, style: str = "") -> None:
        super().__init__()
        self._words, self._style = words, style

    def render(self, task: Task) -> Text:
        """The text of the column at this moment."""
        return plain_text(self._words.format(task=task), self._style)


class Terminal(Console):
    """A console that prints names of folders and text from files as they are.

    A string is never read as markup, whether it is printed by itself or in a table. Emphasis is
    given by `style=` or by a `Text`. The characters that are printed are checked, too: control
    characters are written out, and those that the encoding lacks are replaced.

    Args:
        stderr: whether to print to standard error.
        quiet: whether to print nothing.
        width: the number of columns; None asks the terminal.
        file: a stream to print to instead.
        force_terminal: whether to treat the stream as a terminal; None finds out.
        record: whether to keep what is printed, for `export_text`.
    """

    def __init__(
        self,
        *,
        stderr: bool = False,
        quiet: bool = False,
        width: int | None = None,
        file: IO[str] | None = None,
        force_terminal: bool | None = None,
        record: bool = False,
    ) -> None:
        # Some terminals report a width of zero, in which rich would print nothing.
        if width is None and os.environ.get("COLUMNS", "").strip() == "0":
            width = shutil.get_terminal_size().columns
        super().__init__(
            stderr=stderr,
            quiet=quiet,
            width=width,
            file=file,
            force_terminal=force_terminal,
            record=record,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def say(self, text: object, style: str = "") -> None:
        """Print a sentence, a path or a command.

        In a terminal the text is wrapped between words. A long word stays whole, so that a path can
        be copied. Elsewhere the text stays one line.

        Args:
            text: a `Text`, or anything else, which is shown in one line.
            style: the style of the whole text.
        """
        lines = [text if isinstance(text, Text) else plain_text(text)]
        if self.is_terminal:
            lines = lines[0].divide(breaks(lines[0].plain, self.width))
        for line in lines:
            line.rstrip()
            self.print(line, style=style, soft_wrap=True)

    def render_str(
        self,
        text: str,
        *,
        style: str | Style = "",
        justify: JustifyMethod | None = None,
        overflow: OverflowMethod | None = None,
        emoji: bool | None = None,
        markup: bool | None = None,
        highlight: bool | None = None,
        highlighter: object = None,
    ) -> Text:
        """A string as plain text; rich itself would read markup, even in the cells of a table."""
        return Text(visible_lines(text), style=style, justify=justify, overflow=overflow)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The pieces that are printed, with only such characters as can be printed."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield segment._replace(text=self._guarded(segment.text))

    def _guarded(self, text: str) -> str:
        if text.isascii() and text.isprintable():
            return text
        return encodable(visible_lines(text), self.encoding)


def breaks(text: str, width: int) -> list[int]:
    """The places at which a text is broken into lines.

    It is broken before words that would reach beyond the width. A word that is longer than a line
    stays where it is, and the terminal itself breaks it.

    >>> breaks("one two /a/very/long/path three", 9)
    [26]
    """
    found: list[int] = []
    begin = 0
    for word in re.finditer(r"\S+", text):
        reaches_beyond = cell_len(text[begin : word.end()]) > width
        if reaches_beyond and begin < word.start() and cell_len(word[0]) <= width:
            begin = word.start()
            found.append(begin)
    return found
