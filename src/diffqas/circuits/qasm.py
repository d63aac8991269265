"""A circuit with its angles as OpenQASM 3 text.

Qubit 0 of diffqas is the most significant bit of a basis state. In the text it is `q[0]`; tools that
print bit strings with `q[0]` on the right (Qiskit) show the same states in reversed order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from diffqas.circuits.candidate import Candidate
from diffqas.errors import require

Angles = Sequence[Sequence[float]] | Sequence[Sequence[Sequence[float]]]


def to_qasm(candidate: Candidate, angles: Angles, inputs: Sequence[str] = ()) -> str:
    """OpenQASM 3 of the candidate at the given angles.

    Args:
        candidate: the circuit.
        angles: (depth, n) or (depth, n, r) in radians, as nested sequences.
        inputs: of a circuit with data encoding, what the angle that encodes data is called, for each qubit: they
            stay open, as OpenQASM's `input float[64]`.

    Raises:
        ArgumentError: `inputs` does not go with the candidate, or `angles` has too few rotations per qubit.

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
    require(len(angles) >= 1, "angles", "have at least one layer", 0)
    n = len(angles[0])
    require(all(len(layer) == n for layer in angles), "angles", "have as many qubits in each layer", "ragged layers")
    encoded = n if candidate.encoding is not None else 0
    require(len(inputs) == encoded, "inputs", f"hold {encoded} names for {candidate.name}", len(inputs))
    lines = [
        "OPENQASM 3.0;",
        'include "stdgates.inc";',
        f"// {candidate.name}, {n} qubits, depth {len(angles)}; q[0] is the most significant bit of a basis state",
        *(f"input float[64] {name};" for name in inputs),
        f"qubit[{n}] q;",
    ]
    if candidate.hadamard:
        lines += [f"h q[{q}];" for q in range(n)]
    lines += [f"{candidate.encoding}({name}) q[{q}];" for q, name in enumerate(inputs)]
    for layer in angles:
        lines += [f"cx q[{control}], q[{target}];" for control, target in candidate.cnots(n)]
        for q, angle in enumerate(layer):
            values = list(angle) if isinstance(angle, Sequence) else [angle]
            rule = f"give {len(candidate.rotations)} per qubit for {candidate.name}"
            require(len(values) >= len(candidate.rotations), "angles", rule, len(values))
            require(all(map(math.isfinite, values)), "angles", "be finite", values)
            # A candidate with fewer rotations than its search space uses the first angles.
            lines += [
                f"{rotation}({float(value)!r}) q[{q}];"
                for rotation, value in zip(candidate.rotations, values, strict=False)
            ]
    return "\n".join(lines) + "\n"
