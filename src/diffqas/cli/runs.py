"""`diffqas runs`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console
from rich.table import Table
from rich.text import Text

from diffqas.errors import choose
from diffqas.reports import duration
from diffqas.runs import RunSummary, list_runs

STYLES = {"finished": "", "unfinished": "yellow", "begun": "dim", "broken": "red"}
PIPED = 1000
"""Columns where no terminal says how many it has."""


@dataclass
class Runs:
    """List runs, finished or not: what they search, how far they are, what they reached.

    A study's finished cells are lines too. Figures: median (lowest .. highest) over the seeds; of
    an unfinished run those of its last record.
    """

    folders: Annotated[
        tyro.conf.Positional[tuple[Path, ...]],
        tyro.conf.arg(
            metavar="FOLDER ...", help="Folders of runs, runs or studies; runs if not given."
        ),
    ] = ()
    task: str | None = None
    """Only runs on this data set, environment or task."""
    model: str | None = None
    """Only runs of this model (qt, qlstm), or cells of this row."""
    state: Literal["finished", "unfinished", "begun", "broken"] | None = None
    """Only runs in this state."""
    sort: Literal["name", "figure", "date", "seconds"] = "name"
    """figure: the best first, metric by metric. date: the latest first. seconds: the longest first."""
    json: bool = False
    """Print JSON, one object per run."""

    def run(self) -> None:
        """Read the folders, print a line for each run."""
        folders = self.folders or (Path("runs"),)
        runs = [named for folder in folders for named in _named(folder, whole=len(folders) > 1)]
        for name in ("task", "model"):
            wanted = getattr(self, name)
            if wanted is not None and runs:
                choose(
                    wanted, sorted({value for run in runs if (value := getattr(run, name))}), name
                )
                runs = [run for run in runs if getattr(run, name) == wanted]
        runs = ordered([run for run in runs if self.state in (None, run.state)], self.sort)
        if self.json:
            print(json.dumps([run.to_json() for run in runs], indent=2))
            return
        terminal = Console()
        console = terminal if terminal.is_terminal else Console(width=PIPED)
        console.print(table_of(runs) if runs else "No such runs.")


def _named(folder: Path, whole: bool) -> list[RunSummary]:
    """The runs in a folder; with `whole` their names tell which folder that was."""
    runs = list_runs(folder)
    if not whole:
        return runs
    itself = any((folder / name).exists() for name in ("config.json", "result.json", "study.json"))
    place = folder.parent if itself else folder
    return [replace(run, name=(place / run.name).as_posix()) for run in runs]


def ordered(runs: Sequence[RunSummary], by: str) -> list[RunSummary]:
    """Sorted by `"name"`, `"figure"`, `"date"` or `"seconds"`; those without come last."""
    if by == "figure":
        known = [run for run in runs if run.median is not None]
        better = {
            (run.task, run.metric) for run in known if run.higher
        }  # an unfinished run may not know it yet
        signs = {True: -1, False: 1}
        known.sort(
            key=lambda run: (
                run.task or "",
                run.metric or "",
                (run.median or 0.0) * signs[(run.task, run.metric) in better],
            )
        )
    elif by == "date":
        known = sorted(
            (run for run in runs if run.created), key=lambda run: run.created or "", reverse=True
        )
    elif by == "seconds":
        known = sorted(
            (run for run in runs if run.seconds is not None), key=lambda run: -(run.seconds or 0.0)
        )
    else:
        return list(runs)
    return known + [run for run in runs if run not in known]


def table_of(runs: Sequence[RunSummary]) -> Table:
    """A line for each run."""
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "task", "model"):
        table.add_column(heading, overflow="fold")
    table.add_column("seeds", justify="right")
    table.add_column("state", overflow="fold")
    table.add_column("figure", overflow="fold")
    table.add_column("trained", justify="right")
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("begun", no_wrap=True)
    for run in runs:
        cells = (
            *(run.name, run.task or "", run.model or ""),
            *(str(len(run.seeds)) if run.seeds else "", run.progress, run.figure),
            "" if run.trainable is None else f"{run.trainable:,}",
            "" if run.seconds is None else duration(run.seconds),
            (run.created or "")[:16].replace("T", " "),
        )
        table.add_row(*map(Text, cells), style=STYLES[run.state])
    return table
