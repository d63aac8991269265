"""Circuits with data computed exactly, by arithmetic modulo a prime.

Every amplitude is a polynomial in cosines and sines of half angles. These are rational functions of
the tangent t of the quarter angle: cos = (1 - t**2) / (1 + t**2), sin = 2 t / (1 + t**2). So
outputs are rational functions of the tangents, which can be computed in any field with square roots
of -1 and of 2. Here the field is that of the residues modulo a prime that is 1 modulo 8. Two
outputs that are the same function have equal values there. Two different outputs have equal values
at a random place with a probability of at most their degree divided by the prime (Schwartz and
Zippel). This is below 1e-5 for circuits of a thousand rotations, and below 1e-10 at two places.

Such a field has no conjugation. Therefore a second copy of the state is computed with -i in the
place of i, and an expectation is a sum of products of the two.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np

from diffqas.circuits.candidate import Candidate
from diffqas.circuits.evidence import Evidence
from diffqas.circuits.observables import AnyObservables, PauliStrings, Z
from diffqas.circuits.paulis import Ints
from diffqas.circuits.permutations import layer_map

PRIME = 2_147_483_497
"""The largest prime below 2**31 that is 1 modulo 8: products of two residues fit an int64."""
IMAGINARY = 415_680_079
"""A residue whose square is -1."""
ROOT = 974_023_842
"""A residue whose square is 2."""
PLACES = 2
"""Random places at which circuits are compared."""
MAX_RESIDUE_QUBITS = 10
"""The most qubits of circuits that are computed so: one takes 60 ms at ten qubits and depth 4."""


def residue_evidence(
    candidate: Candidate,
    n: int,
    depth: int,
    outputs: int,
    uploads: int,
    observables: AnyObservables,
) -> Evidence:
    """What the outputs depend on, found by changing one input, or all angles, at a time.

    >>> residue_evidence(Candidate(encoding="ry"), 2, 1, 2, 1, Z())[:3]
    ((0, 1), True, None)
    """
    # Rows of the batch: the place itself; n rows in each of which one input differs; one in which
    # all angles differ; and one in which every upload has inputs of its own.
    r = candidate.rotations_per_qubit
    states = _states(candidate, _inputs(n, uploads), _angles(n, depth, r))
    values = _readings(states, n, outputs, observables).reshape(n + 3, PLACES, -1)
    changed = (values != values[0]).any((1, 2))
    seen = tuple(np.flatnonzero(changed[1 : n + 1]).tolist())
    trains = bool(changed[n + 1])
    constant = None
    if not seen and not trains:
        constant = _constant(values[0, 0], observables)
    # Equal for inputs that are scaled in each upload, too.
    return Evidence(seen, trains, constant, values[-1].tobytes())


Pair: TypeAlias = tuple[Ints, Ints]


@lru_cache(maxsize=32)
def _inputs(n: int, uploads: int) -> Pair:
    """Cosines and sines of half the inputs, (rows * places, uploads, n) each."""
    first, other = _drawn(0, 0, uploads, n), _drawn(0, 1, uploads, n)
    same = np.broadcast_to(first[:, :1], first.shape)
    rows = [same]
    for q in range(n):
        changed = same.copy()
        changed[..., q] = other[:, :1, q]
        rows.append(changed)
    rows += [same, first]
    return _circle(np.concatenate(rows))


@lru_cache(maxsize=32)
def _angles(n: int, depth: int, r: int) -> Pair:
    """Cosines and sines of half the angles, (rows * places, depth, n, r) each."""
    first, other = _drawn(1, 0, depth, n, r), _drawn(1, 1, depth, n, r)
    return _circle(np.concatenate([first] * (n + 1) + [other, first]))


def _constant(values: Ints, observables: AnyObservables) -> tuple[int, ...]:
    """Values of outputs that are constant; none of those with trained numbers."""
    if not isinstance(observables, (Z, PauliStrings)) or observables.numbers(1, 1) is not None:
        return ()
    # They are those at angles and inputs 0, where Hadamards, CNOTs and CZs alone remain. Such a
    # stabiliser state has Pauli strings of the means 0, 1 and -1 only.
    return tuple(-1 if value == PRIME - 1 else int(value) for value in values)


def _drawn(seed: int, variant: int, *shape: int) -> Ints:
    """Random tangents (places, *shape) that all candidates share, by their place in the circuit.

    A candidate with fewer rotations than another uses the first ones.
    """
    *outer, last = shape
    result = np.empty((PLACES, *shape), np.int64)
    for index in np.ndindex(*outer):
        for k in range(last):
            draw = np.random.default_rng((seed, variant, *index, k))
            result[(slice(None), *index, k)] = draw.integers(1, PRIME, PLACES)
    return result


def _circle(tangents: Ints) -> Pair:
    """Cosine and sine of half an angle, from the tangent of its quarter."""
    squares = tangents * tangents % PRIME
    inverse = _inverse((1 + squares) % PRIME)
    return (1 - squares) % PRIME * inverse % PRIME, 2 * tangents * inverse % PRIME


def _inverse(values: Ints) -> Ints:
    """By Fermat: the power PRIME - 2. Of 0, which has none and is drawn hardly ever, 0."""
    result, power, exponent = np.ones_like(values), values, PRIME - 2
    while exponent:
        if exponent & 1:
            result = result * power % PRIME
        power, exponent = power * power % PRIME, exponent >> 1
    return result


def _states(candidate: Candidate, encoded: Pair, turned: Pair) -> Ints:
    """Amplitudes and their conjugates (rows, 2, 2**n).

    Inputs are (rows, uploads, n), angles (rows, depth, n, r), as cosines and sines of their halves.
    """
    places, depth, n, _ = turned[0].shape
    uploads = encoded[0].shape[1]
    state = np.zeros((places, 2, 2**n), np.int64)
    state[..., 0] = 1
    if candidate.hadamard:
        # Every amplitude is 1 / sqrt(2)**n.
        state[:] = pow(ROOT, -n, PRIME)
    entangler = layer_map(candidate, n)
    for layer in range(depth):
        group = depth // uploads
        if layer % group == 0:
            for q in range(n):
                for axis in candidate.encodings:
                    cos, sin = (part[:, layer // group, q] for part in encoded)
                    state = _rotated(state, axis, q, n, cos, sin)
        state = state[..., entangler.sources]
        if entangler.signs is not None:
            state = state * entangler.signs % PRIME
        for q in range(n):
            for k, axis in enumerate(candidate.rotations):
                cos, sin = (part[:, layer, q, k] for part in turned)
                state = _rotated(state, axis, q, n, cos, sin)
    return state


def _rotated(state: Ints, axis: str, q: int, n: int, cos: Ints, sin: Ints) -> Ints:
    """The states after exp(-i angle/2 P) on qubit q, by cosine and sine of half the angle."""
    split = state.reshape(len(state), 2, 2**q, 2, 2 ** (n - 1 - q))
    zero, one = split[:, :, :, 0], split[:, :, :, 1]
    c, s = (part[:, None, None, None] for part in (cos, sin))
    if axis == "ry":
        parts = (c * zero - s * one) % PRIME, (s * zero + c * one) % PRIME
        return np.stack(parts, axis=3).reshape(state.shape)
    # i of the state, -i of its conjugate.
    unit = np.array([IMAGINARY, PRIME - IMAGINARY]).reshape(1, 2, 1, 1)
    turn = s * unit % PRIME
    if axis == "rx":
        parts = (c * zero - turn * one) % PRIME, (c * one - turn * zero) % PRIME
    else:
        parts = (c - turn) % PRIME * zero % PRIME, (c + turn) % PRIME * one % PRIME
    return np.stack(parts, axis=3).reshape(state.shape)


def _readings(states: Ints, n: int, outputs: int, observables: AnyObservables) -> Ints:
    """All that the outputs are made of, (places, numbers).

    They are means of Pauli strings, or the reduced density matrices of the windows: what is
    trained multiplies them.
    """
    if isinstance(observables, Z):
        qubits = [support[0] for support in observables.supports(n, outputs)]
        strings = ["I" * q + "Z" + "I" * (n - 1 - q) for q in qubits]
        return np.stack([_mean(states, string) for string in strings], axis=1)
    if isinstance(observables, PauliStrings):
        wanted = observables.strings if observables.trained else observables.strings[:outputs]
        return np.stack([_mean(states, string) for string in wanted], axis=1)
    diagonal = observables.diagonal
    found = [_reduced(states, window, n, diagonal) for window in observables.supports(n, outputs)]
    return np.concatenate(found, axis=1)


def _mean(states: Ints, string: str) -> Ints:
    """The mean of a Pauli string, (places,)."""
    flip, signs, unit = _string(string)
    acted = states[:, 0, flip] * signs % PRIME
    return (states[:, 1] * acted % PRIME).sum(1) % PRIME * unit % PRIME


@lru_cache(maxsize=256)
def _string(string: str) -> tuple[Ints, Ints, int]:
    """(P psi)[x] = unit * signs[x] * psi[flip[x]]."""
    n = len(string)
    basis = np.arange(2**n)
    flip, signs, unit = basis, np.ones(2**n, np.int64), 1
    for q, letter in enumerate(string):
        bit = basis >> (n - 1 - q) & 1
        if letter in "XY":
            flip = flip ^ 1 << (n - 1 - q)
        if letter in "ZY":
            signs = signs * (1 - 2 * bit)
        if letter == "Y":
            # (Y psi)[0] = -i psi[1] and (Y psi)[1] = i psi[0].
            unit = unit * (PRIME - IMAGINARY) % PRIME
    return flip, signs, unit


def _reduced(states: Ints, window: tuple[int, ...], n: int, diagonal: bool) -> Ints:
    """The reduced density matrix of a window, or its diagonal, as (places, entries)."""
    axes = [2 + q for q in window]
    split = states.reshape(len(states), 2, *[2] * n)
    front = np.moveaxis(split, axes, range(2, 2 + len(window)))
    parts = front.reshape(len(states), 2, 2 ** len(window), -1)
    state, conjugate = parts[:, 0], parts[:, 1]
    if diagonal:
        return (state * conjugate % PRIME).sum(-1) % PRIME
    rows = [(row[:, None] * conjugate % PRIME).sum(-1) % PRIME for row in state.swapaxes(0, 1)]
    return np.concatenate(rows, axis=1)
