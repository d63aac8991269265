"""Which parameters of an OpenQASM text are inputs, and which of its gates encode them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from diffqas.circuits.gate import Gate
from diffqas.circuits.qasm_values import Refused

INPUT = re.compile(r"x(\d+)")
"""The name of an input unless names are given: x and its number, such as x0."""


def input_places(declared: Sequence[str], named: Sequence[str] | None, n: int) -> dict[str, int]:
    """Which encoding angle each input is, by its name.

    Args:
        declared: all parameters of the text.
        named: the inputs in their order; None takes those called x0, x1, ..., by their numbers.
        n: qubits, each of which has one encoding angle.

    Raises:
        Refused: an input that is not declared, one beyond the qubits, or a number left out.

    >>> input_places(["a", "x1", "x0"], None, 2), input_places(["a", "x0"], ["a"], 2)
    ({'x1': 1, 'x0': 0}, {'a': 0})
    """
    if named is not None:
        for name in named:
            if name not in declared:
                raise Refused(f"the input {name!r} is not declared")
        places = {name: place for place, name in enumerate(named)}
    else:
        places = _numbered(declared)
    beyond = [name for name, place in places.items() if place >= n]
    if beyond:
        raise Refused(f"the input {beyond[0]!r}, where {n} qubits take {n} inputs, counted from 0")
    # A number that is left out would be an input that nothing depends on.
    missing = set(range(len(places))) - set(places.values())
    if missing:
        raise Refused(f"the inputs {', '.join(places)} without x{min(missing)}")
    return places


def _numbered(declared: Iterable[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for name in declared:
        found = INPUT.fullmatch(name)
        if found is None:
            continue
        place = int(found[1])
        if place in places.values():
            raise Refused(f"the input {place} is declared twice")
        places[name] = place
    return places


class Parts(NamedTuple):
    """The gates of a text: those of one upload of the data, and those of a layer."""

    encoding: tuple[Gate, ...]
    layer: tuple[Gate, ...]


def parted(gates: Iterable[Gate]) -> Parts:
    """Part the gates of a text into those of one upload, which come first, and those of a layer.

    An upload has all gates up to the last one with an input, except gates with a learned angle and
    gates that must follow these. The exceptions belong to the layer. They act on other qubits than
    the inputs that follow, so that their order makes no difference.

    Raises:
        Refused: an input stands behind a learned angle, or both are in one gate.

    >>> from diffqas.circuits.gate import InputSlot, Slot
    >>> first = [Gate("rx", (0,), InputSlot(0)), Gate("ry", (0,), Slot(0))]
    >>> second = [Gate("rx", (1,), InputSlot(1)), Gate("ry", (1,), Slot(1))]
    >>> [[gate.name for gate in part] for part in parted([*first, *second])]
    [['rx', 'rx'], ['ry', 'ry']]
    """
    listed = list(gates)
    last = max((place for place, gate in enumerate(listed) if gate.encodes), default=-1)
    encoding: list[Gate] = []
    layer: list[Gate] = []
    waiting: set[int] = set()
    for place, gate in enumerate(listed):
        if gate.learned and gate.encodes:
            raise Refused(f"an input and a learned angle in one gate, {gate.name}")
        waits = gate.learned or not waiting.isdisjoint(gate.qubits)
        if waits and gate.encodes:
            raise Refused(
                f"an input behind a learned angle, in {gate.name} on qubit {gate.qubits[0]}: "
                "end the text before it, and repeat the data by `uploads`"
            )
        if waits or place > last:
            layer.append(gate)
            waiting.update(gate.qubits)
        else:
            encoding.append(gate)
    return Parts(tuple(encoding), tuple(layer))
