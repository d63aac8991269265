"""Machine code for the forms of Table I, if numba is installed (`pip install 'diffqas[fast]'`).

The results are those of plain torch up to round-off. The environment variable DIFFQAS_COMPILED=0
turns the machine code off. Nothing here imports numba before it is needed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache, lru_cache

from torch import Tensor

from diffqas.circuits import COMPLEX, GENERAL, Candidate, SearchSpace, form

MIN_QUBITS = 3
"""A vector holds the amplitudes of three qubits."""


def available() -> bool:
    """Whether numba can be imported and is not turned off."""
    return os.environ.get("DIFFQAS_COMPILED", "1") != "0" and _installed()


@cache
def _installed() -> bool:
    try:
        import numba  # noqa: F401
    except ImportError:  # not there, or at odds with the numpy that is
        return False
    return True


def members(space: SearchSpace, angles: Tensor) -> list[int]:
    """Indices of the compiled candidates for angles (batch, candidates or 1, depth, n, r)."""
    if angles.device.type != "cpu" or angles.shape[3] < MIN_QUBITS or not available():
        return []
    return _without_complex_amplitudes(space)


@lru_cache(maxsize=32)
def _without_complex_amplitudes(space: SearchSpace) -> list[int]:
    return [
        index for index, candidate in enumerate(space) if form(candidate) not in (COMPLEX, GENERAL)
    ]


def stored_rows(space: SearchSpace, depth: int, n: int) -> int:
    """Vectors of amplitudes that the kernels hold for one step of one seed."""
    from diffqas.simulator.compiled.plan import plan  # needs the compiler

    return plan(space, depth, n)[1]


def mixture(space: SearchSpace, angles: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum of the probabilities: weights (batch, candidates) -> (batch, 2**n)."""
    from diffqas.simulator.compiled.function import weighted_probabilities

    return weighted_probabilities(space, angles, weights, together=True)


def probabilities(space: SearchSpace, angles: Tensor) -> Tensor:
    """Probabilities of every candidate, (batch, candidates, 2**n)."""
    from diffqas.simulator.compiled.function import weighted_probabilities

    ones = angles.new_ones(angles.shape[0], len(space))
    return weighted_probabilities(space, angles, ones, together=False)


def serves_layers(candidates: Sequence[Candidate], angles: Tensor) -> bool:
    """Whether there are kernels for circuits of such layers, at angles (batch, depth, n, r)."""
    here = angles.device.type == "cpu" and angles.shape[2] >= MIN_QUBITS and available()
    # Of a layer all rotations must be about one axis.
    return here and all(len(set(candidate.rotations)) == 1 for candidate in candidates)


def layered_probabilities(
    candidates: Sequence[Candidate], angles: Tensor, choice: Tensor
) -> Tensor:
    """Probabilities of circuits with a candidate for each layer, (batch, 2**n)."""
    from diffqas.simulator.compiled.layered import probabilities as layered

    return layered(tuple(candidates), angles, choice)
