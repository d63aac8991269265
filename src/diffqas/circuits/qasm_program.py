"""The statements of an OpenQASM 3 program, carried out as data; needs the parser's package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from openqasm3 import ast

from diffqas.circuits.qasm_expressions import CONSTANTS, converted, evaluate, placed, whole
from diffqas.circuits.qasm_gates import BUILT_IN, BuiltIn, Part
from diffqas.circuits.qasm_values import VERSION_2, Linear, Refused, Value, radians

SKIPPED = (ast.QuantumBarrier, ast.Pragma)
WORDS: dict[type[ast.QASMNode], str] = {
    ast.QuantumMeasurementStatement: "a measurement",
    ast.QuantumReset: "a reset",
    ast.AliasStatement: "an alias",
    ast.DelayInstruction: "a delay",
}
DEEPEST = 50
"""Definitions that call each other."""


class Limits(NamedTuple):
    """What a text may ask for."""

    qubits: int
    gates: int


@dataclass(frozen=True, eq=False)  # equal nodes in two places are two definitions
class Definition:
    """A gate that the text defines."""

    node: ast.QuantumGateDefinition
    number: int
    """How many were defined before it."""

    @property
    def name(self) -> str:
        """The gate's name."""
        return self.node.name.name


class Scope(NamedTuple):
    """What a gate's call can refer to."""

    places: Mapping[str, range]
    names: Mapping[str, Value]
    inside: tuple[Definition, ...]
    """The definitions that the call stands in, the innermost last."""


