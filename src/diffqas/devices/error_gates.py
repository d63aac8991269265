"""The gates of a circuit that have errors on a device: pulses on one qubit, and CNOTs.

The circuit is counted as it stands, with all qubits coupled, in the gates rz, sx, x and cx. An rz
is only a change of frame and has no errors. Every other turn of one qubit is rz sx rz sx rz, that
is, two pulses, however many neighbouring gates are merged into it. A single h, x, y or sx takes one
pulse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from diffqas.circuits import AnyCandidate, Gate, encoded_gates

TWO_QUBITS = 10.0
"""The rate of errors after a two-qubit gate, relative to that after a one-qubit gate."""
MAX_DEPOLARISING = 0.1

FREE = ("z", "s", "sdg", "t", "tdg", "rz", "p")
"""Changes of frame."""
ONE_PULSE = ("h", "x", "y", "sx")
MOST_PULSES = 2
"""The most pulses that a turn of one qubit takes."""

Step = tuple[int, ...]
"""Places among the qubits of a gate: one place stands for a pulse, two stand for a CNOT."""

CX, XC = (0, 1), (1, 0)
CCX: tuple[Step, ...] = ((2,), (1, 2), (0, 2), (1, 2), (0, 2), (2,), CX, CX)
STEPS: dict[str, tuple[Step, ...]] = {
    **dict.fromkeys(("cx", "cy"), (CX,)),
    **dict.fromkeys(("crz", "cp", "rzz"), (CX, CX)),
    "cz": ((1,), CX, (1,)),
    # Turns by more than one pulse are two pulses of the same place.
    "ch": ((1,), (1,), CX, (1,), (1,)),
    "crx": (CX, (1,), (1,), CX, (1,), (1,)),
    "cry": ((1,), (1,), CX, (1,), (1,), CX),
    **dict.fromkeys(("rxx", "ryy"), ((0,), (1,), CX, CX, (0,), (1,))),
    "swap": (CX, XC, CX),
    "ccx": CCX,
    "cswap": ((2, 1), *CCX, (2, 1)),
}
"""The steps that a gate on several qubits is made of, without changes of frame."""


@dataclass(frozen=True)
class ErrorGates:
    """The number of gates in one run of a circuit that are followed by errors.

    Attributes:
        pulses: the number of pulses on one qubit, sx or x.
        cnots: the number of CNOTs.
    """

    pulses: int
    cnots: int

    def untouched(self, rate: float) -> float:
        """The probability that no gate is followed by an error.

        Args:
            rate: the rate of a depolarising error after a pulse; after a CNOT it is `TWO_QUBITS`
                times as large.

        >>> ErrorGates(pulses=1, cnots=1).untouched(0.05)
        0.475
        """
        after_cnot = min(1.0, TWO_QUBITS * rate)
        return (1 - rate) ** self.pulses * (1 - after_cnot) ** self.cnots


@cache
def error_gates(candidate: AnyCandidate, n: int, depth: int, uploads: int = 1) -> ErrorGates:
    """Count the gates of a candidate that are followed by errors.

    Args:
        candidate: the circuit.
        n: the number of its qubits.
        depth: the number of its layers.
        uploads: how often it encodes data, each time before equally many layers.

    Raises:
        ArgumentError: as in `encoded_gates`.

    >>> from diffqas import Candidate
    >>> error_gates(Candidate(entangler="ring", rotation="ry"), 4, 2)
    ErrorGates(pulses=16, cnots=8)
    """
    pulses = cnots = 0
    waiting = [0] * n
    for step in _steps(encoded_gates(candidate, n, depth, uploads)):
        if len(step) == 1:
            (qubit,) = step
            waiting[qubit] = min(MOST_PULSES, waiting[qubit] + 1)
            continue
        # Gates gathered before a CNOT make one turn, which no gate after the CNOT can join.
        cnots += 1
        for qubit in step:
            pulses += waiting[qubit]
            waiting[qubit] = 0
    return ErrorGates(pulses + sum(waiting), cnots)


def _steps(gates: Sequence[Gate]) -> Iterator[Step]:
    """Pulses and CNOTs of gates, on the circuit's own qubits."""
    for gate in gates:
        if len(gate.qubits) > 1:
            for places in STEPS[gate.name]:
                yield tuple(gate.qubits[place] for place in places)
        else:
            yield from (gate.qubits,) * pulses_of(gate)


def pulses_of(gate: Gate) -> int:
    """The pulses of a gate on one qubit: none for a change of frame, else at most `MOST_PULSES`."""
    if gate.name in FREE:
        return 0
    return 1 if gate.name in ONE_PULSE else MOST_PULSES
