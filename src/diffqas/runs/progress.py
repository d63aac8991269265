"""What a person sees while a search runs: a live bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import statistics
import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Display:
    """Progress of a training; use as a context manager.

    Args:
        console: where to print.
        total: epochs in all.
        done: epochs done before.
        metric: name of the figure to show.
    """

    def __init__(self, console: Console, total: int, done: int, metric: str) -> None:
        self._console, self._total, self._metric = console, total, metric
        self._live = console.is_terminal and not console.quiet
        self._started, self._first = time.perf_counter(), done
        self._last_line = 0.0
        self._bar = Progress(
            TextColumn("[bold]epoch"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[status]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task("", total=total, completed=done, status="")

    def __enter__(self) -> Display:
        if self._live:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._bar.stop()

    def update(self, record: dict[str, Any], leader: str) -> None:
        """Show one line of metrics.jsonl and the leading candidate."""
        epoch = record["epoch"]
        loss, test = (statistics.median(record[key]) for key in ("loss", f"test_{self._metric}"))
        status = f"loss {loss:.2e}  test {self._metric} {test:.2e}  leading {leader}"
        if self._live:
            self._bar.update(self._task, completed=epoch, status=status)
        elif epoch == self._total or time.perf_counter() - self._last_line > 5:
            self._last_line = time.perf_counter()
            spent = self._last_line - self._started
            left = spent / (epoch - self._first) * (self._total - epoch)
            self._console.print(
                f"epoch {epoch}/{self._total}  {status}  {left:.0f} s left", highlight=False, soft_wrap=True
            )
