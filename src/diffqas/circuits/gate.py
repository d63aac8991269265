"""One gate as data, and the set of gates that circuits may be made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from diffqas.errors import ArgumentError, finite, whole


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
class InputSlot:
    """An angle that encodes data: factor * v[index] + offset, in radians.

    Here v are the encoding angles of one upload of the data, one per qubit of the circuit. The gate
    with this slot may act on any qubit.

    Attributes:
        index: which of the encoding angles, counted from 0.
        factor, offset: fixed numbers.
    """

    index: int
    factor: float = 1.0
    offset: float = 0.0


Angle: TypeAlias = float | str | Slot | InputSlot
"""A fixed number of radians, the name of an angle that stays open, an angle that is learned, or one
that encodes data.
"""


@dataclass(frozen=True)
class Gate:
    """One gate of a circuit.

    Attributes:
        name: a key of `GATES`.
        qubits: the qubits that it acts on, controls first. Qubit 0 is the most significant bit of
            a basis state.
        angle: the angle of a gate that turns: a fixed number of radians, a `Slot`, an `InputSlot`,
            or the name of an angle that stays open. For `u3` it is a tuple of three of these,
            (theta, phi, lambda).

    >>> Gate("rx", (0,), 0.5).angles, Gate("u3", (0,), (0.5, Slot(0), 0.1)).angles[2]
    ((0.5,), 0.1)
    """

    name: str
    qubits: tuple[int, ...]
    angle: Angle | tuple[Angle, ...] | None = None

    @property
    def angles(self) -> tuple[Angle, ...]:
        """The gate's angles; empty for a gate that does not turn."""
        if self.angle is None:
            return ()
        if isinstance(self.angle, tuple):
            return self.angle
        return (self.angle,)

    @property
    def learned(self) -> bool:
        """Whether one of its angles is a `Slot`."""
        return any(isinstance(angle, Slot) for angle in self.angles)

    @property
    def encodes(self) -> bool:
        """Whether one of its angles is an `InputSlot`."""
        return any(isinstance(angle, InputSlot) for angle in self.angles)

    def with_angles(self, angles: Sequence[Angle]) -> Gate:
        """The same gate with other angles, as many as it has."""
        if self.angle is None:
            return self
        if isinstance(self.angle, tuple):
            return replace(self, angle=tuple(angles))
        (angle,) = angles
        return replace(self, angle=angle)


class Kind(NamedTuple):
    """What a name of `GATES` stands for: controls, then `base` on the other qubits."""

    controls: int
    base: str
    qubits: int
    angles: int
    """The number of angles; several are given as a tuple."""

    @property
    def turns(self) -> bool:
        """Whether it is given an angle."""
        return self.angles > 0


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
_THREE_ANGLES = ("u3",)


def _kind(name: str) -> Kind:
    # OpenQASM's names begin with one c per control.
    base = name.lstrip("c")
    controls = len(name) - len(base)
    targets = 2 if base in _PAIRS else 1
    angles = 3 if name in _THREE_ANGLES else int(name in _TURNING)
    return Kind(controls, base, controls + targets, angles)


GATES: dict[str, Kind] = {name: _kind(name) for name in (*_FIXED, *_TURNING, *_THREE_ANGLES)}
"""All gates by name, as in OpenQASM's stdgates.inc; `rxx`, `ryy` and `rzz` are as in Qiskit.

`u3` is a general turn of one qubit by (theta, phi, lambda): exp(i (phi + lambda)/2) RZ(phi)
RY(theta) RZ(lambda), where RZ(lambda) acts first. OpenQASM's `U` is this up to a global phase.
"""


def check_gate(gate: object, n: int, angles: int, owner: str) -> None:
    """Refuse anything that is no gate on `n` qubits with so many angles per qubit.

    Raises:
        ArgumentError: the gate breaks a rule; the message names its owner, the rule and the value.

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
    kind = GATES[gate.name]
    different = len(gate.qubits) == kind.qubits == len(set(gate.qubits))
    if not different or any(q not in range(n) for q in gate.qubits):
        yield f"qubits must be {kind.qubits} different ones of 0..{n - 1}", gate.qubits
    # Three angles come as a tuple, one comes alone.
    if isinstance(gate.angle, tuple) != (kind.angles > 1) or len(gate.angles) != kind.angles:
        yield f"angle must be {_wanted(kind, gate)}", gate.angle
    for angle in gate.angles:
        numbers: tuple[object, ...] = (angle,)
        if isinstance(angle, Slot):
            numbers = (angle.factor, angle.offset)
            if angle.qubit not in range(n):
                yield f"the qubit of its Slot must be one of 0..{n - 1}", angle.qubit
            if angle.index not in range(angles):
                rule = f"at least 0 and below rotations_per_qubit, {angles}"
                yield f"the index of its Slot must be {rule}", angle.index
        if isinstance(angle, InputSlot):
            numbers = (angle.factor, angle.offset)
            if not whole(angle.index, 0) or angle.index >= n:
                yield f"the index of its InputSlot must be one of 0..{n - 1}", angle.index
        if not all(map(finite, numbers)):
            yield "angle must be a Slot or a number, and finite", angle


def _wanted(kind: Kind, gate: Gate) -> str:
    if kind.angles > 1:
        return f"a tuple of {kind.angles}"
    if kind.angles == 0:
        return "None"
    return "given" if gate.angle is None else "a single one"
