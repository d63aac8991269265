"""Entanglers as data: which two-qubit gates stand in one layer, in order.

A name stands for a rule that gives the gates for any number of qubits. A user's own entangler is a
list of CNOTs as (control, target) pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Integral
from typing import NamedTuple, TypeAlias

from diffqas.circuits.gate import Gate
from diffqas.errors import ArgumentError, choose, require

Cnot: TypeAlias = tuple[int, int]
Entangler: TypeAlias = str | tuple[Cnot, ...]


def _chain(n: int) -> list[Cnot]:
    return [(q, q + 1) for q in range(n - 1)]


def _brick(n: int) -> list[Cnot]:
    # Pairs that begin at an even qubit share none, nor do the others: two rows of bricks.
    return _chain(n)[0::2] + _chain(n)[1::2]


def _ring(n: int) -> list[Cnot]:
    return [(q, (q + 1) % n) for q in range(n)] if n > 1 else []


def _circle(n: int) -> list[Cnot]:
    # A CZ has no direction: on two qubits the way back would undo the way there.
    return _ring(n) if n > 2 else _chain(n)


def _star(n: int) -> list[Cnot]:
    return [(0, q) for q in range(1, n)]


def _all(n: int) -> list[Cnot]:
    return [(p, q) for p in range(n) for q in range(p + 1, n)]


def _none(n: int) -> list[Cnot]:
    return []


class Pattern(NamedTuple):
    """What a name of `ENTANGLERS` stands for: one two-qubit gate on pairs of qubits."""

    gate: str
    pairs: Callable[[int], list[Cnot]]


ENTANGLERS: dict[str, Pattern] = {
    "ent": Pattern("cx", _brick),
    "ring": Pattern("cx", _ring),
    "chain": Pattern("cx", _chain),
    "none": Pattern("cx", _none),
    "star": Pattern("cx", _star),
    "all": Pattern("cx", _all),
    # Gates CZ commute: a brick of them would be the chain.
    "cz-chain": Pattern("cz", _chain),
    "cz-ring": Pattern("cz", _circle),
    "cz-star": Pattern("cz", _star),
    "cz-all": Pattern("cz", _all),
}
"""All entanglers by name; `ent` is the brick pattern of the papers."""

CNOT_ENTANGLERS = tuple(name for name, pattern in ENTANGLERS.items() if pattern.gate == "cx")
"""The entanglers of CNOTs, which permute basis states; circuits without data take no others."""


def normalise_entangler(entangler: str | Iterable[Iterable[int]]) -> Entangler:
    """Return a hashable, validated entangler: a known name, or a tuple of (control, target) pairs.

    Raises:
        ArgumentError: the name is unknown, or a pair is not of two different qubits.

    >>> normalise_entangler([[0, 2], [2, 1]])
    ((0, 2), (2, 1))
    """
    if isinstance(entangler, str):
        return choose(entangler, ENTANGLERS, "entangler")
    rule = "be a name or a list of (control, target) pairs of different, non-negative qubits"
    try:
        pairs = tuple((control, target) for control, target in entangler)
    except (TypeError, ValueError):
        raise ArgumentError(f"Argument `entangler` must {rule}, but got {entangler!r}.") from None
    require(all(map(_proper, pairs)), "entangler", rule, repr(entangler))
    return tuple((int(control), int(target)) for control, target in pairs)


def _proper(pair: tuple[object, object]) -> bool:
    """Whether a pair is two different, non-negative whole numbers, of Python or numpy."""
    for qubit in pair:
        if not isinstance(qubit, Integral) or isinstance(qubit, bool) or qubit < 0:
            return False
    control, target = pair
    return control != target


def entangling(entangler: Entangler, n: int) -> tuple[Gate, ...]:
    """The two-qubit gates of one layer on `n` qubits, in the order in which they act.

    `ent` is the brick pattern "Ent" of the paper, and `ring` its "Cyc" (arXiv 2505.09653, Fig. 3).
    In a `star`, qubit 0 is the control of all others. In `all`, every pair has a gate with the
    lower qubit as control. Names with `cz` have CZ gates. One qubit alone has no gates.

    Raises:
        ArgumentError: an unknown name, `n` below 1, or a pair that needs more qubits.

    >>> [gate.qubits for gate in entangling("star", 4)]
    [(0, 1), (0, 2), (0, 3)]
    """
    require(isinstance(n, int) and n >= 1, "n", "be at least 1 qubit", n)
    if isinstance(entangler, str):
        pattern = ENTANGLERS[choose(entangler, ENTANGLERS, "entangler")]
        return tuple(Gate(pattern.gate, pair) for pair in pattern.pairs(n))
    if n == 1:
        return ()
    highest = max((max(pair) for pair in entangler), default=0)
    rule = f"use qubits 0..{n - 1} on a circuit of {n} qubits"
    require(highest < n, "entangler", rule, f"qubit {highest}")
    return tuple(Gate("cx", pair) for pair in entangler)


def cnots(entangler: Entangler, n: int) -> tuple[Cnot, ...]:
    """CNOTs (control, target) of one layer on `n` qubits, in the order in which they act.

    Raises:
        ArgumentError: as in `entangling`, or the layer has other gates than CNOTs.

    >>> cnots("ent", 5)
    ((0, 1), (2, 3), (1, 2), (3, 4))
    >>> cnots("ring", 3)
    ((0, 1), (1, 2), (2, 0))
    """
    gates = entangling(entangler, n)
    others = {gate.name for gate in gates} - {"cx"}
    rule = "be made of CNOTs here (a QuantumLayer takes others, too)"
    require(not others, "entangler", rule, repr(entangler))
    pairs: list[Cnot] = []
    for gate in gates:
        control, target = gate.qubits
        pairs.append((control, target))
    return tuple(pairs)


def entangler_title(entangler: Entangler) -> str:
    """The words for an entangler in the name of a candidate.

    >>> entangler_title("cz-ring"), entangler_title(((0, 2), (2, 1)))
    ('CZ-Ring', 'CX(0>2,2>1)')
    """
    if not isinstance(entangler, str):
        # Different lists of CNOTs need different names, for results are filed under them.
        return f"CX({','.join(f'{control}>{target}' for control, target in entangler)})"
    prefix, dash, pattern = entangler.rpartition("-")
    return f"{prefix.upper()}{dash}{pattern.capitalize()}"
