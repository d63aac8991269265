"""How many numbers of a searched quantum layer are trained."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.layers.counts import Count, Counts


@dataclass(frozen=True)
class QuantumLayerReport(Counts):
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
    def others(self) -> tuple[Count, ...]:
        """Numbers of the observables, and factors of the inputs."""
        return (
            Count(self.observables, "of observables", "numbers of observables"),
            Count(self.inputs, "factors of inputs", "factors of inputs"),
        )

    @property
    def size(self) -> str:
        """Candidates, qubits, depth and uploads."""
        uploads = "1 upload" if self.uploads == 1 else f"{self.uploads} uploads"
        candidates = "1 candidate" if self.candidates == 1 else f"{self.candidates} candidates"
        return f"{candidates}, {self.qubits} qubits, depth {self.depth}, {uploads}"
