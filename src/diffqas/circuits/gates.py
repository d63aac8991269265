"""A circuit with its angles gate by gate: what all ways out to other tools are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence

from diffqas.circuits.ansatz import Ansatz, GateList, ansatz_gates
from diffqas.circuits.gate import Angle, InputSlot, Slot
from diffqas.circuits.gate import Gate as Gate
from diffqas.circuits.search_space import AnyCandidate
from diffqas.errors import require

Angles = Sequence[Sequence[float]] | Sequence[Sequence[Sequence[float]]]
Circuit = AnyCandidate | Sequence[AnyCandidate]
"""A candidate, the same in every layer, or one for each layer: the first decides how the circuit
begins.
"""


def gate_list(candidate: AnyCandidate, n: int) -> GateList:
    """Gates of a candidate on `n` qubits: at the start, in every layer, in every upload of data.

    Gates of a layer name the slots of their angles, those that encode data the slots of inputs.

    Raises:
        ArgumentError: the candidate does not fit `n` qubits.

    >>> from diffqas.circuits import Candidate
    >>> [gate.name for gate in gate_list(Candidate(hadamard=True), 2).start]
    ['h', 'h']
    >>> gate_list(Candidate(encoding="rx"), 1).encoding
    (Gate(name='rx', qubits=(0,), angle=InputSlot(index=0, factor=1.0, offset=0.0)),)
    """
    if isinstance(candidate, Ansatz):
        return ansatz_gates(candidate, n)
    start: list[Gate] = []
    if candidate.hadamard:
        start += [Gate("h", (q,)) for q in range(n)]
    encoding: list[Gate] = []
    for q in range(n):
        encoding += [Gate(name, (q,), InputSlot(q)) for name in candidate.encodings]
    # The paper's order: entangle first, then turn (arXiv 2505.09653, Fig. 3).
    layer = list(candidate.entangling(n))
    for q in range(n):
        layer += [Gate(name, (q,), Slot(q, k)) for k, name in enumerate(candidate.rotations)]
    return GateList(tuple(start), tuple(layer), tuple(encoding))


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
    # A circuit found layer by layer has a candidate for each; an ordinary one repeats the same.
    layers = list(candidate) if isinstance(candidate, Sequence) else [candidate] * len(angles)
    rule = f"be one for each of {len(angles)} layers"
    require(len(layers) == len(angles), "candidate", rule, len(layers))
    first, n = layers[0], len(angles[0])
    even = all(len(layer) == n for layer in angles)
    require(even, "angles", "have as many qubits in each layer", "ragged layers")
    encoded = n if first.encodes else 0
    require(len(inputs) == encoded, "inputs", f"hold {encoded} names for {first.name}", len(inputs))
    found = gate_list(first, n)
    gates = [*found.start, *(_named(gate, inputs) for gate in found.encoding)]
    for own, qubits in zip(layers, angles, strict=True):
        values = _per_qubit(qubits, own)
        gates += [_valued(gate, values) for gate in gate_list(own, n).layer]
    return gates


def _named(gate: Gate, inputs: Sequence[str]) -> Gate:
    """A gate that encodes data, its open angles called as `inputs` says."""
    angles: list[Angle] = []
    for angle in gate.angles:
        if isinstance(angle, InputSlot):
            plain = angle.factor == 1 and angle.offset == 0
            require(plain, "candidate", "encode inputs without factor and offset", angle)
            angle = inputs[angle.index]
        angles.append(angle)
    return gate.with_angles(angles)


def _per_qubit(
    layer: Sequence[float] | Sequence[Sequence[float]], own: AnyCandidate
) -> list[Sequence[float]]:
    """Angles of each qubit in one layer, which are finite and enough for its candidate."""
    values: list[Sequence[float]] = []
    for angle in layer:
        values.append(angle if isinstance(angle, Sequence) else [angle])
    needed = own.rotations_per_qubit
    for given in values:
        # A candidate with fewer rotations than its search space uses the first angles.
        rule = f"give {needed} per qubit for {own.name}"
        require(len(given) >= needed, "angles", rule, len(given))
        require(all(map(math.isfinite, given)), "angles", "be finite", given)
    return values


def _valued(gate: Gate, values: Sequence[Sequence[float]]) -> Gate:
    """A gate with the numbers that belong into its slots."""
    return gate.with_angles([_value(angle, values) for angle in gate.angles])


def _value(angle: Angle, values: Sequence[Sequence[float]]) -> Angle:
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
