"""Generated tensors as a target is given them: its own to change, its gradients of any kind."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor
from torch.utils.checkpoint import CheckpointFunction

from diffqas.errors import ArgumentError
from diffqas.simulator import Context, eager

Gradients: TypeAlias = tuple[Tensor | None, ...]


class Handed(torch.autograd.Function):
    """Copies of tensors, whose gradients come back dense.

    Generated tensors are views of one vector, which torch does not allow to be changed in place. A
    copy may be changed (`max_norm`, `clamp_`), as a parameter may under `torch.no_grad`, without an
    effect on the others. Embeddings may send sparse gradients, which the vector cannot use.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(*tensors: Tensor) -> tuple[Tensor, ...]:
        """Copies."""
        return tuple(tensor.clone() for tensor in tensors)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Tensor, ...], output: tuple[Tensor, ...]) -> None:
        """A tensor that nothing was computed from has no gradient, and no zeros in its place."""
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Context, *gradients: Tensor | None) -> Gradients:
        """The same gradients, dense."""
        if _within_a_reentrant_checkpoint():
            raise ArgumentError(
                "The target's activation checkpoints must be made with use_reentrant=False: the "
                "reentrant ones go back through the generated weights once for each."
            )
        return tuple(None if one is None else _dense(one) for one in gradients)

    @staticmethod
    def jvp(ctx: Context, *tangents: Tensor | None) -> Gradients:
        """The same tangents."""
        return tuple(None if one is None else one.clone() for one in tangents)


@eager
def handed(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Copies for a target, one for each tensor."""
    copies = Handed.apply(*tensors)
    assert isinstance(copies, tuple)
    return copies


def _dense(gradient: Tensor) -> Tensor:
    if gradient.layout is torch.strided:
        return gradient
    return gradient.to_dense()


def _within_a_reentrant_checkpoint() -> bool:
    """Whether this backward pass was started inside of another one, by a reentrant checkpoint."""
    # Each checkpoint would send its share through the generator by a pass of its own, and the
    # first pass frees what the second needs: torch's own message blames the wrong thing.
    inner = CheckpointFunction.backward.__code__
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code is inner:
            return True
        frame = frame.f_back
    return False
