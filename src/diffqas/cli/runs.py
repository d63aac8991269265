"""`diffqas runs`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.cells import cell_len
from rich.table import Table

from diffqas.errors import choose
from diffqas.reports import Terminal, duration, plain_text
from diffqas.runs import RunSummary, list_runs

STYLES = {"finished": "", "unfinished": "yellow", "begun": "dim", "broken": "red"}
PIPED = 1000
"""Columns where no terminal says how many it has."""


@dataclass
class Runs:
    """List runs, finished or not: what they search, how far they are, and what they reached.

    The finished cells of a study are listed, too. Figures are the median (lowest .. highest) over
    the seeds; for an unfinished run they are those of its last record.
    """

    folders: Annotated[
        tyro.conf.Positional[tuple[Path, ...]],
        tyro.conf.arg(
            metavar="FOLDER ...",
            help="Folders of runs, single runs or studies; the folder runs if not given.",
        ),
    ] = ()
    task: str | None = None
    """Only runs on this data set, environment or task."""
    model: str | None = None
    """Only runs of this model (qt, qlstm, vqc, qfwp), or cells of this row."""
    state: Literal["finished", "unfinished", "begun", "broken"] | None = None
    """Only runs in this state."""
    sort: Literal["name", "figure", "date", "seconds"] = "name"
    """How the list is sorted. figure: the best first, metric by metric. date: the latest first.
    seconds: the longest first.
    """
    json: bool = False
    """Print JSON, one object per run."""

    def run(self) -> None:
        """Read the folders, print a line for each run."""
        folders = self.folders or (Path("runs"),)
        runs: list[RunSummary] = []
        for folder in folders:
            runs += _named(folder, whole=len(folders) > 1)
        if self.task is not None and runs:
            choose(self.task, sorted({run.task for run in runs if run.task}), "task")
            runs = [run for run in runs if run.task == self.task]
        if self.model is not None and runs:
            choose(self.model, sorted({run.model for run in runs if run.model}), "model")
            runs = [run for run in runs if run.model == self.model]
        if self.state is not None:
            runs = [run for run in runs if run.state == self.state]
        runs = ordered(runs, self.sort)
        if self.json:
            print(json.dumps([run.to_json() for run in runs], indent=2))
            return
        console = Terminal()
        if not console.is_terminal:
            console = Terminal(width=PIPED)
        console.print(table_of(runs, console.width) if runs else "No such runs.")


def _named(folder: Path, whole: bool) -> list[RunSummary]:
    """The runs in a folder; with `whole` their names tell which folder that was."""
    runs = list_runs(folder)
    if not whole:
        return runs
    # A run or a study that is named itself has its own name already.
    itself = any((folder / name).exists() for name in ("config.json", "result.json", "study.json"))
    place = folder.parent if itself else folder
    return [replace(run, name=(place / run.name).as_posix()) for run in runs]


HEADINGS = ("name", "task", "model", "seeds", "state", "figure", "trained", "time", "begun")
LEFT_OUT = ("begun", "time", "model", "trained", "seeds", "task")
"""Columns that a narrow terminal goes without, the first one first."""
LONGEST = 24
"""Signs in a line of a name, state or figure, where there is no room for all of them."""


def ordered(runs: Sequence[RunSummary], by: str) -> list[RunSummary]:
    """Sorted by `"name"`, `"figure"`, `"date"` or `"seconds"`; those without come last."""
    if by == "figure":
        known = _by_figure([run for run in runs if run.median is not None])
    elif by == "date":
        known = [run for run in runs if run.created]
        known.sort(key=lambda run: run.created or "", reverse=True)
    elif by == "seconds":
        known = [run for run in runs if run.seconds is not None]
        known.sort(key=lambda run: -(run.seconds or 0.0))
    else:
        return list(runs)
    return known + [run for run in runs if run not in known]


def _by_figure(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Runs with a figure: task by task, metric by metric, the best first."""
    # An unfinished run may not know that more is better, so a finished one is asked as well.
    higher = {(run.task, run.metric) for run in runs if run.higher}

    def key(run: RunSummary) -> tuple[str, str, float]:
        median = run.median or 0.0
        cost = -median if (run.task, run.metric) in higher else median
        return run.task or "", run.metric or "", cost

    return sorted(runs, key=key)


def table_of(runs: Sequence[RunSummary], width: int) -> Table:
    """A line for each run, with the columns that a terminal of so many signs has room for.

    Where that is not enough, long names and spreads are broken, but no figure is.
    """
    rows = [dict(zip(HEADINGS, map(plain_text, _cells(run)), strict=True)) for run in runs]
    widths = {
        heading: max(map(cell_len, [heading, *(row[heading].plain for row in rows)]))
        for heading in HEADINGS
    }
    kept = list(HEADINGS)

    def needed() -> int:
        return sum(widths[heading] + 2 for heading in kept) - 2

    if needed() > width:
        for heading in ("name", "task", "state", "figure"):
            widths[heading] = min(widths[heading], LONGEST)
    for heading in LEFT_OUT:
        if needed() > width:
            kept.remove(heading)
    table = Table(box=None, pad_edge=False)
    for heading in kept:
        right = heading in ("seeds", "trained", "time")
        # The figure alone has what is left, and is broken between words.
        set_width = None if heading == "figure" else widths[heading]
        table.add_column(
            heading, justify="right" if right else "left", overflow="fold", width=set_width
        )
    for run, row in zip(runs, rows, strict=True):
        table.add_row(*(row[heading] for heading in kept), style=STYLES[run.state])
    return table


def _cells(run: RunSummary) -> tuple[str, ...]:
    """As `HEADINGS`."""
    return (
        *(run.name, run.task or "", run.model or ""),
        *(str(len(run.seeds)) if run.seeds else "", run.progress, run.figure),
        "" if run.trainable is None else f"{run.trainable:,}",
        "" if run.seconds is None else duration(run.seconds),
        (run.created or "")[:16].replace("T", " "),
    )
