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
    """Time and memory of a search with these options, before it is begun; leaves nothing behind."""

    def run(self) -> None:
        """Try a few steps, then print what the whole will take."""
        if self.output is not None or self.overwrite:
            raise ArgumentError(
                "Argument `output` must be used with `diffqas search`; an estimate leaves no "
                "folder."
            )
        self._show(estimate(self.call(prepare)), Terminal())

    def _show(self, found: Found, console: Terminal) -> None:
        seeds = f"{found.seeds} seed{'s' * (found.seeds > 1)}"
        lines = [("trainable", f"{found.trainable:,} numbers per seed, {seeds} in lockstep")]
        if found.qubits is not None:
            lines[:0] = [("circuit", f"{found.qubits} qubits, {2**found.qubits:,} basis states")]
        if found.weights is not None:
            lines += [("writes", f"{found.weights:,} weights")]
        how = (
            "measured"
            if found.measured
            else f"by a circuit of {MODEL_QUBITS} qubits, without the network"
        )
        word, most = ("update", "at most") if found.limit else ("step", "about")
        ends = f", if every episode took its {found.limit:,} steps" if found.limit else ""
        lines += [
            (f"{'an' if found.limit else 'a'} {word}", f"{_short(found.step_seconds)}, {how}")
        ]
        lines += [
            (f"{word}s", f"{found.steps:,}"),
            ("time", f"{most} {duration(found.seconds)}{ends}"),
        ]
        lines += [("memory", self._memory(found))]
        for name, text in lines:
            console.say(f"{name:10} {text}")
        if not found.fits:
            remedy = "Give fewer --seeds, a larger --chunk or a smaller --target."
            console.say(f"That is more memory than is free. {remedy}", style="yellow")

    def _memory(self, found: Found) -> str:
        if found.bytes is None:
            return "not told by this system"
        what = (
            "the tensors"
            if self.choices().get("device", "cpu") != "cpu"
            else "the program and its data included"
        )
        how = "" if found.measured else "; by rule, without the network's activations"
        there = "" if found.free is None else f"; {_size(found.free)} free"
        return f"{_size(found.bytes)}, {what}{how}{there}"


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
