"""The circuits of a mixture as a device would run them, and their size."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.circuits import AnyCandidate, SearchSpace


@dataclass(frozen=True)
class RunCircuits:
    """The candidates of one mixture, and which of them are run.

    Attributes:
        candidates: all candidates, in the order of the weights.
        n: the number of qubits.
        depth: the number of layers.
        uploads: how often data is encoded, each time before equally many layers.
        places: the indices of the candidates that are run; the others are constants, which are
            known without a circuit.
    """

    candidates: SearchSpace[AnyCandidate]
    n: int
    depth: int
    uploads: int
    places: tuple[int, ...]
