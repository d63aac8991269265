"""How many numbers of a quantum LSTM are trained."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.layers.counts import Count, Counts


@dataclass(frozen=True)
class QLSTMReport(Counts):
    """Counts of a quantum LSTM.

    Attributes:
        qubits: n of each layer of the network, its input size plus the hidden size.
        depth: the layers of the circuits.
        circuit: the number of trained angles theta.
        structure: the number of trained structural weights w.
        frozen: the number of angles and weights that are not trained.
        head: the number of trained numbers of a layer after the cell.

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
    def others(self) -> tuple[Count, ...]:
        """The numbers of the layer behind it."""
        return (Count(self.head, "head", "head"),)

    @property
    def size(self) -> str:
        """Qubits and depth."""
        qubits = " and ".join(map(str, self.qubits))
        return f"{qubits} qubits, depth {self.depth}"
