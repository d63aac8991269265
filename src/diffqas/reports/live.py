"""A progress bar that is live in a terminal; elsewhere plain lines take its place."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from rich.progress import Progress, ProgressColumn

from diffqas.reports.console import Terminal


class LiveBar:
    """The base of the displays of progress, to be used as a context manager.

    Args:
        console: where to print.
        columns: the columns of the bar.
        task: the total, what is completed, and the fields that the columns show.
    """

    def __init__(self, console: Terminal, *columns: ProgressColumn, **task: Any) -> None:
        self._console = console
        self._live = console.is_terminal and not console.quiet
        self._bar = Progress(*columns, console=console)
        self._task = self._bar.add_task("", **task)

    def __enter__(self) -> Self:
        if self._live:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._bar.stop()
