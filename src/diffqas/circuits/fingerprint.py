"""Equality of candidates with data encoding as functions, decided by arithmetic modulo a prime.

The outputs are polynomials of degree one in the cosine and sine of each angle and of each input,
and different polynomials are different functions. They are compared by their values at two points
where cosines and sines are random residues. Two different polynomials have equal values at both
points with a probability below 1e-14 (Schwartz and Zippel).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from diffqas.circuits.candidate import Candidate
from diffqas.circuits.encodings import ONE, shown
from diffqas.circuits.paulis import Ints, Program

PRIME = 2**31 - 1
POINTS = 2


def fingerprint(candidate: Candidate, programs: Sequence[Program], n: int) -> Hashable:
    """A key that is equal for candidates which are the same function of inputs and shared angles.

    The programs are those of the outputs.

    >>> from diffqas.circuits.paulis import program
    >>> rx, ry = (Candidate(encoding=encoding, rotation="rz") for encoding in ("rx", "ry"))
    >>> programs = [program((), ("rz",), 1, 1, 0)]
    >>> fingerprint(rx, programs, 1) == fingerprint(ry, programs, 1)
    True
    """
    features = np.stack([_residues(0, q, 3) for q in range(n)], axis=1)
    features[..., ONE] = 1
    # Cosine and sine are drawn apart: 1, cos and sin are linearly independent, so polynomials of
    # degree one in them are equal functions only if they are equal polynomials.
    marks = []
    for found in programs:
        values = np.zeros((POINTS, len(found.x)), np.int64)
        values[:, 0] = 1
        # The program's plane rotations, with residues for cosine and sine. Every product is reduced
        # before the sum: two numbers below 2**31 fit an int64 once multiplied, not twice.
        for step in found.steps:
            cos, sin = _residues(1, step.layer, step.qubit, step.rotation, 2).T[..., None]
            p, q = found.pairs[step.start : step.stop].T
            one, two = values[:, p], values[:, q]
            values[:, p] = (cos * one + sin * two % PRIME) % PRIME
            values[:, q] = (cos * two - sin * one % PRIME) % PRIME
        strings = shown(candidate, found.x, found.z, n)
        total = values[:, strings.slots] * found.sign[strings.slots] * strings.signs % PRIME
        for q in range(n):
            total = total * features[:, q][:, strings.features[:, q]] % PRIME
        marks.append(tuple((total.sum(1) % PRIME).tolist()))
    return tuple(marks)


def _residues(*seed_and_shape: int) -> Ints:
    """Random residues that depend on the place only, so that all candidates share them."""
    *seed, count = seed_and_shape
    return np.random.default_rng(seed).integers(1, PRIME, (POINTS, count))
