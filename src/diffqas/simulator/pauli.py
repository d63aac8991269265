"""Coefficients of outputs as one differentiable function of the angles.

An output of an encoded circuit is a fixed polynomial of each input's (1, cos, sin), of degree one
per input, whose 3**n coefficients depend on the angles alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from diffqas.simulator import card, cores, pauli_plain
from diffqas.simulator.autograd import BackwardOnly, Context, Dims, MapInfo, once_only
from diffqas.simulator.compiled import available
from diffqas.simulator.cotangents import fold, unfold
from diffqas.simulator.pauli_plan import Size, pauli_plan, threads_for

ONCE = "Expectations, as functions of angles and weights,"


def coefficients(size: Size, angles: Tensor, weights: Tensor, together: bool) -> Tensor:
    """Coefficients times weights.

    Angles are (batch, candidates or 1, depth, n, r), weights (batch, candidates).

    Gives (batch, outputs, 3**n), the candidates added up, if `together`, else (batch, candidates,
    outputs, 3**n).
    """
    result = _Coefficients.apply(size, angles.flatten(2), weights, together)
    return result.squeeze(1) if together else result


def mixed(each: Tensor, weights: Tensor) -> Tensor:
    """Weighted sums of known coefficients: (batch, candidates, ...) -> (batch, ...).

    Weights are (batch, candidates).
    """
    return _Mixture.apply(each.flatten(2), weights).reshape(each.shape[0], *each.shape[2:])


class _Mixture(BackwardOnly):
    """A product of matrices whose backward pass takes many cotangents without copies of `each`."""

    @staticmethod
    def forward(each: Tensor, weights: Tensor) -> Tensor:
        return (weights.unsqueeze(1) @ each).squeeze(1)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Tensor) -> tuple[Tensor, int]:
        results = _Mixture.apply(*fold(info.batch_size, in_dims, args))
        assert isinstance(results, Tensor)
        return results.unflatten(0, (info.batch_size, -1)), 0

    @staticmethod
    def backward(ctx: Context, *upstream: Tensor) -> tuple[None, Tensor]:
        shares = _Shares.apply(ctx.saved_tensors[0], upstream[0])
        assert isinstance(shares, Tensor)
        return None, shares


class _Shares(BackwardOnly):
    @staticmethod
    def forward(each: Tensor, upstream: Tensor) -> Tensor:
        # The output is sum_j w_j c_j, so dL/dw_j = <c_j, dL/d output>.
        return (each @ upstream.unsqueeze(-1)).squeeze(-1)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Tensor) -> tuple[Tensor, int]:
        each, upstream = args
        if in_dims[0] is None and in_dims[1] is not None:
            # Known coefficients do not depend on what is mapped over: one product serves all.
            return upstream.movedim(in_dims[1], 1) @ each.mT, 1  # (batch, cotangents, candidates)
        results = _Shares.apply(*fold(info.batch_size, in_dims, args))
        assert isinstance(results, Tensor)
        return results.unflatten(0, (info.batch_size, -1)), 0

    @staticmethod
    def backward(ctx: Context, *_: Tensor) -> None:
        raise once_only(ONCE)


class _SizeContext(Context, Protocol):
    size: Size


class _Coefficients(BackwardOnly):
    @staticmethod
    def forward(size: Size, angles: Tensor, weights: Tensor, together: bool) -> Tensor:
        rows = 1 if together else len(size.space)
        output = angles.new_zeros(angles.shape[0], rows, size.outputs, 3**size.n)
        if card.serves(angles):
            card.coefficients(size, angles, weights, output)
        elif not _machine_code(angles):
            pauli_plain.coefficients(size, angles, weights, output)
        else:
            _run("coefficients", size, angles, weights, output)
        return output

    @staticmethod
    def setup_context(
        ctx: _SizeContext, inputs: tuple[Size, Tensor, Tensor, bool], output: Tensor
    ) -> None:
        ctx.size, angles, weights, _ = inputs
        ctx.save_for_backward(angles, weights)

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[Tensor, int]:
        size, angles, weights, together = args
        many = fold(info.batch_size, in_dims[1:3], (angles, weights))
        results = _Coefficients.apply(size, *many, together)
        assert isinstance(results, Tensor)
        return results.unflatten(0, (info.batch_size, -1)), 0

    @staticmethod
    def backward(ctx: _SizeContext, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        to_angles, to_weights = _gradients(ctx.size, *ctx.saved_tensors, upstream[0])
        return None, to_angles, to_weights, None


class _Gradients(BackwardOnly):
    """The gradients as a function of many cotangents at once, for vmap.

    It has no derivative of its own.
    """

    @staticmethod
    def forward(
        size: Size, angles: Tensor, weights: Tensor, upstream: Tensor
    ) -> tuple[Tensor, Tensor]:
        if card.serves(angles):
            return card.gradients(size, angles, weights, upstream)
        if not _machine_code(angles):
            return pauli_plain.gradients(size, angles, weights, upstream)
        found = [torch.zeros(each.shape, dtype=torch.float64) for each in (angles, weights)]
        _run("gradients", size, angles, weights, upstream, *found)
        return found[0].to(angles.dtype), found[1].to(weights.dtype)

    @staticmethod
    def setup_context(
        ctx: Context,
        inputs: tuple[Size, Tensor, Tensor, Tensor],
        output: tuple[Tensor, Tensor],
    ) -> None:
        pass

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[tuple[Tensor, ...], Dims]:
        size, *tensors = args
        folded = fold(info.batch_size, in_dims[1:], tensors)
        return unfold(info.batch_size, _gradients(size, *folded))

    @staticmethod
    def backward(ctx: Context, *_: Tensor) -> None:
        raise once_only(ONCE)


def _gradients(size: Size, *tensors: Tensor) -> tuple[Tensor, ...]:
    found = _Gradients.apply(size, *tensors)
    assert isinstance(found, tuple)
    return found


def _machine_code(angles: Tensor) -> bool:
    return angles.device.type == "cpu" and available()


def _run(name: str, size: Size, *tensors: Tensor) -> None:
    """Call a compiled function with tensors that share their first dimension, the batch."""
    from diffqas.simulator.compiled import pauli_kernels
    from diffqas.simulator.compiled.vectors import LANES

    # Two rows of eight circuits each: coefficients, and on the way back their cotangents.
    plan = pauli_plan(size)
    assert plan is not None
    kernel: Callable[..., None] = getattr(pauli_kernels, name)
    arrays = [tensor.detach().contiguous().numpy() for tensor in tensors]
    batch = len(arrays[0])

    def part(first: int, last: int) -> None:
        work = np.empty((2, LANES * plan.most_slots), arrays[0].dtype)
        kernel(plan, *(array[first:last] for array in arrays), work)

    cores.shared(part, batch, threads_for(batch, len(plan.pairs)))
