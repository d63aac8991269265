"""The circuits of a mixture as a device would run them: which, and how large."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.circuits import AnyCandidate, SearchSpace


@dataclass(frozen=True)
class RunCircuits:
    """Candidates of one mixture.

    Attributes:
        candidates: all of them, in the order of the weights.
        n: qubits.
        depth: layers.
        uploads: how often data is encoded, each time before as many layers.
        places: of those that are run; the others are constants, known without a circuit.
    """

    candidates: SearchSpace[AnyCandidate]
    n: int
    depth: int
    uploads: int
    places: tuple[int, ...]
