"""OpenQASM 3 text as gates, read as data by the reference parser; nothing in it is executed.

What is understood: qubit registers, `input float` and `input angle`, gates of `GATES`, definitions
of gates, and angles that are linear in one parameter. Everything else is refused, with the line.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from diffqas.circuits.gate import GATES, Gate, Slot
from diffqas.errors import DataError
from diffqas.storage import Json

MISSING = "The parser of OpenQASM is not installed: run `pip install diffqas[qasm]`."
MOST_GATES, MOST_CHARACTERS, MOST_QUBITS = 20_000, 2_000_000, 64
CONSTANTS = {
    "pi": math.pi,
    "π": math.pi,
    "tau": math.tau,
    "τ": math.tau,
    "euler": math.e,
    "ℇ": math.e,
}
ALIASES = {"CX": "cx", "cphase": "cp", "phase": "p"}
SKIPPED = ("QuantumBarrier", "Pragma")
WORDS = {
    "QuantumMeasurementStatement": "a measurement",
    "QuantumReset": "a reset",
    "QuantumPhase": "a global phase",
    "AliasStatement": "an alias",
}


class Linear(NamedTuple):
    """factor * parameter + offset; no parameter: a number."""

    factor: float
    parameter: str | None
    offset: float


@dataclass(frozen=True)
class Circuit:
    """What a text says.

    Attributes:
        n: qubits, all registers one after the other.
        parameters: names of the inputs, in the order of their declaration.
        gates: in the order in which they act; parameter i is the slot `divmod(i,
            rotations_per_qubit)`.
    """

    n: int
    parameters: tuple[str, ...]
    gates: tuple[Gate, ...]

    @property
    def rotations_per_qubit(self) -> int:
        """Angles of one qubit that hold all parameters."""
        return max(1, -(-len(self.parameters) // self.n))


class Refused(Exception):
    """A place that is not understood."""

    def __init__(self, node: Any, why: str) -> None:
        super().__init__(why)
        self.line = None if getattr(node, "span", None) is None else node.span.start_line
        self.why = why


@lru_cache(maxsize=64)
def read_circuit(text: str, source: str) -> Circuit:
    """The circuit that a text describes.

    Args:
        text: OpenQASM 3.
        source: what the text is called in errors.

    Raises:
        DataError: the parser is not installed, or something is not understood, with source and
            line.
    """
    if not text.strip():
        raise DataError(f"{source} is empty.")
    if len(text) > MOST_CHARACTERS:
        raise DataError(
            f"{source} has {len(text)} characters, more than the {MOST_CHARACTERS} that are read."
        )
    reader = _Reader()
    try:
        for statement in _parsed(text, source):
            reader.statement(statement)
        return reader.circuit()
    except Refused as refusal:
        where = source if refusal.line is None else f"{source}, line {refusal.line}"
        raise DataError(f"{where}: {refusal.why}.") from None
    except RecursionError:
        raise DataError(f"{source}: nested too deeply to be read.") from None


def _parsed(text: str, source: str) -> list[Any]:
    try:
        from openqasm3.parser import QASM3ParsingError, parse
    except ImportError:
        raise DataError(MISSING) from None
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # the lexer prints there, too
            return list(parse(text).statements)
    except QASM3ParsingError as error:
        token = getattr(
            next(iter(getattr(error.__cause__, "args", ())), None), "offendingToken", None
        )
        what = str(error)
        if token is not None:
            what = f"line {token.line}: not OpenQASM 3, at {token.text!r}"
        raise DataError(f"{source}, {what or 'not OpenQASM 3'}.") from None
    except (
        ValueError,
        AttributeError,
        IndexError,
        OverflowError,
    ) as error:  # what the parser does not foresee
        raise DataError(
            f"{source} is not OpenQASM 3 ({type(error).__name__} in its parser)."
        ) from None


@dataclass
class _Reader:
    qubits: dict[str, range] = field(default_factory=dict)
    parameters: list[str] = field(default_factory=list)
    definitions: Json = field(default_factory=dict)
    found: list[tuple[str, tuple[int, ...], Linear | None]] = field(default_factory=list)

    def circuit(self) -> Circuit:
        n = sum(map(len, self.qubits.values()))
        if n < 1:
            raise Refused(None, "no `qubit[n] q;` is declared")
        circuit = Circuit(n, tuple(self.parameters), ())
        r, place = circuit.rotations_per_qubit, {name: i for i, name in enumerate(self.parameters)}

        def angle(linear: Linear | None) -> Slot | float | None:
            if linear is None or linear.parameter is None:
                return None if linear is None else linear.offset
            return Slot(*divmod(place[linear.parameter], r), linear.factor, linear.offset)

        gates = tuple(Gate(name, qubits, angle(linear)) for name, qubits, linear in self.found)
        return Circuit(n, circuit.parameters, gates)

    def statement(self, node: Any) -> None:
        kind = type(node).__name__
        if kind == "QuantumGate":
            self._call(
                node, self.qubits, {name: Linear(1.0, name, 0.0) for name in self.parameters}, ()
            )
        elif kind == "QubitDeclaration":
            size = 1 if node.size is None else _whole(node.size)
            self._new(node, node.qubit.name)
            first = sum(map(len, self.qubits.values()))
            if not 1 <= size <= MOST_QUBITS - first:
                raise Refused(node, f"{first + size} qubits, where 1 to {MOST_QUBITS} are read")
            self.qubits[node.qubit.name] = range(first, first + size)
        elif kind == "IODeclaration":
            if node.io_identifier.name != "input" or type(node.type).__name__ not in (
                "FloatType",
                "AngleType",
            ):
                raise Refused(
                    node, "parameters are declared as `input float NAME;` or `input angle NAME;`"
                )
            self._new(node, node.identifier.name)
            self.parameters.append(node.identifier.name)
        elif kind == "QuantumGateDefinition":
            self.definitions[node.name.name] = node
        elif kind == "Include":
            if node.filename != "stdgates.inc":
                raise Refused(
                    node, f"of all files only stdgates.inc can be included, not {node.filename!r}"
                )
        elif (
            kind == "ClassicalDeclaration"
            and type(node.type).__name__ == "BitType"
            and not node.init_expression
        ):
            pass  # for a measurement, which would be refused
        elif kind not in SKIPPED:
            word = WORDS.get(kind, f"a statement of the kind {kind}")
            raise Refused(node, f"{word} cannot be part of a candidate")

    def _new(self, node: Any, name: str) -> None:
        if name in self.qubits or name in self.parameters or name in CONSTANTS:
            raise Refused(node, f"{name!r} is declared twice")

    def _call(
        self,
        node: Any,
        qubits: Mapping[str, range],
        values: Mapping[str, Linear],
        inside: tuple[str, ...],
    ) -> None:
        """A gate on qubits or whole registers, with the parameters known where it stands."""
        name = str(ALIASES.get(node.name.name, node.name.name))
        if node.modifiers:
            raise Refused(
                node, f"modifiers such as `{node.modifiers[0].modifier.name} @` are not read"
            )
        given = [_qubits(each, qubits) for each in node.qubits]
        angles = [_linear(each, values) for each in node.arguments]
        lengths = {len(each) for each in given if len(each) > 1}
        if len(lengths) > 1:
            raise Refused(node, "registers of different lengths")
        for index in range(max(lengths, default=1)):
            self._one(
                node, name, [each[index if len(each) > 1 else 0] for each in given], angles, inside
            )

    def _one(
        self, node: Any, name: str, on: list[int], angles: list[Linear], inside: tuple[str, ...]
    ) -> None:
        own, known = self.definitions.get(name), GATES.get(name)
        if own is None and known is None:
            raise Refused(
                node, f"the gate {name!r} is none of {', '.join(GATES)}, and not defined above"
            )
        if own is not None:
            wanted = (len(own.qubits), len(own.arguments))
        else:
            assert known is not None
            wanted = (known.qubits, int(known.turns))
        if (len(on), len(angles)) != wanted:
            qubits, turns = wanted
            takes = f"{name} takes {qubits} qubits and {turns} angles"
            raise Refused(node, f"{takes}, not {len(on)} and {len(angles)}")
        if len(set(on)) < len(on):
            raise Refused(node, f"{name} is given the same qubit twice")
        if own is None:
            if len(self.found) >= MOST_GATES:
                raise Refused(node, f"more than {MOST_GATES} gates")
            self.found.append((name, tuple(on), angles[0] if angles else None))
            return
        if name in inside or len(inside) > 50:
            raise Refused(own, f"the definition of {name} calls itself or is nested too deeply")
        places = {each.name: range(q, q + 1) for each, q in zip(own.qubits, on, strict=True)}
        values = {each.name: angle for each, angle in zip(own.arguments, angles, strict=True)}
        for part in own.body:
            if type(part).__name__ == "QuantumGate":
                self._call(part, places, values, (*inside, name))
            elif type(part).__name__ not in SKIPPED:
                word = WORDS.get(type(part).__name__, f"a {type(part).__name__}")
                raise Refused(part, f"{word} inside the definition of {name}")


def _whole(node: Any) -> int:
    if type(node).__name__ != "IntegerLiteral":
        raise Refused(node, "sizes and places of qubits must be written as whole numbers")
    return int(node.value)


def _qubits(node: Any, known: Mapping[str, range]) -> range:
    indexed = type(node).__name__ == "IndexedIdentifier"
    name = node.name.name if indexed else node.name
    if name not in known:
        raise Refused(node, f"the qubits {name!r} are not declared")
    if not indexed:
        return known[name]
    if len(node.indices) != 1 or not isinstance(node.indices[0], list) or len(node.indices[0]) != 1:
        raise Refused(node, "qubits are given one by one, as q[0]")
    place = _whole(node.indices[0][0])
    if place >= len(known[name]):
        raise Refused(
            node, f"{name}[{place}] is outside of {name}, which has {len(known[name])} qubits"
        )
    return known[name][place : place + 1]


def _linear(node: Any, values: Mapping[str, Linear]) -> Linear:
    """An angle: numbers, pi and one parameter under +, -, * and /."""
    kind = type(node).__name__
    if kind in ("IntegerLiteral", "FloatLiteral"):
        return _finite(node, Linear(0.0, None, float(node.value)))
    if kind == "Identifier":
        if node.name in values:
            return values[node.name]
        if node.name in CONSTANTS:
            return Linear(0.0, None, CONSTANTS[node.name])
        raise Refused(node, f"the parameter {node.name!r} is not declared")
    operator = getattr(getattr(node, "op", None), "name", "")
    if kind == "UnaryExpression" and operator == "-":
        return _times(_linear(node.expression, values), -1.0)
    if kind == "BinaryExpression" and operator in ("+", "-", "*", "/"):
        left, right = _linear(node.lhs, values), _linear(node.rhs, values)
        if operator in ("+", "-"):
            return _finite(
                node, _sum(node, left, right if operator == "+" else _times(right, -1.0))
            )
        if operator == "*" and left.parameter is None:
            left, right = right, left
        if right.parameter is None and (operator == "*" or right.offset != 0):
            return _finite(
                node, _times(left, right.offset if operator == "*" else 1 / right.offset)
            )
    raise Refused(node, "an angle must be a number or linear in one parameter, such as -2*a + pi/2")


def _times(linear: Linear, number: float) -> Linear:
    return Linear(linear.factor * number, linear.parameter, linear.offset * number)


def _sum(node: Any, left: Linear, right: Linear) -> Linear:
    names = {linear.parameter for linear in (left, right) if linear.parameter is not None}
    if len(names) > 1:
        raise Refused(node, f"an angle of several parameters, {', '.join(sorted(names))}")
    return Linear(left.factor + right.factor, next(iter(names), None), left.offset + right.offset)


def _finite(node: Any, linear: Linear) -> Linear:
    if not (math.isfinite(linear.factor) and math.isfinite(linear.offset)):
        raise Refused(node, "an angle that is not finite")
    return linear
