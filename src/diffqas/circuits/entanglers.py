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
    qubits = [q for pair in pairs for q in pair]
    proper = all(isinstance(q, Integral) and not isinstance(q, bool) and q >= 0 for q in qubits)
    proper = proper and all(control != target for control, target in pairs)
    require(proper, "entangler", rule, repr(entangler))
    return tuple((int(control), int(target)) for control, target in pairs)


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
    require(
        highest < n,
        "entangler",
        f"use qubits 0..{n - 1} on a circuit of {n} qubits",
        f"qubit {highest}",
    )
    return entangler
