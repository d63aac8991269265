"""How many numbers of a searched quantum layer are trained."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.layers.counts import Count, Counts


@dataclass(frozen=True)
class QuantumLayerReport(Counts):
    """Counts of a searched quantum layer.

    Attributes:
        qubits: the qubits of every circuit.
        depth: the layers of every circuit, over all encodings together.
        uploads: how many times the inputs are encoded.
        candidates: the number of different circuits.
        circuit: the number of trained angles theta.
        structure: the number of trained structural weights w.
        observables: the number of trained numbers of the observables.
        inputs: the number of trained factors of the inputs.
        frozen: the number of numbers that are not trained.

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
