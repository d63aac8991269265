"""A circuit with its angles as OpenQASM 3 text.

Qubit 0 of diffqas is the most significant bit of a basis state. In the text it is `q[0]`. Tools
that print bit strings with `q[0]` on the right, as Qiskit does, show the bits in reversed order.
"""

from __future__ import annotations

from collections.abc import Sequence

from diffqas.circuits.gate import Angle, InputSlot
from diffqas.circuits.gates import Angles, Circuit, Encodings, Gate, named, operations
from diffqas.errors import require

# exp(-i t/2 Z Z) is RZ on the parity, which a CNOT writes to `b` and a second one takes back.
# XX and YY are ZZ in another basis: H takes Z to X, and S H takes Z to Y.
NOT_STANDARD = {
    "rxx": "gate rxx(t) a, b { h a; h b; cx a, b; rz(t) b; cx a, b; h a; h b; }",
    "ryy": (
        "gate ryy(t) a, b "
        "{ sdg a; sdg b; h a; h b; cx a, b; rz(t) b; cx a, b; h a; h b; s a; s b; }"
    ),
    "rzz": "gate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; }",
}
"""Definitions of gates that stdgates.inc does not hold."""


TAKEN = {"pi", "tau", "euler", "U", "q"} | {
    *("OPENQASM", "include", "pragma", "defcalgrammar", "def", "defcal", "cal", "gate", "extern"),
    *("box", "let", "if", "else", "for", "while", "in", "switch", "case", "default", "break"),
    *("continue", "return", "end", "input", "output", "const", "readonly", "mutable", "array"),
    *("qubit", "qreg", "bit", "creg", "bool", "int", "uint", "float", "angle", "complex", "void"),
    *("duration", "stretch", "durationof", "sizeof", "delay", "reset", "measure", "barrier", "nop"),
    *("gphase", "inv", "pow", "ctrl", "negctrl", "true", "false", "im"),
}
"""Names that an input cannot have: words of the language, and the register of the text."""


def to_qasm(
    candidate: Circuit,
    angles: Angles,
    inputs: Sequence[str] = (),
    *,
    uploads: int = 1,
    encodings: Encodings | None = None,
) -> str:
    """The candidate at the given angles as OpenQASM 3 text.

    Args:
        candidate: the circuit; or a candidate for each layer, of which the first decides how the
            circuit begins.
        angles: (depth, n) or (depth, n, r) in radians, as nested sequences.
        inputs: names of the angles that encode data, for a circuit with data encoding, row by row
            through (uploads, n). They stay open as OpenQASM's `input float[64]`. With `encodings`
            there may be any number of open inputs.
        uploads: how often data is encoded, each time before equally many layers.
        encodings: the encoding angles (uploads, n), if they are not the inputs one by one: numbers
            in radians, or `InputSlot(index, factor, offset)` of the open input `index`.

    Raises:
        ArgumentError: as in `operations`, or a name of an input is no identifier, is a word of the
            language or is given twice.

    >>> from diffqas.circuits import Candidate
    >>> print(to_qasm(Candidate(rotation="ry"), [[0.5, 1.0]]))
    OPENQASM 3.0;
    include "stdgates.inc";
    // Ent-RY, 2 qubits, depth 1; q[0] is the most significant bit of a basis state
    qubit[2] q;
    cx q[0], q[1];
    ry(0.5) q[0];
    ry(1.0) q[1];
    <BLANKLINE>
    >>> print(to_qasm(Candidate(rotation="ry", encoding="rx"), [[0.5]], ["x"]))
    OPENQASM 3.0;
    include "stdgates.inc";
    // RX/Ent-RY, 1 qubits, depth 1; q[0] is the most significant bit of a basis state
    input float[64] x;
    qubit[1] q;
    rx(x) q[0];
    ry(0.5) q[0];
    <BLANKLINE>
    """
    n = len(angles[0]) if len(angles) else 0
    title = f"{named(candidate)}, {n} qubits, depth {len(angles)}"
    gates = operations(candidate, angles, inputs, uploads=uploads, encodings=encodings)
    return qasm_text(gates, n, title, inputs)


def qasm_text(gates: Sequence[Gate], n: int, title: str, inputs: Sequence[str] = ()) -> str:
    """Gates as OpenQASM 3 text.

    Args:
        gates: the gates in the order in which they act; none of them may have a `Slot`. An
            `InputSlot` is written by the name of its input.
        n: the number of qubits.
        title: a line of comment.
        inputs: names of the angles that stay open, as OpenQASM's `input float[64]`.

    Raises:
        ArgumentError: a name is no identifier, is a word of the language or is given twice.
    """
    _check_names(inputs)
    used = {gate.name for gate in gates}
    lines = [
        "OPENQASM 3.0;",
        'include "stdgates.inc";',
        f"// {title}; q[0] is the most significant bit of a basis state",
        *(definition for name, definition in NOT_STANDARD.items() if name in used),
        *(f"input float[64] {name};" for name in inputs),
        f"qubit[{n}] q;",
        *(_line(gate, inputs) for gate in gates),
    ]
    return "\n".join(lines) + "\n"


def _check_names(inputs: Sequence[str]) -> None:
    different = len(set(inputs)) == len(inputs)
    require(different, "inputs", "be different names", ", ".join(inputs))
    for name in inputs:
        free = name.isascii() and name.isidentifier() and name not in TAKEN
        require(free, "inputs", "be names that OpenQASM leaves free, as x0", repr(name))


def _line(gate: Gate, inputs: Sequence[str]) -> str:
    angles = [_expression(angle, inputs) for angle in gate.angles]
    given = f"({', '.join(angles)})" if angles else ""
    return f"{gate.name}{given} {', '.join(f'q[{q}]' for q in gate.qubits)};"


def _expression(angle: Angle, inputs: Sequence[str]) -> str:
    if isinstance(angle, str):
        return angle
    if not isinstance(angle, InputSlot):
        return repr(angle)  # the shortest decimal that reads back as the same double
    text = inputs[angle.index]
    if angle.factor != 1:
        text = f"{float(angle.factor)!r} * {text}"
    if angle.offset != 0:
        text = f"{text} + {float(angle.offset)!r}"
    return text
