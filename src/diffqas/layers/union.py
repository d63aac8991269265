"""Layers that keep different candidates of one search, as one layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from diffqas.circuits import SearchSpace
from diffqas.errors import require
from diffqas.layers.quantum_layer import QuantumLayer
from diffqas.layers.searched_circuits import stacked


def united(layers: Sequence[QuantumLayer]) -> QuantumLayer:
    """Stack layers that may differ in their candidates, as `QuantumLayer.stacked` does.

    The result has the circuits of all layers, and each layer weighs only its own. The angles must
    be shared. If every circuit had its own angles, those of other layers' circuits would count
    among a layer's numbers.

    Raises:
        ArgumentError: the layers differ in more than numbers and candidates, or have separate
            angles.
    """
    choices = [dict(layer.state_choices()) for layer in layers]
    if all(own == choices[0] for own in choices):
        return QuantumLayer.stacked(layers)
    rule = "share angles if they keep different candidates"
    require(not layers[0].separate, "layers", rule, "separate ones")
    every = [candidate for layer in layers for candidate in layer.candidates]
    space = SearchSpace(dict.fromkeys(every))
    places = {candidate: place for place, candidate in enumerate(space)}
    together = stacked([_among(layer, space) for layer in layers])
    own = [[[places[candidate] for candidate in row] for row in layer.spaces] for layer in layers]
    # Every layer has places of its own, (layers, rows, candidates of a row).
    together.choice = layers[0].choice.new_tensor(own)
    together.in_order = False
    return together


@torch.no_grad()
def _among(layer: QuantumLayer, space: SearchSpace) -> QuantumLayer:
    """A layer whose circuits are more than it weighs."""
    more = layer.alike(space).to(layer.angles)
    more.angles = nn.Parameter(_padded(layer.angles, more.angles), layer.angles.requires_grad)
    more.structure = nn.Parameter(layer.structure.clone(), layer.structure.requires_grad)
    for name in ("coefficients", "factors"):
        if getattr(layer, name) is not None:
            more.get_parameter(name).copy_(layer.get_parameter(name))
    more.places = layer.places.clone()
    more.progress = layer.progress
    more.training_noise = layer.training_noise
    return more.train(layer.training)


def _padded(angles: Tensor, like: Tensor) -> Tensor:
    """Angles (depth, n) or (depth, n, r), with zeros for rotations that only others have."""
    full = torch.zeros_like(like)
    if angles.dim() == like.dim() == 2:
        return full + angles
    own = angles if angles.dim() == 3 else angles.unsqueeze(-1)
    full[..., : own.shape[-1]] = own
    return full
