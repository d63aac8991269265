"""From a basis state's bits and its probability to one or more weights of the target."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from diffqas.errors import choose, require

BITS = {"signed": (-1.0, 1.0), "binary": (0.0, 1.0)}
"""Codings of a bit: the numbers that stand for 0 and 1."""


class LinearMapping(nn.Module):
    """One linear layer, n + 1 -> chunk: kappa_i = <beta, bits of i> + gamma s(p_i) + bias.

    That is the papers' mapping M_beta (arXiv 2505.09653, Eq. 4; n + 2 numbers for chunk = 1). The sum over
    the bits is a sum of one term for the upper and one for the lower half of them, so that no table of all
    2**n bit strings is ever made.

    Args:
        n: qubits.
        chunk: weights written by each basis state.
        bits: `"signed"` (-1/+1) or `"binary"` (0/1).
        lead: leading dimensions, one entry per independent copy.
    """

    upper: Tensor
    lower: Tensor

    def __init__(self, n: int, chunk: int = 1, bits: str = "signed", lead: tuple[int, ...] = ()) -> None:
        super().__init__()
        require(isinstance(chunk, int) and chunk >= 1, "chunk", "be at least 1", chunk)
        self.n, self.chunk, self.bits = n, chunk, choose(bits, BITS, "bits")
        bound = 1 / math.sqrt(n + 1)
        self.weight = nn.Parameter(torch.empty(*lead, chunk, n + 1).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(*lead, chunk).uniform_(-bound, bound))
        self.register_buffer("upper", _bit_table(n // 2, bits), persistent=False)
        self.register_buffer("lower", _bit_table(n - n // 2, bits), persistent=False)

    def forward(self, scaled: Tensor) -> Tensor:
        """Scaled probabilities (..., 2**n) -> weights (..., 2**n * chunk), a basis state's weights together."""
        half = self.n // 2
        high = self.weight[..., :half] @ self.upper
        low = self.weight[..., half : self.n] @ self.lower + self.bias.unsqueeze(-1)
        bits = (high.unsqueeze(-1) + low.unsqueeze(-2)).flatten(-2)
        weights = torch.addcmul(bits, self.weight[..., self.n :], scaled.unsqueeze(-2))
        return weights.transpose(-1, -2).flatten(-2)

    def extra_repr(self) -> str:
        """Line shown by print(model)."""
        return f"n={self.n}, chunk={self.chunk}, bits={self.bits!r}"


def _bit_table(count: int, bits: str) -> Tensor:
    """All bit strings of `count` bits as columns, the most significant bit first: (count, 2**count)."""
    zero, one = BITS[bits]
    index = torch.arange(2**count)
    rows = [(index >> (count - 1 - q)) & 1 for q in range(count)]
    table = torch.stack(rows) if rows else torch.empty(0, 1)
    return table * (one - zero) + zero
