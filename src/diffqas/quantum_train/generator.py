"""The generator: circuits and a mapping that write p weights as one flat vector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from diffqas.architecture import CircuitMixture, PerLayerCircuit
from diffqas.errors import require
from diffqas.quantum_train.mapping import WeightMap
from diffqas.quantum_train.order import Order
from diffqas.quantum_train.scale import Scale

_SMALL = 0.02
"""Spread given to a tensor whose own start has none (biases of zeros, a norm's ones), so that it
can learn.
"""


class Generator(nn.Module):
    """kappa = gain_t * M_beta(bits of i, s(p_i)) + offset_t for every weight i of tensor t.

    Gain and offset are fixed numbers per tensor: 1 and 0, or what `start_like` finds.

    Args:
        circuits: the mixture of candidates, or one circuit searched layer by layer.
        mapping: turns scaled probabilities into raw weights.
        scale: applied to the probabilities before the mapping.
        sizes: number of weights of each of the target's tensors, in order.
        order: which basis state writes which weight, one of `ORDERS`.
        lead: leading dimensions, one entry per independent copy.
    """

    gain: Tensor
    offset: Tensor

    def __init__(
        self,
        circuits: CircuitMixture | PerLayerCircuit,
        mapping: WeightMap,
        scale: Scale,
        sizes: Sequence[int],
        order: str = "index",
        lead: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        self.circuits, self.mapping, self.scale, self.sizes = circuits, mapping, scale, list(sizes)
        self.order = Order(order, mapping.n)
        self.register_buffer("gain", torch.ones(*lead, len(self.sizes)))
        self.register_buffer("offset", torch.zeros(*lead, len(self.sizes)))

    def raw(self, mixed: Tensor | None = None) -> Tensor:
        """Output of the mapping before gain and offset, (*lead, p).

        It is that of the circuits, or of `mixed` probabilities.
        """
        p = self.circuits() if mixed is None else mixed
        scaled = self.scale(p, self.mapping.n)
        weights = self.order(self.mapping(scaled), self.mapping.chunk)
        # 2**n chunk >= p: the basis states behind the last weight write nothing.
        return weights[..., : sum(self.sizes)]

    def forward(self, mixed: Tensor | None = None) -> Tensor:
        """Flat weights, (*lead, p), as the circuits write them.

        With `mixed`, as these probabilities (*lead, 2**n) would.
        """
        kind = self.gain.dtype
        rule = "be float32 or float64 (run the target under torch.autocast for less)"
        require(kind in (torch.float32, torch.float64), "model", rule, f"one cast to {kind}")
        # w = gain * raw + offset, with a gain and an offset for each of the target's tensors.
        # Autocast is for the target: probabilities near 2**-n and sums over bits need all digits.
        with torch.autocast(self.gain.device.type, enabled=False):
            gain, offset = self._spread(self.gain), self._spread(self.offset)
            return torch.addcmul(offset, gain, self.raw(mixed))

    def _spread(self, numbers: Tensor) -> Tensor:
        """A number per tensor as one per weight, (*lead, tensors) -> (*lead, p).

        No index of p entries is made.
        """
        pairs = zip(numbers.unbind(-1), self.sizes, strict=True)
        parts = [one.unsqueeze(-1).expand(*one.shape, size) for one, size in pairs]
        return torch.cat(parts, dim=-1)

    @contextmanager
    def without_noise(self) -> Iterator[None]:
        """Circuits in evaluation: neither the noise of a stochastic relaxation nor shots."""
        training = self.circuits.training
        self.circuits.eval()
        try:
            yield
        finally:
            self.circuits.train(training)

    @torch.no_grad()
    def start_like(self, tensors: Sequence[Tensor]) -> None:
        """Set gain and offset so that each tensor starts with the given one's mean and spread."""
        with self.without_noise():
            raw = self.raw()
        gain, offset = gain_and_offset(raw, self.sizes, tensors)
        self.gain.copy_(gain)
        self.offset.copy_(offset)


def gain_and_offset(
    raw: Tensor, sizes: Sequence[int], tensors: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Gain and offset per tensor that give raw values (p,) the means and spreads of given tensors.

    A generated tensor whose raw values do not vary (a single number) takes the gain from the spread
    of all raw values. A given tensor without spread lends its magnitude, or, being zero or one of a
    norm's ones, leaves the generated one a small spread.
    """
    overall = raw.std(correction=0)
    if overall == 0:  # a single weight
        overall = torch.ones_like(overall)
    gain, offset = raw.new_ones(len(sizes)), raw.new_zeros(len(sizes))
    for index, (values, like) in enumerate(zip(raw.split(list(sizes)), tensors, strict=True)):
        if like.numel() == 0:
            continue
        spread = like.std(correction=0)
        if like.numel() == 1:
            # A single number has no spread: its size is the only scale there is.
            spread = like.abs().squeeze()
        if spread == 0:
            # A bias of zeros or a norm's ones: with gain 0 the circuits could not move it.
            spread = torch.full_like(spread, _SMALL)
        own = values.std(correction=0)
        if own <= 1e-6 * overall:
            own = overall
        gain[index] = spread / own.clamp(min=1e-6)
        offset[index] = like.mean() - gain[index] * values.mean()
    return gain, offset
