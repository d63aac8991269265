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
    """Measure the circuits of a finished run (qt, vqc or qlstm) with finite shots and on noisy
    devices: test figures, or the rewards of an agent (qt).

    It writes noise.csv, noise.md and noise.png. Devices with gate errors need Qiskit Aer: pip
    install 'diffqas[noise]'.
    """

    folder: tyro.conf.Positional[Path]
    """The run folder."""
    shots: tuple[int, ...] | None = None
    """How often each circuit is measured. If not given: 1e3 to 1e12; with vqc and qlstm, whose
    circuits are measured for every sample, 10 to 1e6; with --primitives 4096.
    """
    depolarising: tuple[float, ...] = ()
    """Rates of depolarising errors after one-qubit gates, at most 0.1; those after cx are ten times
    as large.
    """
    readout: tuple[float, ...] = ()
    """Rates of bits read wrongly, at most 0.5; need no Qiskit."""
    backend: str | None = None
    """generic, or a fake backend of qiskit-ibm-runtime such as fake_torino. With --primitives also
    line, ring, grid, heavy-hex, or all, which has no errors.
    """
    primitives: Literal["sampler", "estimator"] | None = None
    """Run the circuits on the backend by Qiskit's SamplerV2, or for vqc and qlstm by EstimatorV2,
    shot by shot as a real device would. If not given, the errors of the backend are simulated.
    """
    repeats: int | None = None
    """How often shots are drawn anew; 10 if not given, with --primitives 1."""
    top_k: tuple[int, ...] | None = None
    """Measure also the mixtures of the k best candidates; 1 and 3 if not given."""
    seeds: int | None = None
    """How many of the run's seeds are measured, from the first on; all if not given."""
    constants: bool = False
    """Measure constant candidates too, which are known without a circuit."""
    method: Literal["auto", "density", "trajectories"] = "auto"
    """How gate errors are simulated: by a density matrix (exact, at most 13 qubits), by the mean of
    random trajectories, or auto: the first up to 8 qubits, else the second.
    """
    trajectories: int = 200
    """The number of random trajectories."""
    episodes: int | None = None
    """How many episodes an agent plays for every figure; 20 if not given."""
    samples: int | None = None
    """vqc, qlstm: for how many test samples the circuits are measured; at most 200 if not given."""
    output: Path | None = None
    """The folder for the files; noise in the run folder if not given."""
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
