"""Encoded circuits in plain torch, on any device."""

from __future__ import annotations

from torch import Tensor

from diffqas.simulator.encoded.evolution import evolved
from diffqas.simulator.encoded.plan import EncodedPlan
from diffqas.simulator.encoded.readout import read
from diffqas.simulator.encoded.unitaries import (
    encoding_unitaries,
    layer_unitaries,
    product_states,
)


def outputs(
    plan: EncodedPlan,
    inputs: Tensor,
    angles: Tensor,
    weights: Tensor | None,
    coefficients: Tensor | None,
) -> Tensor:
    """Outputs of the canonical form that `diffqas.simulator.encoded.plan` describes."""
    encodings = encoding_unitaries(plan, inputs)
    starts = product_states(plan, encodings[:, :, :, 0])
    states = evolved(plan, starts, encodings[:, :, :, 1:], layer_unitaries(plan, angles))
    return read(plan.terms, states, weights, coefficients)
