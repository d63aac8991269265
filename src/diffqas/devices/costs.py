"""What a candidate costs on a device: its two-qubit gates and its depth.

Two-qubit gates cause most of a device's errors, and a state decays with time, which grows with the
depth. Both are counted in one of two ways:

- Where all pairs of qubits are coupled, the circuit is counted as it stands, without Qiskit. A gate
  counts as the number of CNOTs that it takes: cx, cy, cz and ch one, controlled rotations and rxx,
  ryy, rzz two, swap three, ccx six, cswap eight. The depth counts every gate as one step.
- With a coupling map or a backend, the circuit that Qiskit's transpiler makes is counted: its gates
  on two qubits, and its depth in the gates of the device.

The values of learned angles are not known. Each is replaced by a number that is no multiple of
pi / 4 and not the negative of another one. So the transpiler cancels nothing that another value of
the angles would bring back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from diffqas.circuits import (
    Angle,
    AnyCandidate,
    Gate,
    InputSlot,
    Slot,
    encoded_gates,
    qiskit_circuit,
)
from diffqas.devices.couplings import ALL, Coupling
from diffqas.devices.routing import routed
from diffqas.errors import choose, require, whole

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

COSTS = ("two-qubit-gates", "depth")
"""The words for what is counted."""

CNOTS = {
    **dict.fromkeys(("cx", "cy", "cz", "ch"), 1),
    **dict.fromkeys(("crx", "cry", "crz", "cp", "rxx", "ryy", "rzz"), 2),
    "swap": 3,
    "ccx": 6,
    "cswap": 8,
}
"""The number of CNOTs that each gate on several qubits takes, where all pairs are coupled."""

GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Cost:
    """What one run of a circuit costs.

    Attributes:
        two_qubit_gates: the number of gates on two qubits.
        depth: the number of steps one after another.
    """

    two_qubit_gates: int
    depth: int

    def by(self, word: str) -> int:
        """The count that a word of `COSTS` stands for.

        Raises:
            ArgumentError: another word.
        """
        choose(word, COSTS, "cost")
        return self.two_qubit_gates if word == COSTS[0] else self.depth


@cache
def circuit_cost(
    candidate: AnyCandidate,
    n: int,
    depth: int,
    uploads: int = 1,
    coupling: str | Coupling = ALL,
) -> Cost:
    """What a candidate costs; the result is computed once for each candidate, size and map.

    Args:
        candidate: the circuit.
        n: the number of its qubits.
        depth: the number of its layers.
        uploads: how often it encodes data, each time before equally many layers.
        coupling: a word of `MAPS`, `"all"`, a `Coupling`, or the name of a backend.

    Raises:
        ArgumentError: a size does not fit, or the backend is unknown or has fewer qubits.
        DataError: the circuit cannot be routed there, or a package is not installed.

    >>> from diffqas import Candidate
    >>> circuit_cost(Candidate(entangler="ring"), 5, 10)
    Cost(two_qubit_gates=50, depth=60)
    """
    require(whole(n), "n", "be a whole number of at least 1", n)
    require(whole(depth), "depth", "be a whole number of at least 1", depth)
    gates = encoded_gates(candidate, n, depth, uploads)
    if coupling == ALL:
        return _as_it_stands(gates, n)
    circuit = qiskit_circuit(_generic(gates), n, candidate.name)
    return cost_of(routed(circuit, coupling))


def cost_of(circuit: QuantumCircuit) -> Cost:
    """What a circuit of Qiskit costs without routing: its gates on two qubits, and its depth."""
    pairs = circuit.num_nonlocal_gates()
    return Cost(int(pairs), int(circuit.depth()))


def _as_it_stands(gates: Sequence[Gate], n: int) -> Cost:
    """Counts of a circuit whose qubits are all coupled."""
    ready = [0] * n
    for gate in gates:
        # A gate waits for the last of its qubits.
        step = 1 + max(ready[qubit] for qubit in gate.qubits)
        for qubit in gate.qubits:
            ready[qubit] = step
    cnots = sum(CNOTS.get(gate.name, 0) for gate in gates)
    return Cost(cnots, max(ready))


def _generic(gates: Sequence[Gate]) -> list[Gate]:
    """The same gates, with a number for every angle that is learned or encodes data."""
    numbers: dict[object, float] = {}

    def number(angle: Angle) -> Angle:
        if not isinstance(angle, Slot | InputSlot):
            return angle
        which = angle.index
        if isinstance(angle, Slot):
            which = (angle.qubit, angle.index)
        key = (type(angle), which)
        # Multiples of the golden ratio modulo 1 keep their distance from each other; between 0.2
        # and 0.7 there is no multiple of pi / 4, nor is the sum of two one of pi / 2.
        value = numbers.setdefault(key, 0.2 + 0.5 * (GOLDEN * (len(numbers) + 1) % 1))
        return angle.factor * value + angle.offset

    return [gate.with_angles([number(angle) for angle in gate.angles]) for gate in gates]
