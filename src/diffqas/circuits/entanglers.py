"""Entanglers as data: which CNOTs stand in one layer, in order.

A name stands for a rule that gives the CNOTs for any number of qubits; a user's own entangler is
the list of its (control, target) pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Integral
from typing import TypeAlias

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


def _none(n: int) -> list[Cnot]:
    return []


ENTANGLERS: dict[str, Callable[[int], list[Cnot]]] = {
    "ent": _brick,
    "ring": _ring,
    "chain": _chain,
    "none": _none,
}


def normalise_entangler(entangler: str | Iterable[Iterable[int]]) -> Entangler:
    """Return a hashable, validated entangler: a known name, or a tuple of (control, target) pairs.

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


def cnots(entangler: Entangler, n: int) -> tuple[Cnot, ...]:
    """CNOTs (control, target) of one layer on `n` qubits, in the order in which they act.

    `ent` is the brick of the paper's "Ent", `ring` its "Cyc" (arXiv 2505.09653, Fig. 3).
    With one qubit there is nothing to entangle.

    >>> cnots("ent", 5)
    ((0, 1), (2, 3), (1, 2), (3, 4))
    >>> cnots("ring", 3)
    ((0, 1), (1, 2), (2, 0))
    """
    require(isinstance(n, int) and n >= 1, "n", "be at least 1 qubit", n)
    if isinstance(entangler, str):
        return tuple(ENTANGLERS[choose(entangler, ENTANGLERS, "entangler")](n))
    if n == 1:
        return ()
    highest = max((max(pair) for pair in entangler), default=0)
    rule = f"use qubits 0..{n - 1} on a circuit of {n} qubits"
    require(highest < n, "entangler", rule, f"qubit {highest}")
    return entangler
