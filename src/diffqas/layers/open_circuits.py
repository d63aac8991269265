"""A circuit of a layer with open angles, for angles that another network writes."""

from __future__ import annotations

from diffqas.circuits import Angle, InputSlot, Slot, encoded_gates, qasm_text
from diffqas.layers.found_circuits import input_names
from diffqas.layers.quantum_layer import QuantumLayer


def open_qasm(layer: QuantumLayer, place: int) -> str:
    """A candidate as OpenQASM 3 with open inputs and fast weights, without measurements.

    Inputs are `x0`, `x1`, ... The number that is added to the angle of qubit q in layer l is
    `w<l>_<q>`, followed by the number of the rotation if a qubit has several. The layer's own
    angles are constant terms beside them.

    Args:
        layer: a single layer that shares its angles and encodes once.
        place: the place of the candidate.
    """
    n, rotations = layer.n, layer.candidates.angles_per_qubit
    inputs = input_names(layer)
    names = list(inputs)
    for number in range(layer.depth):
        for qubit in range(n):
            name = f"w{number}_{qubit}"
            names += [name] if rotations == 1 else [f"{name}_{r}" for r in range(rotations)]
    own = layer.angles.detach().double().flatten().tolist()
    places = layer.places.tolist()

    def opened(angle: Angle) -> Angle:
        if isinstance(angle, Slot):
            # Rows are counted through all layers: the row of qubit q in layer l is l * n + q.
            entry = angle.qubit * rotations + angle.index
            offset = angle.factor * own[entry] + angle.offset
            return InputSlot(len(inputs) + entry, angle.factor, offset)
        if isinstance(angle, InputSlot):
            return InputSlot(places[angle.index], angle.factor, angle.offset)
        return angle

    candidate = layer.candidates[place]
    gates = [
        gate.with_angles([opened(angle) for angle in gate.angles])
        for gate in encoded_gates(candidate, n, layer.depth, layer.encodings)
    ]
    title = f"{candidate.name}, {n} qubits, depth {layer.depth}, inputs and fast weights open"
    return qasm_text(gates, n, title, names)
