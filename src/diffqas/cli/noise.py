"""`diffqas noise`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from rich.progress import Progress

from diffqas.reports import Terminal
from diffqas.runs import noise_run, report_table

PATIENCE = 2.0
"""Seconds without a progress bar."""


@dataclass
class Noise:
    """Measure a finished run's circuits: test figures, or an agent's rewards, by finite shots and
    on noisy devices. For --model qt, vqc and qlstm.

    Leaves noise.csv, noise.md and noise.png. Devices need Qiskit Aer: pip install 'diffqas[noise]'.
    """

    folder: tyro.conf.Positional[Path]
    """The run folder."""
    shots: tuple[int, ...] | None = None
    """How often each circuit is measured. If not given 1e3 to 1e12; 10 to 1e6 of vqc and qlstm,
    whose circuits are measured for every sample; 4096 with --primitives.
    """
    depolarising: tuple[float, ...] = ()
    """Rates of depolarising errors after one-qubit gates, at most 0.1; ten times that after cx."""
    readout: tuple[float, ...] = ()
    """Rates of bits read wrongly, at most 0.5; need no Qiskit."""
    backend: str | None = None
    """generic, or a fake backend of qiskit-ibm-runtime such as fake_torino; with --primitives also
    all, which has no errors, line, ring, grid or heavy-hex.
    """
    primitives: Literal["sampler", "estimator"] | None = None
    """Run the circuits on the backend by Qiskit's SamplerV2 or, of vqc and qlstm, EstimatorV2, shot
    by shot, as a real device would; if not given the backend's errors are simulated.
    """
    repeats: int | None = None
    """How often shots are drawn anew; 10 if not given, with --primitives 1."""
    top_k: tuple[int, ...] | None = None
    """Mixtures of the k best candidates, beside that of all; 1 and 3 if not given."""
    seeds: int | None = None
    """How many of the run's seeds, the first ones; all if not given."""
    constants: bool = False
    """Measure constant candidates too, which are known without a circuit."""
    method: Literal["auto", "density", "trajectories"] = "auto"
    """Simulation of gate errors: density matrix (exact, at most 13 qubits), mean of random
    trajectories; auto: the first up to 8 qubits.
    """
    trajectories: int = 200
    """How many."""
    episodes: int | None = None
    """That an agent plays for every figure, 20 if not given."""
    samples: int | None = None
    """Test samples that circuits which read them (vqc, qlstm) are measured for; at most 200 if not
    given.
    """
    output: Path | None = None
    """Folder for the files; noise in the run folder if not given."""
    task: str | None = None
    """As of `diffqas resume`."""

    def run(self) -> None:
        """Measure, then print the table and where the files lie."""
        console = Terminal()
        begin = time.perf_counter()
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("measuring", visible=False)

            def advance(done: int, total: int) -> None:
                bar.update(
                    task,
                    completed=done,
                    total=total,
                    visible=time.perf_counter() - begin > PATIENCE,
                )

            report = noise_run(
                self.folder,
                shots=self.shots,
                depolarising=self.depolarising,
                readout=self.readout,
                backend=self.backend,
                primitives=self.primitives,
                repeats=self.repeats,
                top_k=self.top_k,
                seeds=self.seeds,
                constants=self.constants,
                method=self.method,
                trajectories=self.trajectories,
                episodes=self.episodes,
                samples=self.samples,
                output=self.output,
                task=self.task,
                progress=advance,
            )
        console.print(report_table(report))
        place = self.output or self.folder / "noise"
        console.print()
        for name in ("noise.md", "noise.csv", "noise.png"):
            console.say(place / name, style="bold")
