"""The Walsh-Hadamard transform on a card; it is symmetric, so its own way back."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from diffqas.simulator.autograd import BackwardOnly, Context, Dims, MapInfo
from diffqas.simulator.card import kernels
from diffqas.simulator.card.launch import launch
from diffqas.simulator.card.passes import TILE_BITS, passes


def transformed(x: Tensor, tile_bits: int = TILE_BITS) -> Tensor:
    """Unnormalised transform of each row, (rows, 2**n); differentiable as often as wanted."""
    found = _Walsh.apply(x, tile_bits)
    assert isinstance(found, Tensor)
    return found


class _WalshContext(Context, Protocol):
    tile_bits: int


class _Walsh(BackwardOnly):
    @staticmethod
    def forward(x: Tensor, tile_bits: int) -> Tensor:
        rows, size = x.shape
        n = size.bit_length() - 1
        source, target = x.contiguous(), torch.empty_like(x, memory_format=torch.contiguous_format)
        for step in passes(n, tile_bits):
            launch(
                kernels.walsh_pass,
                (rows, size // step.tile),
                source,
                target,
                n,
                size,
                LOW=step.low,
                BITS=step.bits,
                SIDE=step.side,
            )
            source = target  # a tile reads and writes the same places
        return target

    @staticmethod
    def setup_context(ctx: _WalshContext, inputs: tuple[Tensor, int], output: Tensor) -> None:
        ctx.tile_bits = inputs[1]

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[Tensor, int]:
        x, tile_bits = args
        assert in_dims[0] is not None
        rows = x.movedim(in_dims[0], 0)
        return transformed(rows.flatten(0, 1), tile_bits).unflatten(0, rows.shape[:2]), 0

    @staticmethod
    def backward(ctx: _WalshContext, *cotangents: Tensor) -> tuple[Tensor, None]:
        return transformed(cotangents[0], ctx.tile_bits), None
