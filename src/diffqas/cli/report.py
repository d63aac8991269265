"""`diffqas report`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from diffqas.reports import Terminal
from diffqas.runs import report_runs


@dataclass
class Report:
    """Write an HTML page about runs, finished or not: figures, curves, weights, circuits, settings.

    The page is a single file that opens in any browser and needs no network.
    """

    runs: Annotated[
        tyro.conf.Positional[tuple[Path, ...]],
        tyro.conf.arg(metavar="RUN ...", help="Run folders."),
    ]
    output: Path | None = None
    """The page, FILE.html; report.html in the folder of a single run, or here for several, if not
    given.
    """
    overwrite: bool = False
    """Replace a file that is no report."""

    def run(self) -> None:
        """Write the page, then print where it lies and what the folders lack."""
        path, notes = report_runs(self.runs, self.output, overwrite=self.overwrite)
        console = Terminal()
        for note in notes:
            console.say(note, style="yellow")
        console.say(path, style="bold")
