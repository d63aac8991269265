"""How a kernel is launched: where its tensors lie, and with how many threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

import torch
from torch import Tensor

WARPS = 8
"""Of a program: 256 threads hold 16 amplitudes of a tile each."""


class _Kernel(Protocol):
    def __getitem__(self, grid: tuple[int, ...]) -> Callable[..., object]: ...


def launch(
    kernel: object, grid: tuple[int, ...], *arguments: Tensor | int, **constants: int
) -> None:
    """Start a grid of programs on the card of the first argument, a tensor."""
    assert isinstance(arguments[0], Tensor)
    with torch.cuda.device_of(arguments[0]):
        # One stage: nothing may be read ahead of a barrier. A product and a sum may share one
        # rounding, as they do on the CPU.
        cast("_Kernel", kernel)[grid](
            *arguments, **constants, num_warps=WARPS, num_stages=1, enable_fp_fusion=True
        )
