"""Adam in the eigenbasis of the gradient's covariance.

All weights of a generated network depend on the same few numbers. So the gradients with respect to
these numbers are strongly correlated, and Adam, which scales each number by itself, has to be slow
in all of them. SOAP (Vyas et al., arXiv 2409.11321) runs Adam in the eigenbasis of the gradients'
covariance. For ordinary networks that covariance has to be approximated, layer by layer, by a
Kronecker product. For the hundreds of numbers of a generator it is simply stored.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from diffqas.optim.host_numbers import Number

MEMORY = 0.99
"""The decay rate of the covariance."""

WARM_UP = 100
"""Steps over which the learning rate rises, as the eigenbasis of few gradients is noise."""

REFRESH = 10
"""The usual steps between two new bases. With this interval, each of the first 20 steps has one."""

FLOOR = 0.03
"""The number added to the denominator, relative to its largest entry, so that directions without a
gradient do not move.
"""

MOST_NUMBERS = 2048
"""The most numbers; the time to decompose a covariance grows with their cube."""


class EigenbasisAdam:
    """Adam's direction in the eigenbasis of the gradients seen so far, in float64.

    Args:
        lead: the leading dimensions, one entry per independent copy.
        count: the number of numbers of each copy.
        betas: the decay rates of the moments.
        like: a tensor on the device that is to be used.
        every: the steps between two new bases.
    """

    def __init__(
        self,
        lead: tuple[int, ...],
        count: int,
        betas: tuple[float, float],
        like: Tensor,
        every: int = REFRESH,
    ) -> None:
        self.betas, self.every = betas, every
        self.steps = 0
        kind: dict[str, Any] = {"dtype": torch.float64, "device": like.device}
        self.mean = torch.zeros(*lead, count, **kind)
        self.square = torch.zeros(*lead, count, **kind)
        self.covariance = torch.zeros(*lead, count, count, **kind)
        self.basis = torch.eye(count, **kind).repeat(*lead, 1, 1)

    def direction(self, gradient: Tensor) -> Tensor:
        """Adam's step before the rate, (*lead, count), after one more gradient of that shape."""
        self.observe(gradient)
        self.steps += 1
        if self.due:
            self.turn()
        return self.along(gradient, *self.corrections)

    def observe(self, gradient: Tensor, share: Number = 1.0) -> None:
        """Take a gradient into the covariance E[g g^T], whose eigenvectors are the basis.

        A share of 0 leaves it out.
        """
        outer = gradient.unsqueeze(-1) * gradient.unsqueeze(-2)
        _average(self.covariance, MEMORY, outer, share)

    @property
    def due(self) -> bool:
        """Whether the step that was counted last has a new basis."""
        if self.steps % self.every == 0:
            return True
        if self.every == REFRESH:
            return self.steps <= 2 * REFRESH
        # Where a basis is expensive: steps 1, 2, 4, 8, .., whenever the known gradients double.
        return self.steps < self.every and self.steps.bit_count() == 1

    @property
    def corrections(self) -> tuple[float, float]:
        """1 - beta^steps of both moments, by which averages that began at zero are divided."""
        first, second = self.betas
        return 1 - first**self.steps, 1 - second**self.steps

    def along(
        self, gradient: Tensor, of_mean: Number, of_square: Number, share: Number = 1.0
    ) -> Tensor:
        """Adam's step in the present basis, with these corrections of both moments."""
        first, second = self.betas
        # Adam in the eigenbasis: the mean is kept in the old coordinates and turned when it is
        # used, the squares are kept in the basis (Vyas et al. 2024, arXiv 2409.11321).
        _average(self.mean, first, gradient, share)
        _average(self.square, second, _apply(self.basis.mT, gradient).square(), share)
        mean = _apply(self.basis.mT, self.mean) / of_mean
        root = (self.square / of_square).sqrt()
        floor = FLOOR * root.amax(-1, keepdim=True)
        return _apply(self.basis, mean / (root + floor).clamp(min=torch.finfo(root.dtype).tiny))

    def turn(self) -> None:
        """Take the eigenbasis of the present covariance, and turn the second moment with it.

        The second moment is turned as if its directions were uncorrelated.
        """
        basis = torch.linalg.eigh(self.covariance).eigenvectors
        self.square.copy_(_apply((basis.mT @ self.basis).square(), self.square))
        self.basis.copy_(basis)

    def state_dict(self) -> dict[str, Any]:
        """Covariances, bases, moments and the number of steps done.

        Covariances and bases are (*lead, count, count), moments (*lead, count).
        """
        # Copies: the tensors themselves are changed in place, as a recorded step needs it.
        tensors = {name: tensor.clone() for name, tensor in self._tensors().items()}
        return {"steps": self.steps, **tensors}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave."""
        self.steps = state_dict["steps"]
        for name, tensor in self._tensors().items():
            tensor.copy_(state_dict[name])

    def _tensors(self) -> dict[str, Tensor]:
        return {
            "mean": self.mean,
            "square": self.square,
            "covariance": self.covariance,
            "basis": self.basis,
        }


def _average(held: Tensor, decay: float, new: Tensor, share: Number) -> None:
    """Let a running average decay and take in what is new, in place; a share of 0 changes nothing.

    One address for the whole training: a recorded step knows no other.
    """
    if isinstance(share, Tensor):
        held.mul_(1 - (1 - decay) * share).add_((1 - decay) * share * new)
    else:
        held.mul_(decay).add_((1 - decay) * new)


def _apply(matrices: Tensor, vectors: Tensor) -> Tensor:
    """(..., k, n), (..., n) -> (..., k)."""
    return (matrices @ vectors.unsqueeze(-1)).squeeze(-1)
