"""OpenQASM 3 text as gates, read as data by the reference parser; nothing in it is executed.

These are understood: qubit registers and physical qubits, `input float` and `input angle`,
constants, the gates of the language, of stdgates.inc and of the text, and angles that are linear in
one parameter. Everything else is refused with its line. A parameter is a learned angle, or an input
(`diffqas.circuits.qasm_inputs`).
"""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from diffqas.circuits.gate import Angle, Gate, InputSlot, Slot
from diffqas.circuits.qasm_inputs import Parts, input_places, parted
from diffqas.circuits.qasm_values import VERSION_2, Linear, Refused
from diffqas.errors import DataError

if TYPE_CHECKING:
    from openqasm3.ast import Program as Tree

    from diffqas.circuits.qasm_program import Program

MISSING = "The parser of OpenQASM is not installed: run `pip install 'diffqas[qasm]'`."
MOST_GATES, MOST_CHARACTERS, MOST_QUBITS = 20_000, 2_000_000, 64
MOST_BYTES = 2**23
"""The most bytes of a file that is read."""
COMMENTS = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
VERSION = re.compile(r"OPENQASM\s+(\d+)")


@dataclass(frozen=True)
class Circuit:
    """What a text says.

    Attributes:
        n: qubits, all registers one after the other.
        parameters: names of the learned angles, in the order of their declaration.
        inputs: names of the parameters that encode data, by their places.
        parts: gates in the order in which they act; learned angle i is the slot `divmod(i,
            rotations_per_qubit)`.
    """

    n: int
    parameters: tuple[str, ...]
    inputs: tuple[str, ...]
    parts: Parts

    @property
    def rotations_per_qubit(self) -> int:
        """Angles of one qubit that hold all parameters."""
        return max(1, -(-len(self.parameters) // self.n))


@lru_cache(maxsize=64)
def read_circuit(text: str, source: str, inputs: tuple[str, ...] | None = None) -> Circuit:
    """The circuit that a text describes.

    Args:
        text: OpenQASM 3.
        source: what the text is called in errors.
        inputs: names of the parameters that encode data, in their order; None takes those called
            x0, x1, ...

    Raises:
        DataError: the parser is not installed, or something is not understood, with source and
            line.
    """
    text = text.removeprefix("\ufeff")  # a byte order mark
    if len(text) > MOST_CHARACTERS:
        raise DataError(
            f"{source} has {len(text)} characters, more than the {MOST_CHARACTERS} that are read."
        )
    try:
        _check_version(text, source)
        tree = _parsed(text, source)
        from diffqas.circuits.qasm_program import Limits, Program  # needs the parser's package

        program = Program(Limits(MOST_QUBITS, MOST_GATES))
        for statement in tree.statements:
            program.statement(statement)
        return _circuit(program, inputs)
    except Refused as refusal:
        where = source if refusal.line is None else f"{source}, line {refusal.line}"
        raise DataError(f"{where}: {refusal.why}.") from None
    except RecursionError:
        raise DataError(f"{source}: nested too deeply to be read.") from None


def _check_version(text: str, source: str) -> None:
    """Refuse what is no OpenQASM 3 by its own words, before it is parsed as such."""
    comments = COMMENTS.match(text)
    start = comments.end() if comments else 0
    if start == len(text):
        raise DataError(f"{source} is empty.")
    found = VERSION.match(text, start)
    if found is None or int(found[1]) == 3:
        return
    known = int(found[1]) == 2
    refusal = Refused(VERSION_2 if known else f"OpenQASM {found[1]}, where version 3 is read")
    refusal.line = 1 + text.count("\n", 0, start)
    raise refusal


def _parsed(text: str, source: str) -> Tree:
    try:
        from openqasm3.parser import QASM3ParsingError, parse
    except ImportError:
        raise DataError(MISSING) from None
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # the lexer prints there, too
            return parse(text)
    except QASM3ParsingError as error:
        raise DataError(f"{source}, {_syntax(error)}.") from None
    # What the parser does not foresee.
    except (ValueError, AttributeError, IndexError, OverflowError) as error:
        kind = type(error).__name__
        raise DataError(f"{source} is not OpenQASM 3 ({kind} in its parser).") from None


def _syntax(error: Exception) -> str:
    """Line and sign where the parser stopped."""
    cause = next(iter(getattr(error.__cause__, "args", ())), None)
    token = getattr(cause, "offendingToken", None)
    if token is not None:
        return f"line {token.line}: not OpenQASM 3, at {token.text!r}"
    # The lexer's words: `L3:C2: token recognition error at: ..`.
    place = re.match(r"L(\d+):C\d+: (.*)", str(error), re.DOTALL)
    if place is not None:
        return f"line {place[1]}: not OpenQASM 3, {place[2]}"
    return str(error) or "not OpenQASM 3"


def _circuit(program: Program, named: tuple[str, ...] | None) -> Circuit:
    if program.n < 1:
        raise Refused("no `qubit[n] q;` is declared")
    data = input_places(program.parameters, named, program.n)
    parameters = tuple(name for name in program.parameters if name not in data)
    inputs = tuple(sorted(data, key=data.__getitem__))
    r = Circuit(program.n, parameters, inputs, Parts((), ())).rotations_per_qubit
    # Learned angles fill (n, r) row by row.
    places = {name: divmod(index, r) for index, name in enumerate(parameters)}

    def angle(linear: Linear) -> Angle:
        for name, factor in linear.factors.items():  # one at most
            if name in data:
                return InputSlot(data[name], factor, linear.offset)
            return Slot(*places[name], factor, linear.offset)
        return linear.offset

    gates: list[Gate] = []
    for name, qubits, linears in program.parts:
        angles = tuple(angle(linear) for linear in linears)
        several = len(angles) > 1
        gates.append(Gate(name, qubits, angles if several else next(iter(angles), None)))
    return Circuit(program.n, parameters, inputs, parted(gates))
