"""The kernels as one differentiable function."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from diffqas.circuits import SearchSpace
from diffqas.simulator.compiled import kernels
from diffqas.simulator.compiled.plan import plan


class WeightedProbabilities(torch.autograd.Function):
    """apply(space, angles, weights, together): probabilities times weights, and the amplitudes behind them.

    angles (batch, candidates or 1, depth, n, r) and weights (batch, candidates) of one dtype, on the CPU.
    Gives (batch, 1, 2**n) if `together`, the candidates summed, else (batch, candidates, 2**n).
    """

    @staticmethod
    def forward(space: SearchSpace, angles: Tensor, weights: Tensor, together: bool) -> tuple[Tensor, Tensor]:
        batch, _, depth, n, _ = angles.shape
        arrays, rows = plan(space, depth, n)
        amplitudes = angles.new_empty(batch, rows, 2**n)
        output = angles.new_zeros(batch, 1 if together else len(space), 2**n)
        kernels.forward(arrays, *_numpy(angles, weights, amplitudes, output), _work(amplitudes))
        return output, amplitudes

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        ctx.space, angles, weights, _ = inputs
        ctx.save_for_backward(angles, weights, output[1])
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor | None, _: None) -> tuple[Tensor | None, ...]:
        if upstream is None:
            return None, None, None, None
        to_angles, to_weights = _Gradients.apply(ctx.space, *ctx.saved_tensors, upstream)  # type: ignore[misc]
        return None, to_angles, to_weights, None


class _Gradients(torch.autograd.Function):
    """A function of its own, so that the transforms of torch.func hand it plain tensors too. It has no derivative."""

    @staticmethod
    def forward(
        space: SearchSpace, angles: Tensor, weights: Tensor, amplitudes: Tensor, upstream: Tensor
    ) -> tuple[Tensor, Tensor]:
        arrays, _rows = plan(space, *angles.shape[2:4])
        to_angles = torch.zeros(angles.shape, dtype=torch.float64)
        to_weights = torch.zeros(weights.shape, dtype=torch.float64)
        given = _numpy(angles, weights, amplitudes, upstream, to_angles, to_weights)
        kernels.backward(arrays, *given, _work(amplitudes))
        return to_angles.to(angles.dtype), to_weights.to(weights.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *_: Tensor) -> None:
        raise NotImplementedError("Probabilities and mixtures can be differentiated once only.")


def _numpy(*tensors: Tensor) -> list[Any]:
    return [tensor.detach().contiguous().numpy() for tensor in tensors]


def _work(like: Tensor) -> Any:
    return like.new_empty(4, like.shape[-1]).numpy()
