"""`diffqas resume`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from diffqas.cli.show import print_run
from diffqas.reports import Terminal
from diffqas.runs import resume


@dataclass
class Resume:
    """Continue a run that was stopped; it ends as if it had never been stopped."""

    folder: tyro.conf.Positional[Path]
    """The run folder."""
    task: str | None = None
    """FILE.py:NAME, if the run's task is one of your own and has changed, was moved, or was never
    run by you. For an environment whose id names a module: that id.
    """

    def run(self) -> None:
        """Train to the end, then print the result."""
        run = resume(self.folder, task=self.task)
        console = Terminal()
        console.print()
        print_run(run.outcome, run.folder, console)
