"""Adam in the eigenbasis of the gradient's covariance.

All weights of a generated network are sums of the same few numbers, so gradients with respect to
these are strongly correlated, and Adam, which scales each by itself, has to be slow in all of them.
SOAP (Vyas et al., arXiv 2409.11321) runs Adam in the eigenbasis of the gradients' covariance. For
ordinary networks that covariance has to be approximated, layer by layer, by a Kronecker product;
for the hundreds of numbers of a generator it is simply stored.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

MEMORY = 0.99
"""Decay rate of the covariance."""

WARM_UP = 100
"""Steps over which the learning rate rises: the eigenbasis of few gradients is noise."""

REFRESH = 10
"""Steps between two new bases; at the start, for twice as many steps, each has its own."""

FLOOR = 0.03
"""Added to the denominator in units of its largest entry: directions without gradient stay where
they are.
"""

MOST_NUMBERS = 2048
"""Decomposing a covariance takes the cube of this."""


class EigenbasisAdam:
    """Adam's direction in the eigenbasis of the gradients seen so far, in float64.

    Args:
        lead: leading dimensions, one entry per independent copy.
        count: numbers of each.
        betas: decay rates of the moments.
        like: tensor whose device is taken.
    """

    def __init__(
        self, lead: tuple[int, ...], count: int, betas: tuple[float, float], like: Tensor
    ) -> None:
        self.betas = betas
        self.steps = 0
        kind: dict[str, Any] = {"dtype": torch.float64, "device": like.device}
        self.mean = torch.zeros(*lead, count, **kind)
        self.square = torch.zeros(*lead, count, **kind)
        self.covariance = torch.zeros(*lead, count, count, **kind)
        self.basis = torch.eye(count, **kind).repeat(*lead, 1, 1)

    def direction(self, gradient: Tensor) -> Tensor:
        """Adam's step before the rate, (*lead, count), after one more gradient of that shape."""
        self.steps += 1
        first, second = self.betas
        # The covariance of gradients, E[g g^T], whose eigenvectors are the basis.
        outer = gradient.unsqueeze(-1) * gradient.unsqueeze(-2)
        self.covariance = MEMORY * self.covariance + (1 - MEMORY) * outer
        if self.steps <= 2 * REFRESH or self.steps % REFRESH == 0:
            self._turn()
        # Adam in the eigenbasis: the mean is kept in the old coordinates and turned when it is
        # used, the squares are kept in the basis (Vyas et al. 2024, arXiv 2409.11321).
        self.mean = first * self.mean + (1 - first) * gradient
        self.square = second * self.square + (1 - second) * _apply(self.basis.mT, gradient).square()
        mean = _apply(self.basis.mT, self.mean) / (1 - first**self.steps)
        root = (self.square / (1 - second**self.steps)).sqrt()
        floor = FLOOR * root.amax(-1, keepdim=True)
        return _apply(self.basis, mean / (root + floor).clamp(min=torch.finfo(root.dtype).tiny))

    def _turn(self) -> None:
        """Turn to the eigenbasis of the present covariance; squares follow as if uncorrelated."""
        basis = torch.linalg.eigh(self.covariance).eigenvectors
        self.square = _apply((basis.mT @ self.basis).square(), self.square)
        self.basis = basis

    def state_dict(self) -> dict[str, Any]:
        """Covariances, bases, moments and the number of steps done.

        Covariances and bases are (*lead, count, count), moments (*lead, count).
        """
        return {name: getattr(self, name) for name in _STATE}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave."""
        for name in _STATE:
            value = state_dict[name]
            setattr(self, name, value.to(self.mean) if isinstance(value, Tensor) else value)


_STATE = ("steps", "mean", "square", "covariance", "basis")


def _apply(matrices: Tensor, vectors: Tensor) -> Tensor:
    """(..., k, n), (..., n) -> (..., k)."""
    return (matrices @ vectors.unsqueeze(-1)).squeeze(-1)
