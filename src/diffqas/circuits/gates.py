"""A circuit with its angles gate by gate: what all ways out to other tools are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from diffqas.circuits.candidate import Candidate
from diffqas.errors import require

Angles = Sequence[Sequence[float]] | Sequence[Sequence[Sequence[float]]]
Circuit = Candidate | Sequence[Candidate]
"""A candidate, the same in every layer, or one for each layer: the first decides how the circuit begins."""


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


def operations(candidate: Circuit, angles: Angles, inputs: Sequence[str] = ()) -> list[Gate]:
    """The gates of a candidate at the given angles, in the order in which they act.

    Args:
        candidate: the circuit; of several candidates, one for each layer, the first alone brings Hadamards or encoding.
        angles: (depth, n) or (depth, n, r) in radians, as nested sequences.
        inputs: of a circuit with data encoding, the name of the angle that encodes data, for each qubit.

    Raises:
        ArgumentError: `inputs` does not go with the candidate, or `angles` has too few rotations per qubit.

    >>> [gate.name for gate in operations(Candidate(rotation="ry"), [[0.5, 1.0]])]
    ['cx', 'ry', 'ry']
    """
    require(len(angles) >= 1, "angles", "have at least one layer", 0)
    layers = [candidate] * len(angles) if isinstance(candidate, Candidate) else list(candidate)
    require(len(layers) == len(angles), "candidate", f"be one for each of {len(angles)} layers", len(layers))
    first, n = layers[0], len(angles[0])
    require(all(len(layer) == n for layer in angles), "angles", "have as many qubits in each layer", "ragged layers")
    encoded = n if first.encoding is not None else 0
    require(len(inputs) == encoded, "inputs", f"hold {encoded} names for {first.name}", len(inputs))
    gates = [Gate("h", (q,)) for q in range(n)] if first.hadamard else []
    gates += [Gate(str(first.encoding), (q,), name) for q, name in enumerate(inputs)]
    for own, layer in zip(layers, angles, strict=True):
        gates += [Gate("cx", pair) for pair in own.cnots(n)]
        for q, angle in enumerate(layer):
            values = list(angle) if isinstance(angle, Sequence) else [angle]
            rule = f"give {len(own.rotations)} per qubit for {own.name}"
            require(len(values) >= len(own.rotations), "angles", rule, len(values))
            require(all(map(math.isfinite, values)), "angles", "be finite", values)
            # A candidate with fewer rotations than its search space uses the first angles.
            pairs = zip(own.rotations, values, strict=False)
            gates += [Gate(rotation, (q,), float(value)) for rotation, value in pairs]
    return gates


def named(candidate: Circuit) -> str:
    """The name of a circuit; of one candidate for each layer all of their names.

    >>> named([Candidate(hadamard=True), Candidate(entangler="ring")])
    'H-Ent-RY, Ring-RY'
    """
    return candidate.name if isinstance(candidate, Candidate) else ", ".join(one.name for one in candidate)
