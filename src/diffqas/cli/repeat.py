"""`diffqas repeat`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.table import Table

from diffqas.reports import Terminal, plain_text
from diffqas.runs import TOLERANCE, repeat_run


@dataclass
class Repeat:
    """Train a finished run again from its config.json, and say what is different.

    The exit code is 1 if anything is different.
    """

    folder: tyro.conf.Positional[Path]
    """The run folder."""
    output: Path | None = None
    """The folder of the repetition; RUN-repeat if not given."""
    tolerance: float = TOLERANCE
    """The largest relative difference of a number that counts as none; 0 asks for equal bits."""
    csv: Path | None = None
    """The present path of the run's file of samples."""
    data_dir: Path | None = None
    """The present folder of the run's files of images."""
    task: str | None = None
    """As of `diffqas resume`."""

    def run(self) -> None:
        """Train, then print what was compared."""
        found = repeat_run(
            self.folder,
            output=self.output,
            tolerance=self.tolerance,
            csv=self.csv,
            data_dir=self.data_dir,
            task=self.task,
        )
        console = Terminal()
        table = Table(
            title=plain_text(f"{found.original} once more"),
            title_justify="left",
            box=None,
            pad_edge=False,
        )
        table.add_column("what")
        table.add_column("result", overflow="fold")
        for line in found.lines:
            good = line.difference <= found.tolerance
            words = plain_text(line.what), plain_text(found.verdict(line))
            table.add_row(*words, style="green" if good else "red")
        console.print(table)
        if found.folder is None:
            console.say("Not trained: bring back the file as it was (--csv).")
        elif found.changes:
            console.say(f"not the same: {', '.join(found.changes)}", style="dim")
        if found.folder is not None:
            console.say(found.folder, style="bold")
        if not found.equal:
            sys.exit(1)
