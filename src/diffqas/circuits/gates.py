"""A circuit with its angles gate by gate: what all ways out to other tools are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from diffqas.circuits.candidate import Candidate
from diffqas.errors import require

Angles = Sequence[Sequence[float]] | Sequence[Sequence[Sequence[float]]]


@dataclass(frozen=True)
class Gate:
    """One gate.

    Attributes:
        name: `"h"`, `"cx"`, `"rx"`, `"ry"` or `"rz"`.
        qubits: that it acts on; of a `"cx"` control and target. Qubit 0 is the most significant bit of a basis state.
        angle: of a rotation, in radians, or the name of one that stays open.
    """

    name: str
    qubits: tuple[int, ...]
    angle: float | str | None = None


def operations(candidate: Candidate, angles: Angles, inputs: Sequence[str] = ()) -> list[Gate]:
    """The gates of a candidate at the given angles, in the order in which they act.

    Args:
        candidate: the circuit.
        angles: (depth, n) or (depth, n, r) in radians, as nested sequences.
        inputs: of a circuit with data encoding, the name of the angle that encodes data, for each qubit.

    Raises:
        ArgumentError: `inputs` does not go with the candidate, or `angles` has too few rotations per qubit.

    >>> [gate.name for gate in operations(Candidate(rotation="ry"), [[0.5, 1.0]])]
    ['cx', 'ry', 'ry']
    """
    require(len(angles) >= 1, "angles", "have at least one layer", 0)
    n = len(angles[0])
    require(all(len(layer) == n for layer in angles), "angles", "have as many qubits in each layer", "ragged layers")
    encoded = n if candidate.encoding is not None else 0
    require(len(inputs) == encoded, "inputs", f"hold {encoded} names for {candidate.name}", len(inputs))
    gates = [Gate("h", (q,)) for q in range(n)] if candidate.hadamard else []
    gates += [Gate(str(candidate.encoding), (q,), name) for q, name in enumerate(inputs)]
    for layer in angles:
        gates += [Gate("cx", pair) for pair in candidate.cnots(n)]
        for q, angle in enumerate(layer):
            values = list(angle) if isinstance(angle, Sequence) else [angle]
            rule = f"give {len(candidate.rotations)} per qubit for {candidate.name}"
            require(len(values) >= len(candidate.rotations), "angles", rule, len(values))
            require(all(map(math.isfinite, values)), "angles", "be finite", values)
            # A candidate with fewer rotations than its search space uses the first angles.
            pairs = zip(candidate.rotations, values, strict=False)
            gates += [Gate(rotation, (q,), float(value)) for rotation, value in pairs]
    return gates
