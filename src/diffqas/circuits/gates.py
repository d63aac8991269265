"""A circuit with its angles as a list of gates, which all exports to other tools use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from diffqas.circuits.ansatz import Ansatz, GateList, ansatz_gates
from diffqas.circuits.gate import Angle, InputSlot, Slot
from diffqas.circuits.gate import Gate as Gate
from diffqas.circuits.search_space import AnyCandidate
from diffqas.errors import ArgumentError, finite, require, whole

Angles = Sequence[Sequence[float]] | Sequence[Sequence[Sequence[float]]]
Circuit = AnyCandidate | Sequence[AnyCandidate]
"""A candidate that is the same in every layer, or a candidate for each layer, of which the first
decides how the circuit begins.
"""
Encodings: TypeAlias = Sequence[Sequence[float | InputSlot]]
"""The encoding angles (uploads, n): numbers in radians, or of `InputSlot`, whose index is a place
in the list of open inputs.
"""


def gate_list(candidate: AnyCandidate, n: int) -> GateList:
    """Gates of a candidate on `n` qubits: at the start, in every layer, in every upload of data.

    The learned angles of a layer are of `Slot`, and the angles that encode data of `InputSlot`.

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


def encoded_gates(candidate: Circuit, n: int, depth: int, uploads: int = 1) -> tuple[Gate, ...]:
    """All gates of a circuit in the order in which they act, its angles and inputs open.

    The gates of the start come first. Then, for every upload, the gates that encode data and
    `depth / uploads` layers follow. Qubits and inputs are numbered through all layers and uploads:
    a `Slot` names qubit `layer * n + qubit`, an `InputSlot` the angle `upload * n + index`.

    Args:
        candidate: the circuit; or a candidate for each layer, the first of which decides how it
            begins.
        n: qubits.
        depth: layers of the whole circuit.
        uploads: how often data is encoded.

    Raises:
        ArgumentError: a candidate does not fit the qubits, the layers are no multiple of the
            uploads, or there is not one candidate for each layer.

    >>> from diffqas.circuits import Candidate
    >>> gates = encoded_gates(Candidate(encoding="ry", rotation="rx"), 1, depth=2, uploads=2)
    >>> [(gate.name, gate.angle.factor) for gate in gates]
    [('ry', 1.0), ('rx', 1.0), ('ry', 1.0), ('rx', 1.0)]
    >>> gates[2].angle.index, gates[3].angle.qubit
    (1, 1)
    """
    require(whole(uploads), "uploads", "be a whole number of at least 1", uploads)
    rule = f"be a multiple of the uploads, {uploads}"
    require(depth % uploads == 0, "depth", rule, depth)
    # A circuit found layer by layer has a candidate for each; an ordinary one repeats the same.
    layers = list(candidate) if isinstance(candidate, Sequence) else [candidate] * depth
    rule = f"be one for each of {depth} layers"
    require(len(layers) == depth, "candidate", rule, len(layers))
    begin = gate_list(layers[0], n)
    gates = list(begin.start)
    for number, own in enumerate(layers):
        upload, within = divmod(number, depth // uploads)
        if within == 0:
            gates += [_shifted(gate, upload * n) for gate in begin.encoding]
        gates += [_shifted(gate, number * n) for gate in gate_list(own, n).layer]
    return tuple(gates)


def _shifted(gate: Gate, by: int) -> Gate:
    """A gate whose slots are counted from another layer or upload."""
    angles: list[Angle] = []
    for angle in gate.angles:
        if isinstance(angle, Slot):
            angle = Slot(angle.qubit + by, angle.index, angle.factor, angle.offset)
        if isinstance(angle, InputSlot):
            angle = InputSlot(angle.index + by, angle.factor, angle.offset)
        angles.append(angle)
    return gate.with_angles(angles)


def operations(
    candidate: Circuit,
    angles: Angles,
    inputs: Sequence[str] = (),
    *,
    uploads: int = 1,
    encodings: Encodings | None = None,
) -> list[Gate]:
    """The gates of a candidate at the given angles, in the order in which they act.

    An angle that stays open is an `InputSlot`, whose index is a place in `inputs`.

    Args:
        candidate: the circuit, or a candidate for each layer. Of these the first alone brings
            Hadamards or an encoding.
        angles: (depth, n) or (depth, n, r) in radians, as nested sequences.
        inputs: the names of the inputs that stay open, for a circuit with data encoding: one for
            each encoding angle, row by row through (uploads, n). With `encodings` there may be any
            number of them.
        uploads: how often data is encoded.
        encodings: the encoding angles (uploads, n), if they are not the inputs one by one.

    Raises:
        ArgumentError: `inputs` or `encodings` does not fit the candidate, or `angles` are ragged,
            not finite or too few per qubit.

    >>> from diffqas.circuits import Candidate
    >>> [gate.name for gate in operations(Candidate(rotation="ry"), [[0.5, 1.0]])]
    ['cx', 'ry', 'ry']
    >>> half = [[InputSlot(0, 0.5)]]
    >>> operations(Candidate(encoding="rx"), [[0.5]], ["x"], encodings=half)[0].angle
    InputSlot(index=0, factor=0.5, offset=0.0)
    """
    require(len(angles) >= 1, "angles", "have at least one layer", 0)
    depth, n = len(angles), len(angles[0])
    gates = encoded_gates(candidate, n, depth, uploads)
    layers = list(candidate) if isinstance(candidate, Sequence) else [candidate] * depth
    even = all(len(layer) == n for layer in angles)
    require(even, "angles", "have as many qubits in each layer", "ragged layers")
    rows: list[Sequence[float]] = []
    for own, qubits in zip(layers, angles, strict=True):
        rows += _per_qubit(qubits, own)
    data = _encoding_angles(layers[0], n, inputs, uploads, encodings)
    return [
        gate.with_angles([_value(angle, rows, data) for angle in gate.angles]) for gate in gates
    ]


def _encoding_angles(
    first: AnyCandidate,
    n: int,
    inputs: Sequence[str],
    uploads: int,
    encodings: Encodings | None,
) -> list[float | InputSlot]:
    """What each encoding angle is, row by row through (uploads, n)."""
    if encodings is None or not first.encodes:
        count = uploads * n if first.encodes else 0
        rule = f"hold {count} names for {first.name}"
        require(len(inputs) == count, "inputs", rule, len(inputs))
        return [InputSlot(place) for place in range(count)]
    rule = f"have the shape ({uploads}, {n})"
    proper = len(encodings) == uploads and all(len(row) == n for row in encodings)
    require(proper, "encodings", rule, f"rows of {', '.join(str(len(row)) for row in encodings)}")
    found = [entry for row in encodings for entry in row]
    for entry in found:
        if not isinstance(entry, InputSlot):
            require(finite(entry), "encodings", "be finite numbers or InputSlots", repr(entry))
        elif entry.index not in range(len(inputs)):
            raise ArgumentError(
                f"Argument `encodings` must name one of {len(inputs)} inputs, but got {entry}."
            )
    return found


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


def _value(
    angle: Angle, rows: Sequence[Sequence[float]], data: Sequence[float | InputSlot]
) -> Angle:
    """What stands in a slot: a number, or an input that stays open."""
    if isinstance(angle, Slot):
        return float(angle.factor * rows[angle.qubit][angle.index] + angle.offset)
    if not isinstance(angle, InputSlot):
        return angle
    entry = data[angle.index]
    if isinstance(entry, InputSlot):
        # f (g x + h) + o = (f g) x + (f h + o)
        factor = angle.factor * entry.factor
        return InputSlot(entry.index, factor, angle.factor * entry.offset + angle.offset)
    return float(angle.factor * entry + angle.offset)


def named(candidate: Circuit) -> str:
    """The name of a circuit: that of its candidate, or those of the candidates of all layers.

    >>> from diffqas.circuits import Candidate
    >>> named([Candidate(hadamard=True), Candidate(entangler="ring")])
    'H-Ent-RY, Ring-RY'
    """
    if isinstance(candidate, Sequence):
        return ", ".join(one.name for one in candidate)
    return candidate.name