class Program:
    """What has been read so far."""

    def __init__(self, limits: Limits) -> None:
        self.parameters: list[str] = []
        self.parts: list[Part] = []
        self._limits = limits
        self._registers: dict[str, range] = {}
        self._physical = 0
        self._fixed: dict[str, Value] = dict(CONSTANTS)
        self._names: dict[str, Value] = dict(CONSTANTS)
        self._definitions: dict[str, Definition] = {}
        self._calls = 0

    @property
    def n(self) -> int:
        """Qubits: all registers one after the other, or physical ones up to the highest."""
        return self._physical or sum(map(len, self._registers.values()))

    def statement(self, node: ast.Statement | ast.Pragma) -> None:
        """Carry out the next statement.

        Raises:
            Refused: it cannot be part of a candidate, with its line.
        """
        with placed(node):
            match node:
                case ast.QuantumGate():
                    self._call(node, Scope(self._registers, self._names, ()))
                case ast.QuantumPhase():
                    self._phase(node, self._names)
                case ast.QubitDeclaration():
                    self._register(node)
                case ast.IODeclaration():
                    self._input(node)
                case ast.ConstantDeclaration():
                    self._constant(node)
                case ast.QuantumGateDefinition():
                    self._define(node)
                case ast.Include():
                    _check_include(node.filename)
                case ast.ClassicalDeclaration():
                    _check_declaration(node)
                case _:
                    if not isinstance(node, SKIPPED):
                        raise Refused(f"{_word(node)} cannot be part of a candidate")

    def _register(self, node: ast.QubitDeclaration) -> None:
        size = 1 if node.size is None else whole(node.size, self._fixed)
        self._check_new(node.qubit.name)
        if self._physical:
            raise Refused("a register beside physical qubits such as $0")
        first, most = self.n, self._limits.qubits
        if not 1 <= size <= most - first:
            raise Refused(f"{first + size} qubits, where 1 to {most} are read")
        self._registers[node.qubit.name] = range(first, first + size)

    def _input(self, node: ast.IODeclaration) -> None:
        number = isinstance(node.type, ast.FloatType | ast.AngleType)
        if node.io_identifier is not ast.IOKeyword["input"] or not number:
            raise Refused("parameters are declared as `input float NAME;` or `input angle NAME;`")
        name = node.identifier.name
        self._check_new(name)
        self.parameters.append(name)
        self._names[name] = Linear(0.0, {name: 1.0})

    def _constant(self, node: ast.ConstantDeclaration) -> None:
        name = node.identifier.name
        self._check_new(name)
        # A constant may be made of constants, not of parameters.
        value = evaluate(node.init_expression, self._fixed)
        self._fixed[name] = self._names[name] = converted(node.type, value, self._fixed)

    def _check_new(self, name: str) -> None:
        if name in self._registers or name in self._names:
            raise Refused(f"{name!r} is declared twice")

    def _define(self, node: ast.QuantumGateDefinition) -> None:
        name = node.name.name
        if name == "U":
            raise Refused("U is part of the language: give the gate another name")
        if name in self._definitions:
            raise Refused(f"the gate {name!r} is defined twice")
        own = [each.name for each in (*node.arguments, *node.qubits)]
        if len(set(own)) < len(own):
            raise Refused(f"two parameters or qubits of {name} have the same name")
        self._definitions[name] = Definition(node, len(self._definitions))

    def _phase(self, node: ast.QuantumPhase, names: Mapping[str, Value]) -> None:
        """A global phase, which no probability depends on; under a control it would be none."""
        _check_modifiers(node.modifiers)
        radians(evaluate(node.argument, names))

    def _call(self, node: ast.QuantumGate, scope: Scope) -> None:
        """A gate on qubits or whole registers."""
        _check_modifiers(node.modifiers)
        if node.duration is not None:
            raise Refused("gates of a given duration are not read")
        given = [self._qubits(each, scope) for each in node.qubits]
        angles = [radians(evaluate(each, scope.names)) for each in node.arguments]
        lengths = {len(each) for each in given if len(each) > 1}
        if len(lengths) > 1:
            raise Refused("registers of different lengths")
        for index in range(max(lengths, default=1)):
            # A single qubit beside registers meets each of their qubits.
            on = [each[index] if len(each) > 1 else each[0] for each in given]
            self._apply(node.name.name, on, angles, scope.inside)

    def _apply(
        self,
        name: str,
        on: Sequence[int],
        angles: Sequence[Linear],
        inside: tuple[Definition, ...],
    ) -> None:
        """One gate on one qubit each."""
        self._calls += 1
        # Definitions that double each other's work may add no gate at all: calls count, too.
        if self._calls > 3 * self._limits.gates or len(self.parts) > self._limits.gates:
            raise Refused(f"more than {self._limits.gates} gates")
        found = self._found(name, inside)
        if isinstance(found, BuiltIn):
            wanted = found.qubits, found.angles
        else:
            wanted = len(found.node.qubits), len(found.node.arguments)
        if (len(on), len(angles)) != wanted:
            qubits, turns = wanted
            takes = f"{name} takes {qubits} qubits and {turns} angles"
            raise Refused(f"{takes}, not {len(on)} and {len(angles)}")
        if len(set(on)) < len(on):
            raise Refused(f"{name} is given the same qubit twice")
        if isinstance(found, BuiltIn):
            parts = found.parts(tuple(on), angles)
            for part in parts:
                _check_parameters(part)
            self.parts += parts
        else:
            self._body(found, on, angles, inside)

    def _found(self, name: str, inside: tuple[Definition, ...]) -> BuiltIn | Definition:
        """What a name means where it is called.

        A gate of the file hides a built-in one from where it is defined on: what stood before it,
        the bodies of earlier definitions included, means the built-in gate.
        """
        own, built_in = self._definitions.get(name), BUILT_IN.get(name)
        if own is None and built_in is None:
            known = ", ".join(BUILT_IN)
            raise Refused(f"the gate {name!r} is none of {known}, and not defined above")
        if own is None:
            return BUILT_IN[name]
        later = len(inside) > 0 and own.number > inside[-1].number
        if later and built_in is not None:
            return built_in
        return own

    def _body(
        self,
        gate: Definition,
        on: Sequence[int],
        angles: Sequence[Linear],
        inside: tuple[Definition, ...],
    ) -> None:
        node = gate.node
        with placed(node):
            if gate in inside or len(inside) > DEEPEST:
                why = f"the definition of {gate.name} calls itself or is nested too deeply"
                raise Refused(why)
        places = {each.name: range(q, q + 1) for each, q in zip(node.qubits, on, strict=True)}
        own = {each.name: angle for each, angle in zip(node.arguments, angles, strict=True)}
        scope = Scope(places, {**self._fixed, **own}, (*inside, gate))
        for part in node.body:
            with placed(part):
                match part:
                    case ast.QuantumGate():
                        self._call(part, scope)
                    case ast.QuantumPhase():
                        self._phase(part, scope.names)
                    case _:
                        if not isinstance(part, SKIPPED):
                            raise Refused(f"{_word(part)} inside the definition of {gate.name}")

    def _qubits(self, node: ast.Identifier | ast.IndexedIdentifier, scope: Scope) -> range:
        match node:
            case ast.Identifier():
                return self._named(node.name, scope)
            case ast.IndexedIdentifier(indices=[[ast.Expression() as index]]):
                known = self._named(node.name.name, scope)
                place = whole(index, scope.names)
                # A negative place counts from the end.
                if not -len(known) <= place < len(known):
                    name = node.name.name
                    raise Refused(
                        f"{name}[{place}] is outside of {name}, which has {len(known)} qubits"
                    )
                return range(known[place], known[place] + 1)
            case ast.IndexedIdentifier(indices=[[ast.RangeDefinition()]]):
                raise Refused("sizes and places of qubits must be written as whole numbers")
            case _:
                raise Refused("qubits are given one by one, as q[0]")

    def _named(self, name: str, scope: Scope) -> range:
        if name in scope.places:
            return scope.places[name]
        if not name.startswith("$") or scope.inside:
            raise Refused(f"the qubits {name!r} are not declared")
        if self._registers:
            raise Refused(f"the physical qubit {name} beside a register")
        place, most = int(name[1:]), self._limits.qubits
        if place >= most:
            raise Refused(f"the physical qubit {name}, where $0 to ${most - 1} are read")
        self._physical = max(self._physical, place + 1)
        return range(place, place + 1)


def _word(node: ast.QASMNode) -> str:
    kind = type(node)
    return WORDS.get(kind, f"a statement of the kind {kind.__name__}")


def _check_modifiers(modifiers: Sequence[ast.QuantumGateModifier]) -> None:
    if modifiers:
        raise Refused(f"modifiers such as `{modifiers[0].modifier.name} @` are not read")


def _check_parameters(part: Part) -> None:
    for angle in part.angles:
        if len(angle.factors) > 1:
            raise Refused(f"an angle of several parameters, {', '.join(sorted(angle.factors))}")


def _check_include(filename: str) -> None:
    if filename == "qelib1.inc":
        raise Refused(f"qelib1.inc is of {VERSION_2}")
    if filename != "stdgates.inc":
        raise Refused(f"of all files only stdgates.inc can be included, not {filename!r}")


def _check_declaration(node: ast.ClassicalDeclaration) -> None:
    """Bits may wait for a measurement, which would be refused; other variables change."""
    if isinstance(node.init_expression, ast.QuantumMeasurement):
        raise Refused("a measurement cannot be part of a candidate")
    if not isinstance(node.type, ast.BitType) or node.init_expression is not None:
        raise Refused("variables are not read: declare it as `const`, or as `input float`")
