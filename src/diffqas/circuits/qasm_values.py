"""Numbers as OpenQASM 3 types them: integers, floats that may depend on parameters, fixed angles.

Two integers make an integer, so that `1/2` is 0; a float on either side makes a float, so that
`t/2` is half of `t`. Nothing is guessed: where the language leaves a result open, or its tools
disagree, the expression is refused.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

VERSION_2 = (
    "OpenQASM 2, where version 3 is read: convert it, for example by Qiskit's "
    "`qasm3.dumps(qasm2.load(FILE))`"
)
LINEAR = "an angle must be a number or linear in one parameter, such as -2*a + pi/2"


class Refused(Exception):
    """Something that is not understood.

    Attributes:
        why: the reason.
        line: where it stands; None until somebody who knows the place has caught it.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
        self.line: int | None = None


@dataclass(frozen=True)
class Whole:
    """An `int`, or a `uint` if not signed."""

    value: int
    signed: bool = True


@dataclass(frozen=True)
class Linear:
    """A `float`: the sum of all factor * parameter, and an offset. Without factors, a number."""

    offset: float
    factors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """A constant `angle` in radians, from 0 to below 2 pi."""

    value: float


Value: TypeAlias = Whole | Linear | Turn


def radians(value: Value) -> Linear:
    """What a gate is given."""
    if isinstance(value, Turn):
        return Linear(value.value)
    return _linear(value)


def negative(value: Value) -> Value:
    """-value."""
    if isinstance(value, Whole):
        return _whole(-value.value, value.signed)
    return scaled(_linear(value), -1.0)


def add(left: Value, right: Value) -> Value:
    """Left + right."""
    if isinstance(left, Whole) and isinstance(right, Whole):
        return _whole(left.value + right.value, left.signed and right.signed)
    return _sum(_linear(left), _linear(right))


def subtract(left: Value, right: Value) -> Value:
    """Left - right."""
    if isinstance(left, Whole) and isinstance(right, Whole):
        return _whole(left.value - right.value, left.signed and right.signed)
    return _sum(_linear(left), scaled(_linear(right), -1.0))


def multiply(left: Value, right: Value) -> Value:
    """Left * right, one of them a number."""
    if isinstance(left, Whole) and isinstance(right, Whole):
        return _whole(left.value * right.value, left.signed and right.signed)
    a, b = _linear(left), _linear(right)
    if b.factors:
        a, b = b, a
    return scaled(a, number(b))


def divide(left: Value, right: Value) -> Value:
    """Left / right; of two integers, the integer part."""
    if isinstance(left, Whole) and isinstance(right, Whole):
        quotient, _ = _divided(left, right, "/")
        return _whole(quotient, left.signed and right.signed)
    a, b = _linear(left), number(_linear(right))
    if b == 0:
        raise Refused(f"{LINEAR}, not a division by 0")
    # Not a product with 1/b, which is rounded once more.
    return _finite(a.offset / b, {name: factor / b for name, factor in a.factors.items()})


def modulo(left: Value, right: Value) -> Value:
    """Left % right of integers."""
    if isinstance(left, Whole) and isinstance(right, Whole):
        _, rest = _divided(left, right, "%")
        return _whole(rest, left.signed and right.signed)
    raise Refused("`%` is defined of integers only: write `mod(x, y)` for floats")


def power(left: Value, right: Value) -> Value:
    """Left ** right of numbers."""
    if isinstance(left, Whole) and isinstance(right, Whole):
        if right.value < 0:
            raise Refused("an integer to a negative power: write the base with a point, as 2.0")
        if abs(left.value) > 1 and right.value > 64:  # not computed: it would fill the memory
            raise Refused("an integer of more than 64 bits")
        return _whole(left.value**right.value, left.signed)
    return _computed(math.pow, number(_linear(left)), number(_linear(right)))


def _mod(left: Value, right: Value) -> Value:
    if isinstance(left, Whole) and isinstance(right, Whole):
        return modulo(left, right)
    a, b = number(_linear(left)), number(_linear(right))
    if a < 0 or b < 0:
        raise Refused("the sign of `mod` of negative numbers differs between tools")
    return _computed(math.fmod, a, b)


def _of_float(function: Callable[[float], float]) -> Callable[[Value], Value]:
    return lambda value: _computed(function, number(radians(value)))


