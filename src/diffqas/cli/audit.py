"""`diffqas audit`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.progress import Progress

from diffqas.architecture import MAX_AUDIT_QUBITS, EncodedAudit, audits, encoded_audits
from diffqas.circuits import ENCODED_SPACE, TABLE_I, SearchSpace
from diffqas.cli.candidate_list import found_with_progress, typed_observables
from diffqas.cli.spaces import METAVAR, qubits_of, typed_candidates
from diffqas.errors import require
from diffqas.reports import (
    Terminal,
    audit_figure,
    audit_table,
    encoded_audit_table,
    save_audit,
    save_encoded_audit,
    save_figure,
)

MOST = {"depth": 1_000, "samples": 1_000_000, "seed": 2**63 - 1}
"""Of layers and samples as many as somebody may wait for, of seeds the largest that torch takes."""
USUAL_DEPTH = 5
PATIENCE = 2.0
"""Seconds without a progress bar."""


@dataclass
class Audit:
    """Examine the twelve candidates, those with data (vqc), or your own before training.

    The table tells what can change, how rich the states are, and the cost. For circuits with data
    it tells which are dead or equal, how that is known, and how far inputs and angles move the
    outputs.
    """

    qubits: int | None = None
    """Qubits, at most 12. If not given: 6, with vqc 4, or those of a file of your own."""
    depth: int | None = None
    """Layers. If not given: 5, or with vqc two in each upload."""
    samples: int = 300
    """Pairs of random states, and random points at which gradients are taken."""
    seed: int = 0
    """Decides all random angles."""
    candidates: Annotated[
        tuple[str, ...],
        tyro.conf.arg(
            metavar=METAVAR,
            help="Only these candidates: numbers from 1 to 12 (with vqc to 480), names, or files "
            "of your own.",
        ),
    ] = ()
    model: Literal["qt", "vqc"] = "qt"
    """Circuits that write weights, or the 480 with data of a searched quantum layer."""
    uploads: int = 1
    """vqc: how often the data is encoded, each time with as many layers behind it."""
    observables: tuple[str, ...] = ("z",)
    """vqc: what is measured: z, diagonal, hermitian, or Pauli strings such as ZZII IXXI."""
    locality: int = 2
    """vqc: qubits of a window of diagonal or hermitian observables."""
    outputs: int | None = None
    """vqc: how many observables are read; all if not given."""
    output: Path | None = None
    """A picture, FILE.png, with all figures in FILE.csv beside it; with vqc FILE.csv alone."""

    def run(self) -> None:
        """Print the table, and write picture and CSV file if they are asked for."""
        for name, most in MOST.items():
            value = getattr(self, name)
            require(value is None or value <= most, name, f"be at most {most:,}", value)
        if self.model == "vqc":
            self._of_layer()
        else:
            self._of_written_weights()

    def _of_written_weights(self) -> None:
        unread = {"uploads": 1, "observables": ("z",), "locality": 2, "outputs": None}
        for name, usual in unread.items():
            value = getattr(self, name)
            require(value == usual, name, "go with --model vqc", value)
        depth = USUAL_DEPTH if self.depth is None else self.depth
        rule = f"be between 1 and {MAX_AUDIT_QUBITS}"
        typed = typed_candidates(self.candidates, TABLE_I)
        numbers, chosen = tuple(typed), SearchSpace(typed.values())
        qubits = qubits_of(chosen, 6) if self.qubits is None else self.qubits
        require(1 <= qubits <= MAX_AUDIT_QUBITS, "qubits", rule, qubits)
        self._check_output(".png")
        own = [candidate for candidate in chosen if candidate not in TABLE_I]
        # Shares of the cost refer to a step with all twelve and the user's own candidates.
        space = SearchSpace([*TABLE_I, *own])
        jobs = audits(chosen, qubits, depth, self.samples, self.seed, space)
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
            save_figure(audit_figure(found, f"{qubits} qubits, depth {depth}"), self.output)
            table = self.output.with_suffix(".csv")
            save_audit(found, numbers, table)
            console.say(f"{self.output}, {table}", style="bold")

    def _check_output(self, suffix: str) -> None:
        if self.output is None:
            return
        require(self.output.suffix == suffix, "output", f"be a FILE{suffix}", self.output)
        folder = self.output.parent
        require(folder.is_dir(), "output", "lie in a folder that exists", self.output)

    def _of_layer(self) -> None:
        self._check_output(".csv")
        require(self.uploads >= 1, "uploads", "be at least 1", self.uploads)
        require(self.samples >= 1, "samples", "be at least 1", self.samples)
        require(self.seed >= 0, "seed", "be at least 0", self.seed)
        typed = typed_candidates(self.candidates, ENCODED_SPACE)
        n = qubits_of(list(typed.values()), 4) if self.qubits is None else self.qubits
        rule = f"be between 1 and {MAX_AUDIT_QUBITS}"
        require(1 <= n <= MAX_AUDIT_QUBITS, "qubits", rule, n)
        depth = 2 * self.uploads if self.depth is None else self.depth
        measured = typed_observables(self.observables, self.locality)
        outputs = measured.count(n) if self.outputs is None else self.outputs
        console = Terminal()
        known = found_with_progress(
            console, list(typed.values()), n, depth, outputs, self.uploads, measured
        )
        jobs = encoded_audits(
            known,
            n,
            depth,
            outputs,
            measured,
            uploads=self.uploads,
            samples=self.samples,
            seed=self.seed,
        )
        found: dict[int, EncodedAudit] = {}
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("measured", total=len(known))
            for number, audit in zip(typed, jobs, strict=True):
                found[number] = audit
                bar.update(task, advance=1)
        uploads = "1 upload" if self.uploads == 1 else f"{self.uploads} uploads"
        size = f"{n} qubits, depth {depth}, {uploads}, {outputs} outputs by {measured}"
        console.print(encoded_audit_table(found, size))
        if self.output is not None:
            save_encoded_audit(found, self.output)
            console.say(f"{self.output}", style="bold")
