"""How many numbers of a searched quantum layer are trained."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.text import html_table


@dataclass(frozen=True)
class QuantumLayerReport:
    """Counts of a searched quantum layer.

    Attributes:
        qubits: of every circuit.
        depth: layers of every circuit, those behind all encodings together.
        uploads: how many times the inputs are encoded.
        candidates: different circuits.
        circuit: trained angles theta.
        structure: trained structural weights w.
        observables: trained numbers of the observables.
        inputs: trained factors of the inputs.
        frozen: numbers that are not trained.

    >>> counts = {"circuit": 8, "structure": 36, "observables": 0, "inputs": 0, "frozen": 0}
    >>> print(QuantumLayerReport(qubits=4, depth=2, uploads=1, candidates=36, **counts))
    44 trainable numbers: 8 angles + 36 structural, 36 candidates, 4 qubits, depth 2, 1 upload
    """

    qubits: int
    depth: int
    uploads: int
    candidates: int
    circuit: int
    structure: int
    observables: int
    inputs: int
    frozen: int

    @property
    def total(self) -> int:
        """Trainable numbers in all."""
        return self.circuit + self.structure + self.observables + self.inputs

    def _repr_html_(self) -> str:
        """What a notebook shows: a row for each kind of number."""
        rows = [
            ("angles", f"{self.circuit:,}"),
            ("structural weights", f"{self.structure:,}"),
            ("numbers of observables", f"{self.observables:,}"),
            ("factors of inputs", f"{self.inputs:,}"),
            ("trainable numbers", f"{self.total:,}"),
            ("frozen numbers", f"{self.frozen:,}"),
        ]
        return html_table((), rows, self._size)

    @property
    def _size(self) -> str:
        uploads = "1 upload" if self.uploads == 1 else f"{self.uploads} uploads"
        candidates = "1 candidate" if self.candidates == 1 else f"{self.candidates} candidates"
        return f"{candidates}, {self.qubits} qubits, depth {self.depth}, {uploads}"

    def __str__(self) -> str:
        text = f"{self.total:,} trainable numbers: "
        text += f"{self.circuit:,} angles + {self.structure:,} structural"
        if self.observables:
            text += f" + {self.observables:,} of observables"
        if self.inputs:
            text += f" + {self.inputs:,} factors of inputs"
        if self.frozen:
            text += f", {self.frozen:,} more frozen"
        return f"{text}, {self._size}"
