"""Encoded circuits in plain torch, on any device."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor

from diffqas.simulator.encoded.evolution import evolved
from diffqas.simulator.encoded.plan import EncodedPlan
from diffqas.simulator.encoded.readout import read
from diffqas.simulator.encoded.unitaries import (
    encoding_unitaries,
    layer_unitaries,
    product_states,
)

LARGEST = 2**24
"""Amplitudes that are on their way at once; of more candidates some after the others."""


def outputs(
    plan: EncodedPlan,
    inputs: Tensor,
    angles: Tensor,
    weights: Tensor | None,
    coefficients: Tensor | None,
) -> Tensor:
    """Outputs of the canonical form that `diffqas.simulator.encoded.plan` describes."""
    sets, samples = inputs.shape[:2]
    most = max(1, LARGEST // (sets * samples * 2**plan.n))
    count = len(plan.circuits)
    if count <= most:
        return _together(plan, inputs, angles, weights, coefficients)
    # The final states of all candidates stay for the way back, what works on them does not.
    found = []
    for first in range(0, count, most):
        some = slice(first, first + most)
        own = angles if angles.shape[1] == 1 else angles[:, some]
        chosen = None if weights is None else weights[:, :, some]
        part = _some_of(plan, first, first + most)
        found.append(_together(part, inputs, own, chosen, coefficients))
    return torch.cat(found, dim=1) if weights is None else sum(found[1:], start=found[0])


def _together(
    plan: EncodedPlan,
    inputs: Tensor,
    angles: Tensor,
    weights: Tensor | None,
    coefficients: Tensor | None,
) -> Tensor:
    return read(plan.terms, states(plan, inputs, angles), weights, coefficients)


def states(plan: EncodedPlan, inputs: Tensor, angles: Tensor) -> Tensor:
    """Final states (G, candidates, 2**n, B) of all candidates at once."""
    encodings = encoding_unitaries(plan, inputs)
    starts = product_states(plan, encodings[:, :, :, 0])
    return evolved(plan, starts, encodings[:, :, :, 1:], layer_unitaries(plan, angles))


@lru_cache(maxsize=256)
def _some_of(plan: EncodedPlan, first: int, last: int) -> EncodedPlan:
    return replace(plan, circuits=plan.circuits[first:last])
