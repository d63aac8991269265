"""`diffqas estimate`."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.cli.search import Search
from diffqas.errors import ArgumentError
from diffqas.reports import Terminal, duration
from diffqas.runs import prepare
from diffqas.searches import MODEL_QUBITS, estimate
from diffqas.searches import Estimate as Found


@dataclass
class Estimate(Search):
    """Estimate the time and memory of a search with these options; nothing is written."""

    def run(self) -> None:
        """Try a few steps, then print what the whole search will need."""
        if self.output is not None or self.overwrite:
            raise ArgumentError(
                "Argument `output` must be used with `diffqas search`; an estimate leaves no "
                "folder."
            )
        self._show(estimate(self.call(prepare)), Terminal())

    def _show(self, found: Found, console: Terminal) -> None:
        for name, text in self._lines(found).items():
            console.say(f"{name:10} {text}")
        if not found.fits:
            remedy = "Give fewer --seeds, a larger --chunk or a smaller --target."
            console.say(f"That is more memory than is free. {remedy}", style="yellow")

    def _lines(self, found: Found) -> dict[str, str]:
        """What is told, by its name, in order."""
        lines: dict[str, str] = {}
        if found.qubits is not None:
            lines["circuit"] = f"{found.qubits} qubits, {2**found.qubits:,} basis states"
        seeds = "1 seed" if found.seeds == 1 else f"{found.seeds} seeds"
        lines["trainable"] = f"{found.trainable:,} numbers per seed, {seeds} in lockstep"
        if found.weights is not None:
            lines["writes"] = f"{found.weights:,} weights"
        step = f"{_short(found.step_seconds)}, by a circuit of {MODEL_QUBITS} qubits, "
        step += "without the network"
        if found.measured:
            step = f"{_short(found.step_seconds)}, measured"
        time = duration(found.seconds)
        for each in found.beside:
            time += f", {duration(each.seconds)} of it for the {each.name} beside it"
        if found.limit is None:
            lines |= {"a step": step, "steps": f"{found.steps:,}", "time": f"about {time}"}
        else:
            # Of agents: nobody knows before how long their episodes will be.
            ends = f"if every episode took its {found.limit:,} steps"
            lines |= {"an update": step, "updates": f"{found.steps:,}"}
            lines["time"] = f"at most {time}, {ends}"
        lines["memory"] = self._memory(found)
        return lines

    def _memory(self, found: Found) -> str:
        if found.bytes is None:
            return "not told by this system"
        told = f"{_size(found.bytes)}, the program and its data included"
        if self.choices().get("device", "cpu") != "cpu":
            told = f"{_size(found.bytes)}, the tensors"
        if not found.measured:
            told += "; by rule, without the network's activations"
        if found.free is not None:
            told += f"; {_size(found.free)} free"
        return told


def _short(seconds: float) -> str:
    """A time with three digits.

    >>> _short(0.00123), _short(2.5)
    ('1.23 ms', '2.5 s')
    """
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _size(count: int) -> str:
    """Bytes for a person.

    >>> _size(3 * 2**20), _size(5 * 2**30)
    ('3 MiB', '5.0 GiB')
    """
    return f"{count / 2**20:.0f} MiB" if count < 2**30 else f"{count / 2**30:.1f} GiB"
