"""Circuits as text, for terminals and docs."""

from __future__ import annotations

from collections.abc import Iterable

from diffqas.circuits.candidate import Candidate
from diffqas.circuits.entanglers import Cnot

Columns = list[list[Cnot]]


def draw(candidate: Candidate, n: int = 4) -> str:
    """One layer of the candidate on `n` qubits, in box-drawing characters; brackets mark what is repeated.

    >>> print(draw(Candidate(hadamard=True, entangler="chain", rotation="ry"), 3))
    q0 ─H─[──●─────RY─]
    q1 ─H─[──X──●──RY─]
    q2 ─H─[─────X──RY─]
    """
    wires = [f"q{q} ─{'H─' if candidate.hadamard else ''}" for q in range(n)]
    if candidate.encoding is not None:
        wires = [f"{wire}{candidate.encoding.upper()}(x{q})─" for q, wire in enumerate(wires)]
    width = max(map(len, wires))
    wires = [wire.ljust(width, "─") + "[─" for wire in wires]
    for column in _columns(candidate.cnots(n)):
        wires = [wire + _cell(q, column) for q, wire in enumerate(wires)]
    rotations = "─".join(f"─{rotation.upper()}" for rotation in candidate.rotations)
    return "\n".join(f"{wire}{rotations}─]" for wire in wires)


def _columns(pairs: Iterable[Cnot]) -> Columns:
    """Pack CNOTs that act on disjoint spans of wires into one column, keeping their order."""
    columns: Columns = []
    for pair in pairs:
        span = set(range(min(pair), max(pair) + 1))
        if columns and all(span.isdisjoint(range(min(p), max(p) + 1)) for p in columns[-1]):
            columns[-1].append(pair)
        else:
            columns.append([pair])
    return columns


def _cell(q: int, column: list[Cnot]) -> str:
    for control, target in column:
        if q == control:
            return "─●─"
        if q == target:
            return "─X─"
        if min(control, target) < q < max(control, target):
            return "─┼─"
    return "───"
