"""The probabilities of a mixture; only the states are kept for the way back."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from diffqas.simulator.born import squared
from diffqas.simulator.encoded.folded import Wanted, call


def mixed_probabilities(states: Tensor, weights: Tensor) -> Tensor:
    """Sums over the candidates j of w_j |psi_j|^2, differentiable once.

    Args:
        states: (G, candidates, 2**n, B), real or complex.
        weights: (G, candidates).

    Returns:
        (G, 2**n, B)
    """
    return call(_Mixing(), states, weights)


class _Mixing:
    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """The mixture."""
        states, weights = tensors
        total = weights.new_zeros(len(states), *states.shape[2:])
        for state, weight in zip(states.unbind(1), weights.unbind(1), strict=True):
            total.addcmul_(squared(state), weight[:, None, None])
        return (total,)

    def kept(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """All."""
        return tensors

    def backward(
        self, wanted: Wanted, kept: Sequence[Tensor], results: object, upstream: Tensor
    ) -> tuple[Tensor, ...]:
        """The cotangents of states and weights: d|psi|^2 = 2 Re(psi* d psi)."""
        states, weights = kept
        gradients = []
        if wanted[0]:
            cotangent = torch.empty_like(states, memory_format=torch.contiguous_format)
            for place, weight in enumerate(weights.unbind(1)):
                above = upstream * (2 * weight[:, None, None])
                torch.mul(states[:, place], above, out=cotangent[:, place])
            gradients.append(cotangent)
        if wanted[1]:
            each = [(squared(state) * upstream).sum((1, 2)) for state in states.unbind(1)]
            gradients.append(torch.stack(each, dim=1))
        return tuple(gradients)
