"""How many numbers are trained, and how many weights they write."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.text import html_table

CLASSICAL = {
    "hashed": "a hashed vector",
    "subspace": "a random subspace",
    "uniform": "a mapping of equal probabilities",
}
"""The classical generators in words."""


@dataclass(frozen=True)
class ParameterReport:
    """Counts of a Quantum-Train model.

    Attributes:
        qubits: the number of qubits, n = max(1, ceil(log2(ceil(p / chunk)))).
        depth: the layers of the circuits.
        circuit: the number of angles theta.
        structure: the number of structural weights w.
        mapping: the number of parameters beta of the mapping, or the length of the vector.
        target: p, the number of generated weights of the target.
        generator: its name; without circuits, depth, angles and structural weights are 0.

    >>> circuits = {"qubits": 11, "depth": 10, "circuit": 110}
    >>> print(ParameterReport(**circuits, structure=12, mapping=13, target=1781))
    135 trainable numbers write 1,781 weights (13.2x): 110 angles + 12 structural + 13 mapping, 11
    qubits, depth 10
    """

    qubits: int
    depth: int
    circuit: int
    structure: int
    mapping: int
    target: int
    generator: str = "circuits"

    @property
    def total(self) -> int:
        """Trainable numbers in all."""
        return self.circuit + self.structure + self.mapping

    @property
    def ratio(self) -> float:
        """Generated weights per trainable number."""
        return self.target / self.total

    def _repr_html_(self) -> str:
        """What a notebook shows: a row for each kind of number."""
        rows: list[tuple[str, str]] = []
        if self.generator == "circuits":
            rows = [
                ("angles", f"{self.circuit:,}"),
                ("structural weights", f"{self.structure:,}"),
                ("mapping", f"{self.mapping:,}"),
            ]
        rows += [
            ("trainable numbers", f"{self.total:,}"),
            ("weights that they write", f"{self.target:,} ({self.ratio:.1f}x)"),
        ]
        return html_table((), rows, self.written_by)

    @property
    def written_by(self) -> str:
        """What writes the weights, in few words."""
        if self.generator == "circuits":
            return f"{self.qubits} qubits, depth {self.depth}"
        return f"{CLASSICAL[self.generator]}, no circuit"

    def __str__(self) -> str:
        head = f"{self.total:,} trainable numbers write {self.target:,} weights ({self.ratio:.1f}x)"
        if self.generator != "circuits":
            return f"{head}: {self.written_by}"
        parts = f"{self.circuit:,} angles + {self.structure} structural + {self.mapping:,} mapping"
        return f"{head}: {parts}, {self.written_by}"
