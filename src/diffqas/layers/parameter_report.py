"""How many numbers of a quantum LSTM are trained."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.text import html_table


@dataclass(frozen=True)
class QLSTMReport:
    """Counts of a quantum LSTM.

    Attributes:
        qubits: n of each layer of the network, its input size plus the hidden size.
        depth: layers of the circuits.
        circuit: trained angles theta.
        structure: trained structural weights w.
        frozen: angles and weights that are not trained.
        head: trained numbers of a layer behind it.

    >>> print(QLSTMReport(qubits=(6,), depth=5, circuit=120, structure=144, frozen=0))
    264 trainable numbers: 120 angles + 144 structural, 6 qubits, depth 5
    """

    qubits: tuple[int, ...]
    depth: int
    circuit: int
    structure: int
    frozen: int
    head: int = 0

    @property
    def total(self) -> int:
        """Trainable numbers in all."""
        return self.circuit + self.structure + self.head

    def _repr_html_(self) -> str:
        """What a notebook shows: a row for each kind of number."""
        rows = [
            ("angles", f"{self.circuit:,}"),
            ("structural weights", f"{self.structure:,}"),
            ("head", f"{self.head:,}"),
            ("trainable numbers", f"{self.total:,}"),
            ("frozen numbers", f"{self.frozen:,}"),
        ]
        qubits = " and ".join(map(str, self.qubits))
        return html_table((), rows, f"{qubits} qubits, depth {self.depth}")

    def __str__(self) -> str:
        qubits = " and ".join(map(str, self.qubits))
        text = f"{self.total:,} trainable numbers: "
        text += f"{self.circuit:,} angles + {self.structure:,} structural"
        if self.head:
            text += f" + {self.head:,} head"
        if self.frozen:
            text += f", {self.frozen:,} more frozen"
        return f"{text}, {qubits} qubits, depth {self.depth}"
