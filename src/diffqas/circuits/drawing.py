"""Circuits as text, for terminals and docs."""

from __future__ import annotations

from collections.abc import Iterable

from diffqas.circuits.ansatz import Ansatz, ansatz_gates
from diffqas.circuits.entanglers import Cnot
from diffqas.circuits.gate import GATES, Angle, Gate, InputSlot
from diffqas.circuits.search_space import AnyCandidate

Columns = list[list[Cnot]]


def draw(candidate: AnyCandidate, n: int = 4, uploads: int = 1) -> str:
    """Draw a candidate on `n` qubits in box-drawing characters, its layer once.

    Brackets mark the layer, which is repeated. With several uploads of the data, braces mark an
    upload and the layers after it, which are repeated together.

    >>> from diffqas.circuits import Candidate
    >>> print(draw(Candidate(hadamard=True, entangler="chain", rotation="ry"), 3))
    q0 ─H─[──●─────RY─]
    q1 ─H─[──X──●──RY─]
    q2 ─H─[─────X──RY─]
    >>> print(draw(Candidate(entangler="chain", encoding="rx"), 2, uploads=2))
    q0 ─{─RX(x0)─[──●──RY─]─}
    q1 ─{─RX(x1)─[──X──RY─]─}
    """
    before, behind = "", ""
    if uploads > 1 and candidate.encodes:
        before, behind = "{─", "─}"
    if isinstance(candidate, Ansatz):
        return _drawn(candidate, n, before, behind)
    start = "H─" if candidate.hadamard else ""
    wires = [f"{name}{start}{before}" for name in _names(n)]
    for encoding in candidate.encodings:
        wires = [f"{wire}{encoding.upper()}(x{q})─" for q, wire in enumerate(wires)]
    width = max(map(len, wires))
    wires = [wire.ljust(width, "─") + "[─" for wire in wires]
    gates = candidate.entangling(n)
    # A CZ is the same from both sides, and drawn with two dots.
    mark = "●" if "cz" in {gate.name for gate in gates} else "X"
    for column in _columns(map(_pair, gates)):
        wires = [wire + _cell(q, column, mark) for q, wire in enumerate(wires)]
    rotations = "─".join(f"─{rotation.upper()}" for rotation in candidate.rotations)
    return "\n".join(f"{wire}{rotations}─]{behind}" for wire in wires)


def _drawn(ansatz: Ansatz, n: int, before: str, behind: str) -> str:
    start, layer, encoding = ansatz_gates(ansatz, n)
    wires = _names(n)
    # Uploads that are repeated begin behind all gates of the start.
    first = [list(start), list(encoding)] if before else [[], [*start, *encoding]]
    for gates, mark in zip(first, (before, ""), strict=True):
        for column in columns(gates):
            wires = [wire + cell + "─" for wire, cell in zip(wires, _cells(column, n), strict=True)]
        wires = [wire + mark for wire in wires]
    wires = [wire + "[─" for wire in wires]
    for column in columns(layer):
        wires = [
            wire + "─" + cell + "─" for wire, cell in zip(wires, _cells(column, n), strict=True)
        ]
    return "\n".join(f"{wire}]{behind}" for wire in wires)


def _names(n: int) -> list[str]:
    return [f"q{q}".ljust(len(f"q{n - 1}")) + " ─" for q in range(n)]


def columns(gates: Iterable[Gate]) -> list[list[Gate]]:
    """Pack gates that cover different wires into columns, as far left as their order allows.

    >>> found = columns([Gate("h", (0,)), Gate("cx", (0, 1)), Gate("x", (2,))])
    >>> [[gate.name for gate in column] for column in found]
    [['h', 'x'], ['cx']]
    """
    packed: list[list[Gate]] = []
    reached: dict[int, int] = {}  # the first free column of each wire
    for gate in gates:
        span = range(min(gate.qubits), max(gate.qubits) + 1)
        # Behind everything on its wires, and on those that its vertical line crosses.
        place = max(reached.get(q, 0) for q in span)
        reached |= dict.fromkeys(span, place + 1)
        if place == len(packed):
            packed.append([])
        packed[place].append(gate)
    return packed


def labels(gate: Gate) -> dict[int, str]:
    """Text on each wire of a gate's span: a dot for a control, a bar where it only passes."""
    kind = GATES[gate.name]
    # A swap is a cross on both wires, as in the textbooks.
    word = "x" if kind.base == "swap" else kind.base.upper()
    numbers = [text for text in map(_number, gate.angles) if text is not None]
    if numbers and len(numbers) == len(gate.angles):
        word += f"({','.join(numbers)})"
    marks = dict.fromkeys(range(min(gate.qubits), max(gate.qubits) + 1), "┼")
    marks |= dict.fromkeys(gate.qubits[: kind.controls], "●")
    return marks | dict.fromkeys(gate.qubits[kind.controls :], word)


def _number(angle: Angle) -> str | None:
    """A fixed angle, or an input with its factor and offset; None of a learned angle."""
    if isinstance(angle, float | int):
        return f"{angle:.3g}"
    if not isinstance(angle, InputSlot):
        return None
    text = f"x{angle.index}"
    if angle.factor != 1:
        text = f"{angle.factor:.3g}{text}"
    if angle.offset != 0:
        text = f"{text}{angle.offset:+.3g}"
    return text


def _cells(column: list[Gate], n: int) -> list[str]:
    marks: dict[int, str] = {}
    for gate in column:
        marks |= labels(gate)
    width = max(map(len, marks.values()))
    return [marks.get(q, "").center(width, "─") for q in range(n)]


def _pair(gate: Gate) -> Cnot:
    control, target = gate.qubits
    return control, target


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


def _cell(q: int, column: list[Cnot], mark: str) -> str:
    for control, target in column:
        if q == control:
            return "─●─"
        if q == target:
            return f"─{mark}─"
        if min(control, target) < q < max(control, target):
            return "─┼─"
    return "───"