ONE_ARGUMENT: dict[str, Callable[[Value], Value]] = {
    "sin": _of_float(math.sin),
    "cos": _of_float(math.cos),
    "tan": _of_float(math.tan),
    "arcsin": _of_float(math.asin),
    "arccos": _of_float(math.acos),
    "arctan": _of_float(math.atan),
    "exp": _of_float(math.exp),
    "log": _of_float(math.log),
    "sqrt": _of_float(math.sqrt),
    "floor": _of_float(math.floor),
    "ceiling": _of_float(math.ceil),
}
TWO_ARGUMENTS: dict[str, Callable[[Value, Value], Value]] = {"mod": _mod}
"""The language's functions of numbers, but for `pow`, which its grammar keeps for a modifier."""

OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": modulo,
    "**": power,
}


def to_float(value: Value, bits: int | None) -> Linear:
    """A number as `float[bits]`."""
    exact = number(radians(value))
    if bits is None or bits == 64:
        return Linear(exact)
    if bits not in (16, 32):
        raise Refused(f"float[{bits}]: floats of 16, 32 and 64 bits are read")
    code = "e" if bits == 16 else "f"
    try:
        (rounded,) = struct.unpack(code, struct.pack(code, exact))
    except OverflowError:
        raise Refused(f"{exact:g} does not fit into float[{bits}]") from None
    return Linear(rounded)


def to_whole(value: Value, bits: int | None, signed: bool, cast: bool = False) -> Whole:
    """A number as `int[bits]` or `uint[bits]`; a cast cuts off what stands behind the point."""
    if isinstance(value, Whole):
        return _whole(value.value, signed, bits)
    exact = number(_linear(value))
    if not cast and not exact.is_integer():
        raise Refused(f"{exact:g} is no whole number")
    return _whole(math.trunc(exact), signed, bits)


def to_turn(value: Value, bits: int | None) -> Turn:
    """A number as `angle[bits]`: modulo 2 pi, in steps of 2 pi / 2**bits."""
    share = number(radians(value)) / math.tau % 1.0
    if bits is not None:
        share = round(share * 2**bits) % 2**bits / 2**bits
    return Turn(share * math.tau)


def scaled(linear: Linear, by: float) -> Linear:
    """By * linear."""
    factors = {name: factor * by for name, factor in linear.factors.items()}
    return _finite(linear.offset * by, factors)


def number(linear: Linear) -> float:
    """A float that depends on no parameter."""
    if linear.factors:
        raise Refused(LINEAR)
    return linear.offset


def _linear(value: Value) -> Linear:
    if isinstance(value, Whole):
        return Linear(float(value.value))
    if isinstance(value, Turn):
        # The language computes with angles modulo 2 pi, in steps of their last bit.
        raise Refused("arithmetic with a constant `angle` is not read: declare it as `float`")
    return value


def _sum(left: Linear, right: Linear) -> Linear:
    factors = dict(left.factors)
    for name, factor in right.factors.items():
        factors[name] = factors.get(name, 0.0) + factor
    return _finite(left.offset + right.offset, factors)


def _finite(offset: float, factors: Mapping[str, float]) -> Linear:
    if not all(map(math.isfinite, (offset, *factors.values()))):
        raise Refused("an angle that is not finite")
    # A parameter times 0 is none: `1/2*t` is the number 0.
    return Linear(offset, {name: factor for name, factor in factors.items() if factor != 0})


def _computed(function: Callable[..., float], *numbers: float) -> Linear:
    try:
        return _finite(float(function(*numbers)), {})
    except (ValueError, OverflowError, ZeroDivisionError):
        given = ", ".join(f"{each:g}" for each in numbers)
        raise Refused(f"{function.__name__} has no finite real value at {given}") from None


def _whole(value: int, signed: bool, bits: int | None = None) -> Whole:
    """An integer that fits its type; 64 bits where the text does not say how many."""
    size = 64 if bits is None else bits
    least, most = (-(2 ** (size - 1)), 2 ** (size - 1) - 1) if signed else (0, 2**size - 1)
    if not least <= value <= most:
        kind = "int" if signed else "uint"
        raise Refused(f"{value} does not fit into {kind}[{size}]")
    return Whole(value, signed)


def _divided(left: Whole, right: Whole, operator: str) -> tuple[int, int]:
    """Quotient and remainder."""
    if right.value == 0:
        raise Refused(f"{LINEAR}, not a division by 0")
    quotient, rest = divmod(left.value, right.value)
    # C rounds towards 0, Qiskit downwards, and the language's text leaves it open.
    if rest != 0 and (left.value < 0 or right.value < 0):
        shown = f"{left.value} {operator} {right.value}"
        why = "leaves a remainder, which tools round differently where an integer is negative"
        raise Refused(f"{shown} {why}: write one with a point, as 2.0")
    return quotient, rest
