"""One gate as data, and the set of gates that circuits may be made of."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from diffqas.errors import ArgumentError


@dataclass(frozen=True)
class Slot:
    """An angle that is learned: factor * angles[layer, qubit, index] + offset, in radians.

    Attributes:
        qubit: whose angle it is; the gate may act on others.
        index: which of the qubit's angles in one layer, counted from 0.
        factor, offset: fixed numbers.
    """

    qubit: int
    index: int = 0
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class Gate:
    """One gate.

    Attributes:
        name: a key of `GATES`.
        qubits: that it acts on, controls first. Qubit 0 is the most significant bit of a basis
            state.
        angle: of a gate that turns: a fixed number of radians, a `Slot`, or the name of an angle
            that stays open.
    """

    name: str
    qubits: tuple[int, ...]
    angle: float | str | Slot | None = None


class Kind(NamedTuple):
    """What a name of `GATES` stands for: controls, then `base` on the other qubits."""

    controls: int
    base: str
    qubits: int
    turns: bool


_FIXED = (
    "h",
    "x",
    "y",
    "z",
    "s",
    "sdg",
    "t",
    "tdg",
    "sx",
    "cx",
    "cy",
    "cz",
    "ch",
    "ccx",
    "swap",
    "cswap",
)
_TURNING = ("rx", "ry", "rz", "p", "crx", "cry", "crz", "cp", "rxx", "ryy", "rzz")
_PAIRS = ("swap", "rxx", "ryy", "rzz")


def _kind(name: str) -> Kind:
    base = name.lstrip("c")
    controls = len(name) - len(base)
    return Kind(controls, base, controls + (2 if base in _PAIRS else 1), name in _TURNING)


GATES: dict[str, Kind] = {name: _kind(name) for name in (*_FIXED, *_TURNING)}
"""All gates by name, as in OpenQASM's stdgates.inc; `rxx`, `ryy` and `rzz` as in Qiskit."""


def check_gate(gate: object, n: int, angles: int, owner: str) -> None:
    """Refuse what is no gate on `n` qubits with so many angles per qubit.

    Raises:
        ArgumentError: naming the owner of the gate, the rule and what came.

    >>> check_gate(Gate("cx", (0, 2)), 2, 1, "Mine")
    Traceback (most recent call last):
        ...
    diffqas.errors.ArgumentError: Gate cx of Mine: qubits must be 2 different ones of 0..1, but got
    (0, 2).
    """
    if not isinstance(gate, Gate):
        raise ArgumentError(f"The gates of {owner} must be Gate objects, but got {gate!r}.")
    if gate.name not in GATES:
        raise ArgumentError(
            f"The gates of {owner} must be some of {', '.join(GATES)}, but got {gate.name!r}."
        )
    for rule, got in _broken(gate, n, angles):
        raise ArgumentError(f"Gate {gate.name} of {owner}: {rule}, but got {got}.")


def _broken(gate: Gate, n: int, angles: int) -> Iterator[tuple[str, object]]:
    kind, slot = GATES[gate.name], gate.angle
    if not (
        len(gate.qubits) == kind.qubits == len(set(gate.qubits))
        and all(q in range(n) for q in gate.qubits)
    ):
        yield f"qubits must be {kind.qubits} different ones of 0..{n - 1}", gate.qubits
    if (slot is not None) != kind.turns:
        yield f"angle must be {'given' if kind.turns else 'None'}", slot
    numbers: tuple[object, ...] = () if slot is None else (slot,)
    if isinstance(slot, Slot):
        numbers = (slot.factor, slot.offset)
        if slot.qubit not in range(n):
            yield f"the qubit of its Slot must be one of 0..{n - 1}", slot.qubit
        if slot.index not in range(angles):
            yield (
                f"the index of its Slot must be at least 0 and below rotations_per_qubit, {angles}",
                slot.index,
            )
    if not all(isinstance(number, (int, float)) and math.isfinite(number) for number in numbers):
        yield "angle must be a Slot or a number, and finite", gate.angle
