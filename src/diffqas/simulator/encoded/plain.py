"""Encoded circuits in plain torch, on any device."""

from __future__ import annotations

from torch import Tensor

from diffqas.simulator.encoded.evolution import evolved
from diffqas.simulator.encoded.plan import EncodedPlan
from diffqas.simulator.encoded.readout import read
from diffqas.simulator.encoded.unitaries import encoding_unitaries, layer_unitaries


def outputs(
    plan: EncodedPlan,
    inputs: Tensor,
    angles: Tensor,
    weights: Tensor | None,
    coefficients: Tensor | None,
) -> Tensor:
    """Outputs of the canonical form that `diffqas.simulator.encoded.plan` describes."""
    states = evolved(plan, encoding_unitaries(plan, inputs), layer_unitaries(plan, angles))
    return read(plan.terms, states, weights, coefficients)
