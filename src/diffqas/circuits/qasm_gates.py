"""Gates that OpenQASM 3 has before a file defines its own, as gates of `GATES`.

They are the built-in `U`, those of stdgates.inc, and Qiskit's `u`, `cu1`, `cu3`, `rxx`, `ryy` and
`rzz`. Global phases are left out: no probability depends on them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from diffqas.circuits.gate import GATES
from diffqas.circuits.qasm_values import Linear, scaled


class Part(NamedTuple):
    """A gate of `GATES` on some qubits of the circuit."""

    name: str
    qubits: tuple[int, ...]
    angles: tuple[Linear, ...]


Expand: TypeAlias = Callable[[tuple[int, ...], Sequence[Linear]], list[Part]]


class BuiltIn(NamedTuple):
    """A gate that needs no definition."""

    qubits: int
    angles: int
    parts: Expand


def _same(name: str) -> BuiltIn:
    """A gate that has its like in `GATES`."""

    def parts(on: tuple[int, ...], angles: Sequence[Linear]) -> list[Part]:
        return [Part(name, on, tuple(angles))]

    kind = GATES[name]
    return BuiltIn(kind.qubits, kind.angles, parts)


def _nothing(on: tuple[int, ...], angles: Sequence[Linear]) -> list[Part]:
    return []


def _u2(on: tuple[int, ...], angles: Sequence[Linear]) -> list[Part]:
    phi, lam = angles
    return [Part("u3", on, (Linear(math.pi / 2), phi, lam))]


def _cu3(on: tuple[int, ...], angles: Sequence[Linear]) -> list[Part]:
    # u3 = exp(i (phi + lambda)/2) RZ(phi) RY(theta) RZ(lambda). Under a control the phase becomes
    # one of the control; in two gates, so that phi and lambda may depend on different parameters.
    control, _ = on
    theta, phi, lam = angles
    phases = [Part("p", (control,), (scaled(angle, 0.5),)) for angle in (phi, lam)]
    turns = [Part("crz", on, (lam,)), Part("cry", on, (theta,)), Part("crz", on, (phi,))]
    return phases + turns


def _cu(on: tuple[int, ...], angles: Sequence[Linear]) -> list[Part]:
    control, _ = on
    *turns, gamma = angles
    return [Part("p", (control,), (gamma,)), *_cu3(on, turns)]


BUILT_IN: dict[str, BuiltIn] = {name: _same(name) for name in GATES} | {
    "U": _same("u3"),
    "u": _same("u3"),
    "u1": _same("p"),
    "u2": BuiltIn(1, 2, _u2),
    "phase": _same("p"),
    "id": BuiltIn(1, 0, _nothing),
    "CX": _same("cx"),
    "cphase": _same("cp"),
    "cu1": _same("cp"),
    "cu3": BuiltIn(2, 3, _cu3),
    "cu": BuiltIn(2, 4, _cu),
}
