"""Expressions of OpenQASM 3 as values; needs the parser's package."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from openqasm3 import ast

from diffqas.circuits.qasm_values import (
    LINEAR,
    ONE_ARGUMENT,
    OPERATORS,
    TWO_ARGUMENTS,
    Linear,
    Refused,
    Value,
    Whole,
    negative,
    to_float,
    to_turn,
    to_whole,
)

CONSTANTS: dict[str, Value] = {
    "pi": Linear(math.pi),
    "π": Linear(math.pi),
    "tau": Linear(math.tau),
    "τ": Linear(math.tau),
    "euler": Linear(math.e),
    "ℇ": Linear(math.e),
}


@contextmanager
def placed(node: ast.QASMNode) -> Iterator[None]:
    """Let what is refused inside tell the line of `node`, unless it knows a nearer one."""
    try:
        yield
    except Refused as refusal:
        if refusal.line is None and node.span is not None:
            refusal.line = node.span.start_line
        raise


def evaluate(node: ast.Expression, names: Mapping[str, Value]) -> Value:
    """The value of an expression.

    Args:
        node: the expression.
        names: values of parameters and constants.

    Raises:
        Refused: it has none that is understood, with the line.
    """
    with placed(node):
        match node:
            case ast.IntegerLiteral():
                return to_whole(Whole(node.value), None, signed=True)
            case ast.FloatLiteral():
                return to_float(_literal(node.value), None)
            case ast.Identifier():
                if node.name not in names:
                    raise Refused(f"the parameter {node.name!r} is not declared")
                return names[node.name]
            case ast.UnaryExpression() if node.op.name == "-":
                return negative(evaluate(node.expression, names))
            case ast.BinaryExpression() if node.op.name in OPERATORS:
                left, right = evaluate(node.lhs, names), evaluate(node.rhs, names)
                return OPERATORS[node.op.name](left, right)
            case ast.FunctionCall():
                return _called(node, names)
            case ast.Cast():
                return converted(node.type, evaluate(node.argument, names), names, cast=True)
            case _:
                raise Refused(LINEAR)


def whole(node: ast.Expression, names: Mapping[str, Value]) -> int:
    """A whole number, for a size or a place."""
    with placed(node):
        rule = "sizes and places of qubits must be written as whole numbers"
        if isinstance(node, ast.RangeDefinition):
            raise Refused(rule)
        value = evaluate(node, names)
        if not isinstance(value, Whole):
            raise Refused(rule)
        return value.value


def converted(
    kind: ast.ClassicalType, value: Value, names: Mapping[str, Value], cast: bool = False
) -> Value:
    """A value as the type says: of a constant that is declared, or of a cast."""
    match kind:
        case ast.FloatType():
            return to_float(value, _bits(kind.size, names))
        case ast.IntType():
            return to_whole(value, _bits(kind.size, names), signed=True, cast=cast)
        case ast.UintType():
            return to_whole(value, _bits(kind.size, names), signed=False, cast=cast)
        case ast.AngleType():
            return to_turn(value, _bits(kind.size, names))
        case _:
            raise Refused("constants are of the type int, uint, float or angle")


def _literal(value: float) -> Linear:
    if not math.isfinite(value):
        raise Refused("an angle that is not finite")
    return Linear(value)


def _bits(size: ast.Expression | None, names: Mapping[str, Value]) -> int | None:
    if size is None:
        return None
    bits = whole(size, names)
    if not 1 <= bits <= 64:
        raise Refused(f"a type of {bits} bits, where 1 to 64 are read")
    return bits


def _called(node: ast.FunctionCall, names: Mapping[str, Value]) -> Value:
    name = node.name.name
    values = [evaluate(argument, names) for argument in node.arguments]
    if name in ONE_ARGUMENT and len(values) == 1:
        return ONE_ARGUMENT[name](values[0])
    if name in TWO_ARGUMENTS and len(values) == 2:
        return TWO_ARGUMENTS[name](values[0], values[1])
    known = ", ".join((*ONE_ARGUMENT, *TWO_ARGUMENTS))
    raise Refused(f"the function {name!r} of {len(values)} numbers is none of {known}")
