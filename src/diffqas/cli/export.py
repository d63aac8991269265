"""`diffqas export`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from diffqas.errors import require
from diffqas.reports import Terminal, plain_text
from diffqas.runs import Exported, export_circuits, export_routed, export_run, in_words


@dataclass
class Export:
    """Write the classical network of a finished run for other programs: as safetensors or ONNX, or
    what generates it; or the circuits of a searched layer.

    What the network takes as its input, and how that is scaled, is printed and stored with it. Only
    the circuits have a quantum part.
    """

    folder: tyro.conf.Positional[Path]
    """The run folder."""
    format: Literal["safetensors", "onnx", "generator", "circuits"] = "safetensors"
    """safetensors: the weights, with a JSON file that says how to rebuild the network. onnx: the
    network for programs without PyTorch (extra `onnx`). generator: only the trained numbers, from
    which the weights are made again. circuits: for --model vqc, a folder of OpenQASM circuits with
    front, head and observables, and a script that computes the outputs with Qiskit.
    """
    seed: int | None = None
    """The seed whose network is written; the first one if not given."""
    task: str | None = None
    """As of `diffqas resume`."""
    top_k: int | None = None
    """With --format circuits: only the k best candidates, as found; all if not given."""
    backend: str | None = None
    """With --format circuits, also for --model qt on data: route the circuits to this backend
    (generic, fake_torino, ...) or coupling map (line, ring, grid, heavy-hex), and write them with
    measurements and layout into the folder routed.
    """
    output: Path | None = None
    """The file, or the folder of circuits. If not given: network.safetensors, network.onnx,
    generator.safetensors, circuits or routed in the run folder.
    """

    def run(self) -> None:
        """Write, then print what was written and what to feed it."""
        console = Terminal()
        if self.backend is not None:
            require(self.format == "circuits", "backend", "go with --format circuits", self.backend)
            self._routed(console, self.backend)
            return
        if self.format == "circuits":
            self._circuits(console)
            return
        require(self.top_k is None, "top_k", "go with --format circuits", self.top_k)
        for exported in export_run(
            self.folder, self.format, seed=self.seed, output=self.output, task=self.task
        ):
            console.say(exported.path, style="bold")
            for line in self._lines(exported):
                console.say(f"  {line}")

    def _circuits(self, console: Terminal) -> None:
        found = export_circuits(
            self.folder, seed=self.seed, output=self.output, task=self.task, top_k=self.top_k
        )
        console.say(found.path, style="bold")
        circuits = "1 circuit" if found.circuits == 1 else f"{found.circuits} circuits"
        head = f"{found.size:,} bytes: {circuits} on {found.about['qubits']} qubits"
        console.say(f"  {head}, {found.trained:,} trained numbers")
        for side in ("input", "output"):
            console.say(f"  {side}: {in_words(found.about[side])}")
        console.say("  run.py computes the outputs with Qiskit, without diffqas")

    def _routed(self, console: Terminal, backend: str) -> None:
        found = export_routed(
            self.folder,
            backend,
            seed=self.seed,
            output=self.output,
            task=self.task,
            top_k=self.top_k,
        )
        console.say(found.path, style="bold")
        for one in found.circuits:
            gates = f"{one.cost.two_qubit_gates:,} two-qubit gates, depth {one.cost.depth:,}"
            console.say(plain_text(f"  {one.file}  {one.candidate}: {gates}"))
        where = f"{found.device}, {found.qubits} qubits of each circuit"
        console.say(plain_text(f"  routed to {where}; routed.json has weights and layouts"))

    def _lines(self, exported: Exported) -> list[str]:
        plain = f"{exported.weights_size:,} bytes"
        sides = [f"{side}: {in_words(exported.about[side])}" for side in ("input", "output")]
        if self.format == "generator":
            times = exported.weights_size / exported.size
            what = f"{exported.trained:,} trained numbers, and the choices that regenerate"
            as_plain = f"(as safetensors {plain}, {times:.1f}x)"
            return [f"{exported.size:,} bytes: {what} {exported.weights:,} weights {as_plain}"]
        head = f"{exported.size:,} bytes: {exported.weights:,} weights, no quantum part"
        if exported.difference is None:
            described = exported.path.with_suffix(".json").name
            return [
                head,
                *sides,
                f"{described}: the same, and the layers; read both with diffqas.load_network",
            ]
        return [
            f"{head}; differs from PyTorch by at most {exported.difference:.1g} on test samples",
            *sides,
        ]
