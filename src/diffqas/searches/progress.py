"""What a person sees while a search runs: a live bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import statistics
import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from diffqas.agents import AgentTraining
from diffqas.reports import LiveBar, percent
from diffqas.training import Training


class Display(LiveBar):
    """Progress of a training.

    Args:
        console: where to print.
        total: epochs in all.
        done: epochs done before.
        metric: name of the figure to show.
        name: what trains, if it is not the search.
    """

    def __init__(
        self, console: Console, total: int, done: int, metric: str, name: str = ""
    ) -> None:
        status = TextColumn("{task.fields[status]}")
        self._head = f"{name}: epoch" if name else "epoch"
        columns = (
            TextColumn(f"[bold]{self._head}"),
            MofNCompleteColumn(),
            BarColumn(),
            status,
            TimeRemainingColumn(),
        )
        super().__init__(console, *columns, total=total, completed=done, status="")
        self._total, self._metric = total, metric
        self._started, self._first = time.perf_counter(), done
        self._last_line = 0.0

    def update(self, record: dict[str, Any], leader: str | None = None) -> None:
        """Show one line of metrics.jsonl and the leading candidate, if there is one."""
        epoch = record["epoch"]
        loss, test = (statistics.median(record[key]) for key in ("loss", f"test_{self._metric}"))
        figure = percent(test) if self._metric == "accuracy" else f"{test:.2e}"
        status = f"loss {loss:.2e}  test {self._metric} {figure}" + (
            f"  leading {leader}" if leader else ""
        )
        if self._live:
            self._bar.update(self._task, completed=epoch, status=status)
        elif epoch == self._total or time.perf_counter() - self._last_line > 5:
            self._last_line = time.perf_counter()
            spent = self._last_line - self._started
            left = spent / (epoch - self._first) * (self._total - epoch)
            self._console.print(
                f"{self._head} {epoch}/{self._total}  {status}  {left:.0f} s left",
                highlight=False,
                soft_wrap=True,
            )


class EpisodeDisplay(LiveBar):
    """Progress of a training of agents.

    Args:
        console: where to print.
        total: episodes of all seeds together.
        done: of these, before.
    """

    def __init__(self, console: Console, total: int, done: int) -> None:
        status = TextColumn("{task.fields[status]}")
        columns = (
            TextColumn("[bold]episode"),
            MofNCompleteColumn(),
            BarColumn(),
            status,
            TimeRemainingColumn(),
        )
        super().__init__(console, *columns, total=total, completed=done, status="")
        self._total, self._first = total, done
        self._started = self._last_line = time.perf_counter()

    def update(self, record: dict[str, Any], leader: str | None = None) -> None:
        """Show one line of metrics.jsonl and the leading candidate, if there is one."""
        done, now = sum(record["episodes"]), time.perf_counter()
        speed = (done - self._first) / (now - self._started)
        reward, success = (statistics.median(record[key]) for key in ("reward", "success"))
        status = f"reward {reward:.3f}  success {success:.0%}  {speed:.0f} episodes/s"
        status += f"  leading {leader}" if leader else ""
        if self._live:
            self._bar.update(self._task, completed=done, status=status)
        elif done >= self._total or now - self._last_line > 5:
            self._last_line = now
            self._console.print(
                f"episode {done:,}/{self._total:,}  {status}", highlight=False, soft_wrap=True
            )


def display_of(
    training: Training[Any] | AgentTraining[Any], console: Console
) -> Display | EpisodeDisplay:
    """The display that fits a training."""
    if isinstance(training, AgentTraining):
        counts = training.log.counts
        return EpisodeDisplay(console, training.total * len(counts), sum(counts))
    return Display(
        console, training.settings.epochs, training.epoch, next(iter(training.task.metrics))
    )
