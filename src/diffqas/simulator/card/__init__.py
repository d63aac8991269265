"""Kernels of a card, in Triton, for the forms that a search spends its time on.

Triton comes with torch where torch comes with CUDA. Everything here gives the results of plain
torch up to round-off; the environment variable DIFFQAS_COMPILED=0 turns it off. Triton is not
imported before it is needed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec

from torch import Tensor

from diffqas.circuits import Candidate
from diffqas.simulator.pauli_plan import Size


def serves(tensor: Tensor) -> bool:
    """Whether the kernels compute with this tensor: it lies on a card, and Triton is there."""
    if not tensor.is_cuda or os.environ.get("DIFFQAS_COMPILED", "1") == "0":
        return False
    return _installed()


@cache
def _installed() -> bool:
    return find_spec("triton") is not None


def ry_amplitudes(candidates: Sequence[Candidate], angles: Tensor) -> Tensor:
    """Final amplitudes (batch, candidates, 2**n) of RY circuits, differentiable once.

    Angles are (batch, candidates or 1, depth, n), the sum of each qubit's angles in a layer.
    """
    from diffqas.simulator.card.real import amplitudes

    return amplitudes(candidates, angles)


def walsh(x: Tensor) -> Tensor:
    """Unnormalised Walsh-Hadamard transform of each row, (rows, 2**n), differentiable."""
    from diffqas.simulator.card.hadamard import transformed

    return transformed(x)


def coefficients(size: Size, angles: Tensor, weights: Tensor, output: Tensor) -> None:
    """Coefficients of encoded circuits, as the function of this name in `pauli_plain`."""
    from diffqas.simulator.card import pauli

    pauli.coefficients(size, angles, weights, output)


def gradients(
    size: Size, angles: Tensor, weights: Tensor, upstream: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradients of angles and weights, as the function of this name in `pauli_plain`."""
    from diffqas.simulator.card import pauli

    return pauli.gradients(size, angles, weights, upstream)
