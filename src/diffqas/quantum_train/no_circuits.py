"""A replacement for circuits: equal probabilities, and nothing to train."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from diffqas.architecture import Raw, Relaxation
from diffqas.circuits import AnyCandidate


class NoCircuits(nn.Module):
    """p = 2**-n for every basis state, in the place of a `CircuitMixture`.

    Args:
        n: the number of qubits that circuits would have, as 2**n basis states number the weights.
        lead: the leading dimensions, one entry per independent copy.
    """

    candidates: Sequence[AnyCandidate] = ()
    shots = None
    noise: Tensor | None = None
    share: Tensor

    def __init__(self, n: int, lead: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.n = n
        self.relaxation: Relaxation = Raw()
        self.register_buffer("share", torch.full((*lead, 1), 2.0**-n), persistent=False)
        self.progress = 0.0
        """As of `CircuitMixture`; nothing depends on it."""

    @property
    def weights(self) -> Tensor:
        """Of no candidates, (*lead, 0)."""
        return self.share[..., :0]

    def forward(self) -> Tensor:
        """Equal probabilities, (*lead, 2**n)."""
        return self.share.expand(*self.share.shape[:-1], 2**self.n)

    def stacked(self, lead: tuple[int, ...]) -> NoCircuits:
        """The same with leading dimensions."""
        return NoCircuits(self.n, lead)

    def extra_repr(self) -> str:
        """Line shown by print(model)."""
        return f"n={self.n}"
