"""What a person sees while a search runs: a live bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import statistics
import time

from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn

from diffqas.agents import AgentTraining
from diffqas.reports import LiveBar, PlainColumn, Terminal, duration, percent
from diffqas.storage import Json
from diffqas.training import Training

LINE_SECONDS = 5.0
"""Least time between two plain lines; the last one is always printed."""


class _Speed:
    """How much is done in a second.

    The first record is left out as soon as there is a second one: compilers and caches are warmed
    up in it, and an estimate from it would be many times too long.

    Args:
        done: how much was done before.
    """

    def __init__(self, done: int) -> None:
        self._before, self._since = done, time.perf_counter()
        self._records = 0

    def update(self, done: int) -> float:
        """The speed after a record; 0 where nothing was done."""
        now = time.perf_counter()
        speed = (done - self._before) / (now - self._since)
        self._records += 1
        if self._records == 1:
            self._before, self._since = done, now
        return speed

    @property
    def known(self) -> bool:
        """Whether the speed is worth an estimate."""
        return self._records > 1


class _Progress(LiveBar):
    """A bar with a line of figures, or plain lines now and then.

    Args:
        console: where to print.
        head: what is counted.
        total: how much there is in all.
        done: how much was done before.
    """

    def __init__(self, console: Terminal, head: str, total: int, done: int) -> None:
        columns = (
            PlainColumn(head, "bold"),
            MofNCompleteColumn(),
            BarColumn(),
            PlainColumn("{task.fields[status]}"),
            TimeRemainingColumn(),
        )
        super().__init__(console, *columns, total=total, completed=done, status="")
        self._total = total
        self._speed = _Speed(done)
        self._last_line = time.perf_counter()

    def _is_due(self, done: int, status: str) -> bool:
        """Move the bar; where there is none, tell whether it is time for a plain line."""
        if self._live:
            self._bar.update(self._task, completed=done, status=status)
            return False
        now = time.perf_counter()
        if done < self._total and now - self._last_line <= LINE_SECONDS:
            return False
        self._last_line = now
        return True

    def _print(self, line: str) -> None:
        self._console.say(line)


class Display(_Progress):
    """Progress of a training on data.

    Args:
        console: where to print.
        total: epochs in all.
        done: epochs done before.
        metric: name of the figure to show.
        name: what trains, if it is not the search.
        part: the part of the data that the figure is of; `"held-out"` if the test part is not used.
    """

    def __init__(
        self,
        console: Terminal,
        total: int,
        done: int,
        metric: str,
        name: str = "",
        part: str = "test",
    ) -> None:
        self._head = f"{name}: epoch" if name else "epoch"
        super().__init__(console, self._head, total, done)
        self._metric, self._part = metric, part
        self._last_line = 0.0  # the first epoch is printed at once

    def update(self, record: Json, leader: str | None = None) -> None:
        """Show one line of metrics.jsonl and the leading candidate, if there is one."""
        epoch = record["epoch"]
        loss = statistics.median(record["loss"])
        test = statistics.median(record[f"test_{self._metric}"])
        figure = percent(test) if self._metric == "accuracy" else f"{test:.2e}"
        status = f"loss {loss:.2e}  {self._part} {self._metric} {figure}"
        if leader:
            status += f"  leading {leader}"
        speed = self._speed.update(epoch)
        if self._is_due(epoch, status):
            if self._speed.known and speed > 0:
                status += f"  {duration((self._total - epoch) / speed)} left"
            self._print(f"{self._head} {epoch}/{self._total}  {status}")


class EpisodeDisplay(_Progress):
    """Progress of a training of agents.

    Args:
        console: where to print.
        total: episodes, or steps, of all seeds together.
        done: of these, before.
        unit: `"episode"` or `"step"`.
    """

    def __init__(self, console: Terminal, total: int, done: int, unit: str = "episode") -> None:
        super().__init__(console, unit, total, done)
        self._unit = unit

    def update(self, record: Json, leader: str | None = None) -> None:
        """Show one line of metrics.jsonl and the leading candidate, if there is one."""
        done = min(sum(record[f"{self._unit}s"]), self._total)
        speed = self._speed.update(done)
        reward = statistics.median(record["reward"])
        success = statistics.median(record["success"])
        status = f"reward {reward:.3f}  success {success:.0%}  {speed:.0f} {self._unit}s/s"
        if leader:
            status += f"  leading {leader}"
        if self._is_due(done, status):
            self._print(f"{self._unit} {done:,}/{self._total:,}  {status}")


def display_on_data(training: Training, console: Terminal) -> Display:
    """The display of a training on data."""
    metric = next(iter(training.task.metrics))
    return Display(console, training.settings.epochs, training.epoch, metric)


def display_of_episodes(training: AgentTraining, console: Terminal) -> EpisodeDisplay:
    """The display of a training of agents."""
    settings, log, seeds = training.settings, training.log, len(training.seeds)
    if settings.most_steps is not None:
        return EpisodeDisplay(console, settings.most_steps * seeds, sum(log.steps), "step")
    return EpisodeDisplay(console, settings.episodes * seeds, sum(log.counts))
