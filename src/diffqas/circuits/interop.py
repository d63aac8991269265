"""Circuits for Qiskit and PennyLane (extra `interop`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from diffqas.circuits.gate import GATES
from diffqas.circuits.gates import Angles, Circuit, named, operations
from diffqas.circuits.search_space import AnyCandidate
from diffqas.errors import DataError, require

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

MISSING = "{} is not installed: run `pip install diffqas[interop]`."

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


def to_qiskit(candidate: Circuit, angles: Angles, inputs: Sequence[str] = ()) -> QuantumCircuit:
    """The candidate at the given angles as a Qiskit circuit, without measurements.

    Qubit q is Qiskit's qubit q. Qiskit takes qubit 0 as the least significant bit of a basis state,
    diffqas as the most significant one: `circuit.reverse_bits()` has probabilities in the order of
    diffqas.

    Args:
        candidate: the circuit; or a candidate for each layer, the first of which decides how it
            begins.
        angles: (depth, n) or (depth, n, r) in radians, as nested sequences.
        inputs: of a circuit with data encoding, a name per qubit: Qiskit parameters that stay open.

    Raises:
        ArgumentError: as of `operations`.
        DataError: Qiskit is not installed.
    """
    try:
        from qiskit import QuantumCircuit
        from qiskit.circuit import Parameter
    except ImportError:
        raise DataError(MISSING.format("Qiskit")) from None
    gates = operations(candidate, angles, inputs)
    # One object per name: Qiskit tells parameters apart by identity, not by name.
    open_angles = {name: Parameter(name) for name in inputs}
    circuit = QuantumCircuit(len(angles[0]), name=named(candidate))
    for gate in gates:
        given = [open_angles[angle] if isinstance(angle, str) else angle for angle in gate.angles]
        getattr(circuit, _QISKIT.get(gate.name, gate.name))(*given, *gate.qubits)
    return circuit


def to_pennylane(candidate: AnyCandidate, angles: Angles) -> Callable[..., None]:
    """The candidate at the given angles as a PennyLane quantum function of wires 0 .. n-1.

    To be called inside a QNode; of a circuit with data encoding, with one angle per wire. Wire 0 is
    the most significant bit of a basis state, as in diffqas.

    Args:
        candidate: the circuit.
        angles: (depth, n) or (depth, n, r) in radians, as nested sequences.

    Raises:
        ArgumentError: as of `operations`.
        DataError: PennyLane is not installed.
    """
    try:
        import pennylane
    except ImportError:
        raise DataError(MISSING.format("PennyLane")) from None
    names: list[str] = []
    if len(angles) and candidate.encodes:
        names = [f"x{q}" for q in range(len(angles[0]))]
    gates = operations(candidate, angles, names)
    kinds = {name: getattr(pennylane, _PENNYLANE[name.removesuffix("dg")]) for name in GATES}
    # PennyLane has no classes of their own for the inverses of S and T.
    kinds |= {name: pennylane.adjoint(kinds[name]) for name in ("sdg", "tdg")}

    def circuit(*inputs: object) -> None:
        rule = f"be {len(names)} angles for {candidate.name}"
        require(len(inputs) == len(names), "inputs", rule, len(inputs))
        values = dict(zip(names, inputs, strict=True))
        for gate in gates:
            given = [values[angle] if isinstance(angle, str) else angle for angle in gate.angles]
            kinds[gate.name](*given, wires=gate.qubits)

    return circuit
