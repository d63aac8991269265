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


def to_qasm(candidate: Candidate, angles: Angles) -> str:
    """OpenQASM 3 of the candidate at the given angles.

    Args:
        candidate: a circuit without data encoding.
        angles: (depth, n) or (depth, n, r) in radians, as nested sequences.

    Raises:
        ArgumentError: the candidate encodes data, or `angles` has too few rotations per qubit.

    >>> print(to_qasm(Candidate(rotation="ry"), [[0.5, 1.0]]))
    OPENQASM 3.0;
    include "stdgates.inc";
    // Ent-RY, 2 qubits, depth 1; q[0] is the most significant bit of a basis state
    qubit[2] q;
    cx q[0], q[1];
    ry(0.5) q[0];
    ry(1.0) q[1];
    <BLANKLINE>
    """
    require(candidate.encoding is None, "candidate", "encode no data", candidate.name)
    require(len(angles) >= 1, "angles", "have at least one layer", 0)
    n = len(angles[0])
    require(all(len(layer) == n for layer in angles), "angles", "have as many qubits in each layer", "ragged layers")
    lines = [
        "OPENQASM 3.0;",
        'include "stdgates.inc";',
        f"// {candidate.name}, {n} qubits, depth {len(angles)}; q[0] is the most significant bit of a basis state",
        f"qubit[{n}] q;",
    ]
    if candidate.hadamard:
        lines += [f"h q[{q}];" for q in range(n)]
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
