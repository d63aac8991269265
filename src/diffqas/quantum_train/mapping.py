"""The choices of the mapping from a basis state's bits and probability to weights."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from diffqas.errors import choose, require
from diffqas.storage import storable

BITS = {"signed": (-1.0, 1.0), "binary": (0.0, 1.0)}
"""Codings of a bit: the numbers that stand for 0 and 1."""


class Mapping(ABC):
    """A choice of M_beta as plain data; `make` gives the module with the trainable numbers beta."""

    generator: ClassVar[str] = "uniform"
    """The name of a generator that has this mapping and no circuits."""

    @abstractmethod
    def make(
        self, n: int, chunk: int = 1, bits: str = "signed", lead: tuple[int, ...] = ()
    ) -> WeightMap:
        """A freshly started module.

        Args:
            n: qubits.
            chunk: weights written by each basis state.
            bits: `"signed"` (-1/+1) or `"binary"` (0/1).
            lead: leading dimensions, one entry per independent copy.
        """


class WeightMap(nn.Module, ABC):
    """The module of a mapping: scaled probabilities (..., 2**n) -> weights (..., 2**n * chunk).

    The weights of one basis state stand together.

    Args:
        choice: what made it.
        n: qubits.
        chunk: weights written by each basis state.
        bits: coding of the bits.
    """

    upper: Tensor
    lower: Tensor

    def __init__(self, choice: Mapping, n: int, chunk: int, bits: str) -> None:
        super().__init__()
        require(isinstance(chunk, int) and chunk >= 1, "chunk", "be at least 1", chunk)
        self.choice, self.n, self.chunk, self.bits = choice, n, chunk, choose(bits, BITS, "bits")
        self.register_buffer("upper", _bit_table(n // 2, bits), persistent=False)
        self.register_buffer("lower", _bit_table(n - n // 2, bits), persistent=False)

    def stacked(self, lead: tuple[int, ...]) -> WeightMap:
        """A freshly started module of the same choices with leading dimensions."""
        return self.choice.make(self.n, self.chunk, self.bits, lead)

    @torch.no_grad()
    def level(self) -> None:
        """Give the probabilities the same factor in every start, if the mapping has such a factor.

        Torch draws the start of this factor uniformly around zero. In one start of seven it is
        below a seventh of its bound, so that steps which suit other starts are seven times too
        small.
        """

    def copies(self) -> dict[str, Tensor]:
        """Tensors with leading dimensions that are no part of the state, by their names."""
        return {}

    def affine(self, weight: Tensor, bias: Tensor, scaled: Tensor) -> Tensor:
        """An affine map of (bits of i, scaled_i), (..., rows, 2**n).

        Weights are (..., rows, n + 1), biases (..., rows), scaled probabilities (..., 2**n).

        The sum over the bits is a sum of one term for the upper and one for the lower half of them,
        so that no table of all 2**n bit strings is ever made.
        """
        # sum_q w_q b_q(i) = high(upper bits) + low(lower bits): 2 * 2**(n/2) columns, not 2**n.
        half = self.n // 2
        high = weight[..., :half] @ self.upper
        low = weight[..., half : self.n] @ self.lower + bias.unsqueeze(-1)
        sums = (high.unsqueeze(-1) + low.unsqueeze(-2)).flatten(-2)
        return torch.addcmul(sums, weight[..., self.n :], scaled.unsqueeze(-2))

    def extra_repr(self) -> str:
        """Line shown by print(model)."""
        return f"{self.choice}, n={self.n}, chunk={self.chunk}, bits={self.bits!r}"


@storable
@dataclass(frozen=True)
class LinearMapping(Mapping):
    """The papers' mapping: one linear layer, n + 1 -> chunk, with chunk * (n + 2) numbers.

    >>> sum(beta.numel() for beta in LinearMapping().make(n=17).parameters())
    19
    """

    def make(
        self, n: int, chunk: int = 1, bits: str = "signed", lead: tuple[int, ...] = ()
    ) -> WeightMap:
        """Make the mapping's module, as `Mapping.make`."""
        return LinearMap(self, n, chunk, bits, lead)


class LinearMap(WeightMap):
    """kappa_i = <beta, bits of i> + gamma s(p_i) + bias (arXiv 2505.09653, Eq. 4)."""

    def __init__(
        self, choice: LinearMapping, n: int, chunk: int, bits: str, lead: tuple[int, ...]
    ) -> None:
        super().__init__(choice, n, chunk, bits)
        self.weight, self.bias = layer(n + 1, chunk, lead)

    @torch.no_grad()
    def level(self) -> None:
        """The factor gamma of the probabilities gets the root mean square of its start."""
        size = 1 / math.sqrt(3 * (self.n + 1))
        gamma = self.weight[..., self.n]
        gamma.copy_(torch.full_like(gamma, size).copysign(gamma))

    def forward(self, scaled: Tensor) -> Tensor:
        """Scaled probabilities (..., 2**n) -> weights (..., 2**n * chunk).

        The weights of a basis state stand together.
        """
        return self.affine(self.weight, self.bias, scaled).transpose(-1, -2).flatten(-2)


def layer(
    inputs: int, outputs: int, lead: tuple[int, ...], gain: float = 1.0
) -> tuple[nn.Parameter, nn.Parameter]:
    """Weight (*lead, outputs, inputs) and bias (*lead, outputs) as torch starts a linear layer.

    Both are multiplied by `gain`.
    """
    bound = gain / math.sqrt(inputs)
    weight = torch.empty(*lead, outputs, inputs).uniform_(-bound, bound)
    return nn.Parameter(weight), nn.Parameter(torch.empty(*lead, outputs).uniform_(-bound, bound))


def _bit_table(count: int, bits: str) -> Tensor:
    """All strings of `count` bits as columns, the highest bit first: (count, 2**count)."""
    zero, one = BITS[bits]
    index = torch.arange(2**count)
    rows = [(index >> (count - 1 - q)) & 1 for q in range(count)]
    if not rows:  # of one qubit, whose upper half has none
        return torch.empty(0, 1)
    table = torch.stack(rows)
    return table * (one - zero) + zero
