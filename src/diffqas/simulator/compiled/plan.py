"""Arrays that describe a search space to the kernels, computed once per space and size."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffqas.circuits import (
    REAL,
    UNIFORM,
    WALSH,
    ZERO,
    Candidate,
    Cnot,
    SearchSpace,
    apply_cnots,
    form,
    walsh_strings,
)
from diffqas.simulator.compiled import kernels

BLOCK = 8
_CODES = {UNIFORM: kernels.UNIFORM, ZERO: kernels.ZERO, REAL: kernels.RY, WALSH: kernels.RX}


class Plan(NamedTuple):
    """Per candidate, unless said otherwise."""

    kind: NDArray[np.int64]
    """How its probabilities come about: one of the kernels' codes."""
    row: NDArray[np.int64]
    """Its first row of amplitudes; RX has two, the real and the imaginary part."""
    used: NDArray[np.int64]
    """How many of a qubit's angles it uses; rotations about one axis add up."""
    layer: NDArray[np.int64]
    """Where its CNOTs stand in `base` and `offsets`; their inverse stands one further."""
    strings: NDArray[np.int64]
    """(candidates, depth, n), X-strings of RX circuits."""
    base: NDArray[np.int64]
    """(permutations, 2**n / 8): amplitude k of a block is taken from base ^ offsets[k]."""
    offsets: NDArray[np.int64]
    """(permutations, 8); the first permutation is the identity."""


@lru_cache(maxsize=32)
def plan(space: SearchSpace, depth: int, n: int) -> tuple[Plan, int]:
    """The plan, and how many rows of amplitudes it fills.

    Every candidate must have a form in `_CODES`.
    """
    kinds = [_code(candidate) for candidate in space]
    rows = np.cumsum([0, *((kind >= kernels.RY) + (kind == kernels.RX) for kind in kinds)])
    cnots = [candidate.cnots(n) for candidate in space]
    distinct: list[tuple[Cnot, ...]] = list(dict.fromkeys(cnots))
    # CNOTs are linear over GF(2): P(8 b + k) = P(8 b) xor P(k).
    # Of a permutation only every block's first entry and the first block: the whole of it is larger
    # than a state.
    firsts, inside = np.arange(0, 2**n, BLOCK), np.arange(min(BLOCK, 2**n))
    orders: list[tuple[Cnot, ...]] = [
        (),
        *(order for pairs in distinct for order in (pairs[::-1], pairs)),
    ]
    strings = np.zeros((len(space), depth, n), np.int64)
    for index, (kind, pairs) in enumerate(zip(kinds, cnots, strict=True)):
        if kind == kernels.RX:
            strings[index] = walsh_strings(pairs, n, depth)
    arrays = Plan(
        kind=np.array(kinds),
        row=rows[:-1],
        used=np.array([len(candidate.rotations) for candidate in space]),
        layer=np.array([1 + 2 * distinct.index(pairs) for pairs in cnots]),
        strings=strings,
        base=np.stack([apply_cnots(firsts, order, n) for order in orders]),
        offsets=np.stack([apply_cnots(inside, order, n) for order in orders]),
    )
    return arrays, int(rows[-1])


def _code(candidate: Candidate) -> int:
    code = _CODES[form(candidate)]
    return kernels.H_RY if code == kernels.RY and candidate.hadamard else code
