"""Candidates of a searched quantum layer by what they contribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffqas.architecture import Ranking, fewer_rotations
from diffqas.errors import choose, require
from diffqas.layers.layer_checks import check_input
from diffqas.layers.perturbation import Loss, by_perturbation
from diffqas.simulator import observed

if TYPE_CHECKING:
    from diffqas.layers.quantum_layer import QuantumLayer

CRITERIA = ("weight", "perturbation")
"""The criteria by which candidates are kept."""

PROBES = 64
"""The number of samples over which a candidate's outputs vary, if none are given."""

AMPLITUDES = 2**22
"""The most amplitudes that are held at once when candidates are examined one by one."""


@torch.no_grad()
def layer_ranking(
    layer: QuantumLayer,
    by: str,
    x: Tensor | None,
    loss: Loss | None,
    added: Tensor | None = None,
) -> list[Ranking]:
    """Rankings of each row of structural weights; see `QuantumLayer.ranking`.

    Args:
        layer: a single layer.
        by: as in `QuantumLayer.ranking`.
        x: as in `QuantumLayer.ranking`.
        loss: as in `QuantumLayer.ranking`.
        added: the differences of the angles of the samples `x`, as in `QuantumLayer.forward`.

    Raises:
        ArgumentError: as in `QuantumLayer.ranking`, or the layer is a stack of several.
    """
    choose(by, CRITERIA, "by")
    require(not layer.lead, "layer", "be a single one", f"{layer.lead} stacked ones")
    if by == "weight":
        require(loss is None, "loss", "be left out unless by='perturbation'", "one")
        samples = _probes(layer) if x is None else x
        return layer.ranked_rows(_spreads(layer, samples, added))
    require(x is None, "x", "be left out unless by='weight': the loss runs the layer", "samples")
    rule = "be a function without arguments that gives the loss of the whole model"
    require(callable(loss), "loss", rule, loss)
    assert loss is not None
    alike = torch.ones_like(layer.weights)  # the loss decides, not how much an output varies
    return by_perturbation(layer, layer.ranked_rows(alike), loss)


def _probes(layer: QuantumLayer) -> Tensor:
    draw = torch.Generator().manual_seed(0)
    normal = torch.randn(PROBES, layer.inputs, generator=draw, dtype=torch.float64)
    return normal.to(layer.angles)


def _spreads(layer: QuantumLayer, x: Tensor, added: Tensor | None) -> Tensor:
    """Standard deviations of outputs over samples (samples, inputs), (rows, candidates of one)."""
    check_input(layer, x)
    require(x.dim() == 2, "x", f"have the shape (samples, {layer.inputs})", tuple(x.shape))
    require(len(x) >= 2, "x", "hold at least two samples", len(x))
    # NaN would rank candidates in an arbitrary order without any warning.
    require(bool(x.isfinite().all()), "x", "be finite", "inf or nan")
    inputs = layer.encoded(x)
    at_once = max(1, AMPLITUDES // (len(x) << layer.n))
    found: list[Tensor] = []
    for start in range(0, len(layer.candidates), at_once):
        space = layer.candidates[start : start + at_once]
        angles = layer.angles
        if layer.separate:
            angles = angles[start : start + at_once]
        own = fewer_rotations(layer.candidates, space, angles)
        if added is not None:
            more = fewer_rotations(layer.candidates, space, added)
            # One set for each sample; beside it the candidates', where these have their own.
            own = own + (more.unsqueeze(1) if layer.separate else more)
        values = observed(
            space,
            inputs,
            own,
            layer.observables,
            outputs=layer.outputs,
            coefficients=layer.coefficients,
            uploads=layer.uploads * layer.encodings,
            separate=layer.separate,
        )
        found.append(values.var(0, correction=0))
    variances = torch.cat(found).T
    # Root mean square over outputs: variances add up, standard deviations do not.
    if layer.structured == "layer":
        variances = variances.mean(0, keepdim=True)
    return variances.sqrt().gather(1, layer.choice)
