"""Checks of circuits that must take data, or must not."""

from __future__ import annotations

from collections.abc import Iterable

from diffqas.circuits.candidate import Candidate
from diffqas.circuits.gate import InputSlot
from diffqas.circuits.gates import gate_list
from diffqas.circuits.qasm_ansatz import QasmAnsatz
from diffqas.circuits.search_space import AnyCandidate
from diffqas.errors import ArgumentError, require


def check_no_data(candidates: Iterable[AnyCandidate], argument: str = "candidates") -> None:
    """Refuse circuits that take data where there is none.

    Raises:
        ArgumentError: some circuits take data; the message names them. If they come from OpenQASM,
            it also tells how to make their inputs learned angles.

    >>> from diffqas.circuits import Candidate
    >>> check_no_data([Candidate(encoding="ry")])
    Traceback (most recent call last):
        ...
    diffqas.errors.ArgumentError: Argument `candidates` must encode no data, but got RY/Ent-RY.
    """
    found = [candidate for candidate in candidates if candidate.encodes]
    got = ", ".join(candidate.name for candidate in found)
    texts = [candidate for candidate in found if isinstance(candidate, QasmAnsatz)]
    if texts:
        got += ": its inputs x0, x1, ... are data; angles need other names, or `inputs=()`"
    require(not found, argument, "encode no data", got)


def check_inputs(candidate: AnyCandidate, n: int, inputs: int) -> None:
    """Refuse a circuit that leaves some of the inputs out.

    There is one encoding angle per qubit. With fewer inputs than qubits, input i is the encoding
    angle i and also i + inputs, i + 2 inputs, ... With more inputs than qubits, they use the same
    angles one after the other.

    Args:
        candidate: a circuit that takes data.
        n: qubits.
        inputs: how many inputs there are.

    Raises:
        ArgumentError: the circuit takes no data, or no gate has one of the encoding angles.

    >>> from diffqas.circuits import Candidate
    >>> check_inputs(Candidate(encoding="ry"), 4, 3)
    """
    require(candidate.encodes, "candidates", "encode data", candidate.name)
    if isinstance(candidate, Candidate):
        return  # which encodes on every qubit
    used: set[int] = set()
    for gate in gate_list(candidate, n).encoding:
        used |= {angle.index % inputs for angle in gate.angles if isinstance(angle, InputSlot)}
    missing = sorted(set(range(min(inputs, n))) - used)
    if missing:
        places = ", ".join(map(str, missing))
        raise ArgumentError(
            f"The candidate {candidate.name} has no gate for input {places} of {inputs}: give it "
            "one, or leave the input out."
        )
