"""Progress of a study for a person: a live bar in a terminal, one line per cell elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.progress import BarColumn

from diffqas.reports import LiveBar, PlainColumn, Terminal, duration, spread
from diffqas.studies.cell import Cell
from diffqas.studies.metric import Metric
from diffqas.studies.plan import Job


class Display(LiveBar):
    """Progress over cells.

    The time left is estimated from the costs of the cells, not from their number.

    Args:
        console: where to print.
        jobs: cells to compute.
        metric: the figure to tell of a cell.
    """

    def __init__(self, console: Terminal, jobs: Sequence[Job], metric: Metric) -> None:
        self._metric = metric
        self._cells = len(jobs)
        self._total, self._spent, self._done = sum(job.cost for job in jobs), 0.0, 0
        self._started = time.perf_counter()
        columns = (
            PlainColumn("cells {task.fields[cells]}", "bold"),
            BarColumn(),
            PlainColumn("{task.fields[status]}"),
        )
        super().__init__(console, *columns, total=self._total, cells=f"0/{self._cells}", status="")

    def update(self, job: Job, cell: Cell) -> None:
        """Tell of a cell that is done."""
        self._done += 1
        self._spent += job.cost
        spent = time.perf_counter() - self._started
        left = duration(spent / self._spent * (self._total - self._spent))
        for seed, reason in cell.failures.items():
            self._say(f"{job.dataset}, {job.row.name}: seed {seed} failed: {reason}", style="red")
        result = spread(cell.figures[self._metric.test], self._metric.text)
        if self._live:
            status = f"{left} left  {job.dataset}, {job.row.name}"
            self._bar.update(
                self._task,
                completed=self._spent,
                cells=f"{self._done}/{self._cells}",
                status=status,
            )
        else:
            head = f"{self._done}/{self._cells}  {job.dataset}, {job.row.name}"
            head = f"{head}: test {self._metric.name} {result}"
            self._say(f"{head}, {cell.seconds or 0.0:.1f} s; {left} left")

    def fail(self, job: Job, reason: str) -> None:
        """Tell of a cell that could not be computed."""
        self._done += 1
        self._spent += job.cost
        self._say(
            f"{self._done}/{self._cells}  {job.dataset}, {job.row.name} failed: {reason}",
            style="red",
        )

    def _say(self, line: str, style: str = "") -> None:
        self._console.say(line, style=style)
