"""A circuit with its angles gate by gate: what all ways out to other tools are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from diffqas.circuits.ansatz import Ansatz, GateList, ansatz_gates
from diffqas.circuits.gate import Gate as Gate
from diffqas.circuits.gate import Slot
from diffqas.circuits.search_space import AnyCandidate
from diffqas.errors import require

Angles = Sequence[Sequence[float]] | Sequence[Sequence[Sequence[float]]]
Circuit = AnyCandidate | Sequence[AnyCandidate]
"""A candidate, the same in every layer, or one for each layer: the first decides how the circuit
begins.
"""


def gate_list(candidate: AnyCandidate, n: int) -> GateList:
    """Gates of a candidate on `n` qubits: those at the start, and those of every layer.

    Gates of a layer name the slots of their angles.

    An angle that encodes data is open, `x0` on qubit 0.

    Raises:
        ArgumentError: the candidate does not fit `n` qubits.

    >>> from diffqas.circuits import Candidate
    >>> [gate.name for gate in gate_list(Candidate(hadamard=True), 2).start]
    ['h', 'h']
    """
    if isinstance(candidate, Ansatz):
        return ansatz_gates(candidate, n)
    start = [Gate("h", (q,)) for q in range(n)] if candidate.hadamard else []
    start += [
        Gate(candidate.encoding, (q,), f"x{q}") for q in range(n) if candidate.encoding is not None
    ]
    layer = [Gate("cx", pair) for pair in candidate.cnots(n)]
    layer += [
        Gate(name, (q,), Slot(q, k)) for q in range(n) for k, name in enumerate(candidate.rotations)
    ]
    return GateList(tuple(start), tuple(layer))


def operations(candidate: Circuit, angles: Angles, inputs: Sequence[str] = ()) -> list[Gate]:
    """The gates of a candidate at the given angles, in the order in which they act.

    Args:
        candidate: the circuit; of several candidates, one for each layer, the first alone brings
            Hadamards or encoding.
        angles: (depth, n) or (depth, n, r) in radians, as nested sequences.
        inputs: of a circuit with data encoding, the name of the angle that encodes data, for each
            qubit.

    Raises:
        ArgumentError: `inputs` does not go with the candidate, or `angles` has too few rotations
            per qubit.

    >>> from diffqas.circuits import Candidate
    >>> [gate.name for gate in operations(Candidate(rotation="ry"), [[0.5, 1.0]])]
    ['cx', 'ry', 'ry']
    """
    require(len(angles) >= 1, "angles", "have at least one layer", 0)
    layers = list(candidate) if isinstance(candidate, Sequence) else [candidate] * len(angles)
    rule = f"be one for each of {len(angles)} layers"
    require(len(layers) == len(angles), "candidate", rule, len(layers))
    first, n = layers[0], len(angles[0])
    require(
        all(len(layer) == n for layer in angles),
        "angles",
        "have as many qubits in each layer",
        "ragged layers",
    )
    encoded = n if getattr(first, "encoding", None) is not None else 0
    require(len(inputs) == encoded, "inputs", f"hold {encoded} names for {first.name}", len(inputs))
    names = iter(inputs)
    start = gate_list(first, n).start
    gates = [
        replace(gate, angle=next(names)) if isinstance(gate.angle, str) else gate for gate in start
    ]
    for own, qubits in zip(layers, angles, strict=True):
        needed = own.rotations_per_qubit
        values = [list(angle) if isinstance(angle, Sequence) else [angle] for angle in qubits]
        for given in values:
            # A candidate with fewer rotations than its search space uses the first angles.
            require(
                len(given) >= needed,
                "angles",
                f"give {needed} per qubit for {own.name}",
                len(given),
            )
            require(all(map(math.isfinite, given)), "angles", "be finite", given)
        gates += [
            replace(gate, angle=_value(gate.angle, values)) for gate in gate_list(own, n).layer
        ]
    return gates


def _value(
    angle: float | str | Slot | None, values: Sequence[Sequence[float]]
) -> float | str | None:
    if not isinstance(angle, Slot):
        return angle
    return float(angle.factor * values[angle.qubit][angle.index] + angle.offset)


def named(candidate: Circuit) -> str:
    """The name of a circuit; of one candidate for each layer all of their names.

    >>> from diffqas.circuits import Candidate
    >>> named([Candidate(hadamard=True), Candidate(entangler="ring")])
    'H-Ent-RY, Ring-RY'
    """
    if isinstance(candidate, Sequence):
        return ", ".join(one.name for one in candidate)
    return candidate.name
