"""The terminal, in which text is text: no markup, no escape sequences, no signs that it lacks."""

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
    r"""A text in one line for rich, shown as it is.

    >>> print(plain_text("r[/x]\x1b"))
    r[/x]\x1b
    """
    return Text(visible(text), style=style)


class PlainColumn(ProgressColumn):
    """A column of a progress bar, in which text is text.

    Args:
        words: what it shows; they may name fields of the bar, such as `{task.fields[status]}`.
        style: of all of it.
    """

    def __init__(self, words: str, style: str = "") -> None:
        super().__init__()
        self._words, self._style = words, style

    def render(self, task: Task) -> Text:
        """What stands there now."""
        return plain_text(self._words.format(task=task), self._style)


class Terminal(Console):
    """A console that prints names of folders and text from files as they are.

    A string is never markup, wherever it stands: printed by itself or inside of a table. Emphasis
    is said by `style=` or by a `Text`. The signs that come out at the end are guarded, too: those
    that steer a terminal are written out, and those that its encoding lacks are replaced.

    Args:
        stderr: print to standard error.
        quiet: print nothing.
        width: columns; None asks the terminal.
        file: print there instead.
        force_terminal: take it for a terminal; None finds out.
        record: keep what is printed, for `export_text`.
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
        # Some terminals say that they have none, in which rich would print nothing.
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
        """Print a sentence, path or command.

        In a terminal it is wrapped between words; a long word stays whole, so that a path can be
        copied. Elsewhere it stays one line.

        Args:
            text: a `Text`, or anything else, which is shown in one line.
            style: of all of it.
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
        """A string as text; rich itself would read markup, also in a table's heading or cell."""
        return Text(visible_lines(text), style=style, justify=justify, overflow=overflow)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The pieces that are printed, each of signs that can be printed."""
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
    """Where a text is broken into lines: before words that would reach beyond the width.

    A word that is longer than a line stays where it is, and the terminal itself breaks it.

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
