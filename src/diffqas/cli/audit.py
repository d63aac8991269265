"""`diffqas audit`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.progress import Progress

from diffqas.architecture import MAX_AUDIT_QUBITS, audits
from diffqas.circuits import TABLE_I, SearchSpace
from diffqas.cli.spaces import METAVAR, qubits_of, typed_candidates
from diffqas.errors import require
from diffqas.reports import Terminal, audit_figure, audit_table, save_audit, save_figure

MOST = {"depth": 1_000, "samples": 1_000_000, "seed": 2**63 - 1}
"""Of layers and samples as many as somebody may wait for, of seeds the largest that torch takes."""
PATIENCE = 2.0
"""Seconds without a progress bar."""


@dataclass
class Audit:
    """Explain the twelve candidates or your own before training.

    The table tells what can change, how rich the states are, and the cost.
    """

    qubits: int | None = None
    """Qubits, at most 12; 6, or those of a file, if not given."""
    depth: int = 5
    """Layers."""
    samples: int = 300
    """Pairs of random states, and random points at which gradients are taken."""
    seed: int = 0
    """Decides all random angles."""
    candidates: Annotated[
        tuple[str, ...],
        tyro.conf.arg(
            metavar=METAVAR, help="Only these, 1 to 12, their names, or files of your own."
        ),
    ] = ()
    output: Path | None = None
    """A picture, FILE.png; all figures are left in FILE.csv beside it."""

    def run(self) -> None:
        """Print the table, leave picture and CSV file if asked for."""
        rule = f"be between 1 and {MAX_AUDIT_QUBITS}"
        typed = typed_candidates(self.candidates, TABLE_I)
        numbers, chosen = tuple(typed), SearchSpace(typed.values())
        qubits = qubits_of(chosen, 6) if self.qubits is None else self.qubits
        require(1 <= qubits <= MAX_AUDIT_QUBITS, "qubits", rule, qubits)
        for name, most in MOST.items():
            value = getattr(self, name)
            require(value <= most, name, f"be at most {most:,}", value)
        if self.output is not None:
            require(self.output.suffix == ".png", "output", "be a FILE.png", self.output)
            folder = self.output.parent
            require(folder.is_dir(), "output", "lie in a folder that exists", self.output)
        own = [candidate for candidate in chosen if candidate not in TABLE_I]
        # The share of a step is that of all twelve and of the user's own together.
        space = SearchSpace([*TABLE_I, *own])
        jobs = audits(chosen, qubits, self.depth, self.samples, self.seed, space)
        console = Terminal()
        found = []
        begin = time.perf_counter()
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("candidates", total=len(chosen), visible=False)
            for audit in jobs:
                found.append(audit)
                bar.update(task, advance=1, visible=time.perf_counter() - begin > PATIENCE)
        console.print(audit_table(found, numbers, self.samples))
        if self.output is not None:
            save_figure(audit_figure(found, f"{qubits} qubits, depth {self.depth}"), self.output)
            table = self.output.with_suffix(".csv")
            save_audit(found, numbers, table)
            console.say(f"{self.output}, {table}", style="bold")
