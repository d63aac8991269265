"""Arrays that describe a search space to the kernels, computed once per space and size."""

from __future__ import annotations

from collections.abc import Sequence
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
from diffqas.simulator.compiled.layers import PIECE
from diffqas.simulator.compiled.regions import ABOVE, ALONE, backward_phases, forward_phases
from diffqas.simulator.compiled.walsh_tiles import RX_BACKWARD_PHASES, RX_FORWARD_PHASES

BLOCK = 8
_CODES = {UNIFORM: kernels.UNIFORM, ZERO: kernels.ZERO, REAL: kernels.RY, WALSH: kernels.RX}


class Plan(NamedTuple):
    """Per candidate, unless said otherwise."""

    kind: NDArray[np.int64]
    """How its probabilities come about: one of the kernels' codes."""
    live: NDArray[np.int64]
    """Those that hold amplitudes; the longest work first."""
    row: NDArray[np.int64]
    """Its first row of amplitudes; RX has two, the real and the imaginary part."""
    used: NDArray[np.int64]
    """How many of a qubit's angles it uses; rotations about one axis add up."""
    layer: NDArray[np.int64]
    """Where its CNOTs stand in the last three arrays; their inverse stands one further."""
    strings: NDArray[np.int64]
    """(candidates, depth, n), X-strings of RX circuits."""
    units: int
    """What the phases of a candidate's work are cut into; 1 for a small state."""
    forward_phases: NDArray[np.int64]
    """Phases of each of the live candidates; nothing looks at them where a state is one piece."""
    backward_phases: NDArray[np.int64]
    blocks: NDArray[np.int64]
    """(permutations, blocks of a piece): where amplitude k of a block of eight is taken from is
    pieces[p, piece] ^ blocks[p, block] ^ offsets[p, k]. The first permutation is the identity.
    """
    pieces: NDArray[np.int64]
    """(permutations, pieces)"""
    offsets: NDArray[np.int64]
    """(permutations, 8)"""


@lru_cache(maxsize=32)
def plan(space: SearchSpace, depth: int, n: int) -> tuple[Plan, int]:
    """The plan, and how many rows of amplitudes it fills.

    Every candidate must have a form in `_CODES`.
    """
    kinds = [_code(candidate) for candidate in space]
    rows = np.cumsum([0, *((kind >= kernels.RY) + (kind == kernels.RX) for kind in kinds)])
    cnots = [candidate.cnots(n) for candidate in space]
    distinct: list[tuple[Cnot, ...]] = list(dict.fromkeys(cnots))
    blocks, pieces, offsets = permutations(orders(distinct), n)
    strings = np.zeros((len(space), depth, n), np.int64)
    for index, (kind, pairs) in enumerate(zip(kinds, cnots, strict=True)):
        if kind == kernels.RX:
            strings[index] = walsh_strings(pairs, n, depth)
    live = _live(kinds)
    phases = np.array([_phases(kinds[index], depth, n) for index in live], np.int64).reshape(-1, 2)
    arrays = Plan(
        kind=np.array(kinds),
        live=np.array(live, np.int64),
        row=rows[:-1],
        used=np.array([len(candidate.rotations) for candidate in space]),
        layer=np.array([1 + 2 * distinct.index(pairs) for pairs in cnots]),
        strings=strings,
        units=2 ** min(ABOVE, max(0, n - ALONE)),
        forward_phases=phases[:, 0].copy(),
        backward_phases=phases[:, 1].copy(),
        blocks=blocks,
        pieces=pieces,
        offsets=offsets,
    )
    return arrays, int(rows[-1])


def orders(distinct: Sequence[tuple[Cnot, ...]]) -> list[tuple[Cnot, ...]]:
    """CNOTs of no layer, then of each where its amplitudes come from, and the inverse of that."""
    return [(), *(order for pairs in distinct for order in (pairs[::-1], pairs))]


def permutations(
    every: Sequence[tuple[Cnot, ...]], n: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Blocks, pieces and offsets of permutations, as in `Plan`."""
    # CNOTs are linear over GF(2): P(a xor b) = P(a) xor P(b). Of a permutation only the first block
    # and the first entry of every block and piece: the whole of it is larger than a state.
    piece = min(n, PIECE)
    inside = np.arange(BLOCK)
    firsts = np.arange(0, 2**piece, BLOCK)
    high = np.arange(2 ** (n - piece)) << piece
    blocks, pieces, offsets = (
        np.stack([apply_cnots(places, order, n) for order in every])
        for places in (firsts, high, inside)
    )
    return blocks, pieces, offsets


def _live(kinds: list[int]) -> list[int]:
    real = [index for index, kind in enumerate(kinds) if kind in (kernels.RY, kernels.H_RY)]
    return real + [index for index, kind in enumerate(kinds) if kind == kernels.RX]


def _phases(kind: int, depth: int, n: int) -> tuple[int, int]:
    """How many phases a candidate's work has, forward and backward."""
    if kind != kernels.RX:
        return forward_phases(n, depth), backward_phases(n, depth)
    return (RX_FORWARD_PHASES, RX_BACKWARD_PHASES) if n > ALONE else (1, 1)


def _code(candidate: Candidate) -> int:
    code = _CODES[form(candidate)]
    return kernels.H_RY if code == kernels.RY and candidate.hadamard else code
