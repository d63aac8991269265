"""What a search space computes at one size, as plain numbers, made once and kept.

The canonical form that plain torch and machine code share. G counts sets of angles (seeds, say), B
the samples that each set sees:

    inputs        (G, B, uploads, n)
    angles        (G, candidates or 1, depth, n, r)
    weights       (G, R, candidates), R = 1 for all outputs alike or R = outputs; or None
    coefficients  (G, outputs, K), the trained numbers of the observables; or None
    result        (G, B, outputs); without weights (G, candidates, B, outputs)

The circuit: |0..0>, Hadamards or not, then `uploads` times: every qubit is turned by its input
(one angle for all encoding rotations), and `depth / uploads` layers follow, each the entangler's
map of the basis states and then the rotations of every qubit by its angles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffqas.circuits import AnyObservables, Candidate, layer_map
from diffqas.simulator.encoded.terms import Terms, terms_of


class Circuit(NamedTuple):
    """One candidate as plain data."""

    hadamard: bool
    encodings: tuple[str, ...]
    """Rotations of each qubit by its input, in the order in which they act."""
    entangler: int
    """Row of `EncodedPlan.sources` and `EncodedPlan.signs`."""
    rotations: tuple[str, ...]
    """Rotations of each qubit by its angles, in the order in which they act."""


@dataclass(frozen=True, eq=False)
class EncodedPlan:
    """Candidates of one arithmetic, real or complex, at one size, with what is read of them.

    Plans are made by `encoded_plan`, which keeps them: two are equal if they are the same object,
    so that what is made of a plan can be kept by it.
    """

    n: int
    depth: int
    uploads: int
    circuits: tuple[Circuit, ...]
    sources: NDArray[np.int64]
    """(entanglers, 2**n): a layer makes new[s] = signs[s] * old[sources[s]] of the amplitudes."""
    signs: NDArray[np.int64] | None
    """(entanglers, 2**n) of 1 and -1; None if no entangler changes a sign."""
    terms: Terms
    """What is read of the final states."""

    @property
    def real(self) -> bool:
        """Whether all amplitudes are real: RY, Hadamards, CNOT and CZ only."""
        return all(map(real_arithmetic, self.circuits))

    @property
    def layers(self) -> int:
        """Layers behind each upload."""
        return self.depth // self.uploads


class Size(NamedTuple):
    """What a plan is made for, beside the candidates."""

    n: int
    depth: int
    uploads: int
    observables: AnyObservables
    outputs: int


@lru_cache(maxsize=64)
def encoded_plan(candidates: tuple[Candidate, ...], size: Size) -> EncodedPlan:
    """The plan of candidates with data encoding, all real or all complex."""
    maps: dict[bytes, int] = {}
    sources: list[NDArray[np.int64]] = []
    signs: list[NDArray[np.int64]] = []
    circuits = []
    for candidate in candidates:
        source, sign = layer_map(candidate, size.n)
        if sign is None:
            sign = np.ones_like(source)
        # Different names may stand for the same map, as ring and chain do on one qubit.
        key = source.tobytes() + sign.tobytes()
        if key not in maps:
            maps[key] = len(maps)
            sources.append(source)
            signs.append(sign)
        axes = candidate.encodings, maps[key], candidate.rotations
        circuits.append(Circuit(candidate.hadamard, *axes))
    stacked = np.stack(signs)
    return EncodedPlan(
        size.n,
        size.depth,
        size.uploads,
        tuple(circuits),
        np.stack(sources),
        None if (stacked == 1).all() else stacked,
        terms_of(size.observables, size.n, size.outputs),
    )


def real_arithmetic(circuit: Circuit | Candidate) -> bool:
    """Whether a circuit never leaves the real numbers: exp(-i t/2 Y) is a real matrix."""
    return set(circuit.encodings) | set(circuit.rotations) <= {"ry"}


def by_arithmetic(candidates: Mapping[int, Candidate]) -> list[tuple[int, ...]]:
    """Places of the candidates with real amplitudes, and of the others; empty ones left out."""
    kinds: dict[bool, list[int]] = {True: [], False: []}
    for place, candidate in candidates.items():
        kinds[real_arithmetic(candidate)].append(place)
    return [tuple(places) for places in kinds.values() if places]
