"""Start values of the weights that a generator moves away from, in place of writing them outright.

A generator that writes every weight outright is far from linear: an angle that turns by 1/sqrt(k),
of k trained angles, already writes other weights. With start values a_i,

    kappa_i = a_i + gain_t (raw_i - raw_i at the start),

a network starts as its author meant it to, and with a large gain small turns of the angles are
enough. The weights are then nearly linear in the numbers ("lazy training", Chizat et al. 2019,
arXiv 1812.07956), as those of a random subspace are (Li et al. 2018, arXiv 1804.08838), but in
directions that the circuits give.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

ANCHORED = ("drawn", "own")
"""The starts with start values, from which the circuits move the weights."""

SEEDS = 2**62
"""Seeds of drawn start values lie below this."""


class Anchor(nn.Module):
    """The start values of the weights, and the generator's numbers at the start.

    Args:
        sizes: the number of weights of each tensor.
        numbers: shapes of the generator's trainable tensors by name, without leading dimensions.
        drawn: whether the values are drawn from a seed, with a mean and a spread for each tensor.
            If not, they are given and are part of the state.
        lead: the leading dimensions, one entry per independent copy.
    """

    seed: Tensor
    mean: Tensor
    spread: Tensor
    values: Tensor
    raw: Tensor

    def __init__(
        self,
        sizes: Sequence[int],
        numbers: Mapping[str, Sequence[int]],
        drawn: bool,
        lead: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        self.sizes, self.drawn = list(sizes), drawn
        self.names = list(numbers)
        if drawn:
            self.register_buffer("seed", torch.zeros(lead, dtype=torch.int64))
            self.register_buffer("mean", torch.zeros(*lead, len(sizes)))
            self.register_buffer("spread", torch.zeros(*lead, len(sizes)))
        # What follows from a seed is drawn again, not stored.
        self.register_buffer("values", torch.zeros(*lead, sum(sizes)), persistent=not drawn)
        # raw_i at the start, which is subtracted from raw_i.
        self.register_buffer("raw", torch.zeros(*lead, sum(sizes)), persistent=False)
        for name, shape in numbers.items():
            self.register_buffer(self._key(name), torch.zeros(*lead, *shape))

    @staticmethod
    def _key(name: str) -> str:
        return "first_" + name.replace(".", "_")

    def first(self) -> dict[str, Tensor]:
        """The generator's numbers at the start, by name."""
        return {name: self.get_buffer(self._key(name)) for name in self.names}

    @torch.no_grad()
    def remember(self, numbers: Mapping[str, Tensor]) -> None:
        """Take these numbers as those of the start."""
        for name in self.names:
            self.register_buffer(self._key(name), numbers[name].detach().clone())

    @torch.no_grad()
    def take(self, tensors: Sequence[Tensor]) -> None:
        """Start at these tensors, or at values that `draw` draws with their means and spreads."""
        if self.drawn:
            self.seed.fill_(int(torch.randint(SEEDS, ())))
            # A tensor without elements has neither, and nothing is drawn for it.
            some = [tensor if tensor.numel() else tensor.new_zeros(1) for tensor in tensors]
            self.mean.copy_(torch.stack([tensor.mean() for tensor in some]))
            self.spread.copy_(torch.stack([tensor.std(correction=0) for tensor in some]))
        else:
            self.values.copy_(torch.cat([tensor.flatten() for tensor in tensors]))

    @torch.no_grad()
    def draw(self) -> None:
        """Draw the values from the seed of each copy; given ones stay."""
        if not self.drawn:
            return
        flat = self.values.view(-1, self.values.shape[-1])
        for row, seed in zip(flat, self.seed.flatten().tolist(), strict=True):
            row.copy_(normals(seed, len(row)))
        spread, mean = per_weight(self.spread, self.sizes), per_weight(self.mean, self.sizes)
        self.values.mul_(spread).add_(mean)

    def extra_repr(self) -> str:
        """Line shown by print(model)."""
        return "drawn" if self.drawn else "own"


def per_weight(numbers: Tensor, sizes: Sequence[int]) -> Tensor:
    """A number per tensor as one per weight, (*lead, tensors) -> (*lead, p).

    No index of p entries is made.
    """
    pairs = zip(numbers.unbind(-1), sizes, strict=True)
    parts = [one.unsqueeze(-1).expand(*one.shape, size) for one, size in pairs]
    return torch.cat(parts, dim=-1)


def normals(seed: int, count: int) -> Tensor:
    """Numbers that look normal and independent, (count,) in float64, equal on every machine.

    Number i is a function of the seed and i alone, by the mixing of SplitMix64 (Steele et al.
    2014) and the quantiles of the normal distribution, so that files need no generator of random
    numbers that could change between versions.

    >>> draws = normals(7, 100_000)
    >>> abs(draws.mean().item()) < 0.01, abs(draws.std().item() - 1) < 0.01
    (True, True)
    """
    # torch's int64 wraps around as the unsigned arithmetic of SplitMix64 does.
    state = torch.arange(1, count + 1) * _wrapped(0x9E3779B97F4A7C15) + _wrapped(_mixed(seed))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = (state ^ _right(state, shift)) * _wrapped(factor)
    state = state ^ _right(state, 31)
    # The upper 52 bits as a number in the middle of one of 2^52 equal parts of (0, 1).
    uniform = (_right(state, 12).double() + 0.5) / 2**52
    return math.sqrt(2) * torch.erfinv(2 * uniform - 1)


def _mixed(seed: int) -> int:
    """Neighbouring seeds far apart: an odd factor is one-to-one modulo 2^64."""
    return (seed * 0xD1342543DE82EF95 + 1) % 2**64


def _wrapped(number: int) -> int:
    """An unsigned number of 64 bits as torch's signed one."""
    return number - 2**64 if number >= 2**63 else number


def _right(numbers: Tensor, shift: int) -> Tensor:
    """A shift that brings in zeros; torch's own copies the sign."""
    return (numbers >> shift) & ((1 << (64 - shift)) - 1)
