"""Circuits for Qiskit and PennyLane (extra `interop`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from diffqas.circuits.gate import GATES, Angle, Gate, InputSlot
from diffqas.circuits.gates import Angles, Circuit, Encodings, named, operations
from diffqas.circuits.search_space import AnyCandidate
from diffqas.errors import DataError, require

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

MISSING = "{} is not installed: run `pip install 'diffqas[interop]'`."

_PENNYLANE = {
    "h": "Hadamard",
    "x": "PauliX",
    "y": "PauliY",
    "z": "PauliZ",
    "s": "S",
    "t": "T",
    "sx": "SX",
    "rx": "RX",
    "ry": "RY",
    "rz": "RZ",
    "p": "PhaseShift",
    "rxx": "IsingXX",
    "ryy": "IsingYY",
    "rzz": "IsingZZ",
    "cx": "CNOT",
    "cy": "CY",
    "cz": "CZ",
    "ch": "CH",
    "swap": "SWAP",
    "ccx": "Toffoli",
    "cswap": "CSWAP",
    "crx": "CRX",
    "cry": "CRY",
    "crz": "CRZ",
    "cp": "ControlledPhaseShift",
    "u3": "U3",
}
_QISKIT = {"u3": "u"}
"""Methods of Qiskit's circuits that are not called as in stdgates.inc."""


def to_qiskit(
    candidate: Circuit,
    angles: Angles,
    inputs: Sequence[str] = (),
    *,
    uploads: int = 1,
    encodings: Encodings | None = None,
) -> QuantumCircuit:
    """The candidate at the given angles as a Qiskit circuit, without measurements.

    Qubit q is Qiskit's qubit q. For Qiskit qubit 0 is the least significant bit of a basis state,
    for diffqas the most significant one. `circuit.reverse_bits()` has the probabilities in the
    order of diffqas.

    Args:
        candidate: the circuit; or a candidate for each layer, of which the first decides how the
            circuit begins.
        angles: (depth, n) or (depth, n, r) in radians, as nested sequences.
        inputs: names of Qiskit parameters that stay open, for a circuit with data encoding: one for
            each encoding angle, row by row through (uploads, n), or any number with `encodings`.
        uploads: how often data is encoded, each time before equally many layers.
        encodings: the encoding angles (uploads, n), if they are not the inputs one by one: numbers
            in radians, or `InputSlot(index, factor, offset)` of the open input `index`.

    Raises:
        ArgumentError: as in `operations`.
        DataError: Qiskit is not installed.
    """
    try:
        from qiskit.circuit import Parameter
    except ImportError:
        raise DataError(MISSING.format("Qiskit")) from None
    gates = operations(candidate, angles, inputs, uploads=uploads, encodings=encodings)
    # One object per name: Qiskit tells parameters apart by identity, not by name.
    parameters = [Parameter(name) for name in inputs]
    return qiskit_circuit(gates, len(angles[0]), named(candidate), parameters)


def qiskit_circuit(
    gates: Iterable[Gate], n: int, name: str, inputs: Sequence[float] | None = None
) -> QuantumCircuit:
    """Gates as a Qiskit circuit, without measurements.

    Args:
        gates: the gates in the order in which they act; none of them may have a `Slot`.
        n: the number of qubits.
        name: the name of the circuit.
        inputs: numbers in place of each `InputSlot`; None leaves them open as Qiskit parameters x0,
            x1, ...

    Raises:
        DataError: Qiskit is not installed.
    """
    try:
        from qiskit import QuantumCircuit
        from qiskit.circuit import Parameter
    except ImportError:
        raise DataError(MISSING.format("Qiskit")) from None
    circuit = QuantumCircuit(n, name=name)
    # One object per name: Qiskit tells parameters apart by identity, not by name.
    parameters: dict[str, Any] = {}
    for gate in gates:
        for angle in gate.angles:
            if isinstance(angle, str):
                parameters.setdefault(angle, Parameter(angle))
            if isinstance(angle, InputSlot) and inputs is None:
                parameters.setdefault(f"x{angle.index}", Parameter(f"x{angle.index}"))
        given = [_valued(angle, parameters, inputs) for angle in gate.angles]
        getattr(circuit, _QISKIT.get(gate.name, gate.name))(*given, *gate.qubits)
    return circuit


def to_pennylane(
    candidate: AnyCandidate,
    angles: Angles,
    *,
    uploads: int = 1,
    encodings: Encodings | None = None,
    open_inputs: int = 0,
) -> Callable[..., None]:
    """The candidate at the given angles as a PennyLane quantum function of wires 0 .. n-1.

    The function is called inside a QNode. For a circuit with data encoding it takes one angle per
    wire and upload, row by row through (uploads, n). Wire 0 is the most significant bit of a basis
    state, as in diffqas.

    Args:
        candidate: the circuit.
        angles: (depth, n) or (depth, n, r) in radians, as nested sequences.
        uploads: how often data is encoded, each time before equally many layers.
        encodings: the encoding angles (uploads, n), if they are not the inputs one by one: numbers
            in radians, or `InputSlot(index, factor, offset)` of the input `index` of the function.
        open_inputs: how many inputs the function takes, if there are `encodings`.

    Raises:
        ArgumentError: as in `operations`; or the function is called with another number of inputs.
        DataError: PennyLane is not installed.
    """
    count = open_inputs
    if encodings is None and len(angles) and candidate.encodes:
        count = uploads * len(angles[0])
    names = [f"x{place}" for place in range(count)]
    gates = operations(candidate, angles, names, uploads=uploads, encodings=encodings)
    apply = pennylane_gates(gates)

    def circuit(*inputs: object) -> None:
        rule = f"be {count} angles for {candidate.name}"
        require(len(inputs) == count, "inputs", rule, len(inputs))
        apply(inputs)

    return circuit


def pennylane_gates(
    gates: Sequence[Gate], names: Sequence[str] = ()
) -> Callable[[Sequence[Any]], None]:
    """Gates as a PennyLane quantum function of a sequence of inputs, on wires 0 .. n-1.

    An input is a number of any of PennyLane's interfaces, or a batch of them.

    Args:
        gates: the gates in the order in which they act; none of them may have a `Slot`.
        names: the names of angles that are open by name, in the order of the inputs.

    Raises:
        DataError: PennyLane is not installed.
    """
    try:
        import pennylane
    except ImportError:
        raise DataError(MISSING.format("PennyLane")) from None
    kinds = {name: getattr(pennylane, _PENNYLANE[name.removesuffix("dg")]) for name in GATES}
    # PennyLane has no classes of their own for the inverses of S and T.
    kinds |= {name: pennylane.adjoint(kinds[name]) for name in ("sdg", "tdg")}

    def apply(inputs: Sequence[Any]) -> None:
        values = dict(zip(names, inputs, strict=False))
        for gate in gates:
            given = [_valued(angle, values, inputs) for angle in gate.angles]
            kinds[gate.name](*given, wires=gate.qubits)

    return apply


def _valued(angle: Angle, values: Mapping[str, Any], inputs: Sequence[Any] | None) -> Any:
    """An angle for another program: a number, or what stands for an open angle there.

    Args:
        angle: fixed, open by name, or that of an input.
        values: of the names.
        inputs: by index; None takes those named x0, x1, ...
    """
    if isinstance(angle, str):
        return values[angle]
    if not isinstance(angle, InputSlot):
        return angle
    value = values[f"x{angle.index}"] if inputs is None else inputs[angle.index]
    if angle.factor == 1 and angle.offset == 0:
        return value
    return angle.factor * value + angle.offset
