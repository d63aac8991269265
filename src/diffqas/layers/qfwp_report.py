"""How many numbers of a quantum fast weight programmer are trained."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.layers.counts import Count, Counts


@dataclass(frozen=True)
class QFWPReport(Counts):
    """Counts of a quantum fast weight programmer.

    Attributes:
        qubits: the qubits of every circuit.
        depth: the layers of every circuit.
        candidates: the number of different circuits.
        circuit: the number of trained angles before the first moment.
        structure: the number of trained structural weights w.
        slow: the number of trained numbers of the slow network, or of the circuits that write it.
        observables: the number of trained numbers of the observables.
        frozen: the number of numbers that are not trained.
        head: the number of trained numbers of a layer after the cell.
        written: the number of weights of a slow network that circuits write; 0 if it is trained.

    >>> counts = {"circuit": 0, "structure": 36, "slow": 106, "observables": 0, "frozen": 0}
    >>> print(QFWPReport(qubits=8, depth=2, candidates=36, **counts, head=5))
    147 trainable numbers: 0 angles + 36 structural + 106 of the slow network + 5 head,
    36 candidates, 8 qubits, depth 2
    """

    qubits: int
    depth: int
    candidates: int
    circuit: int
    structure: int
    slow: int
    observables: int
    frozen: int
    head: int = 0
    written: int = 0

    @property
    def others(self) -> tuple[Count, ...]:
        """The slow network, the observables, and the layer behind the circuits."""
        word, name = "of the slow network", "numbers of the slow network"
        if self.written:
            word = f"that write the {self.written:,} weights of the slow network"
            name = "numbers that write the slow network"
        return (
            Count(self.slow, word, name),
            Count(self.observables, "of observables", "numbers of observables"),
            Count(self.head, "head", "head"),
        )

    @property
    def size(self) -> str:
        """Candidates, qubits and depth."""
        candidates = "1 candidate" if self.candidates == 1 else f"{self.candidates} candidates"
        return f"{candidates}, {self.qubits} qubits, depth {self.depth}"
