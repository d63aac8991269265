"""The kernels as one differentiable function."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from diffqas.circuits import SearchSpace
from diffqas.simulator.autograd import BackwardOnly, Context, Dims, MapInfo, once_only, signed
from diffqas.simulator.compiled import kernels
from diffqas.simulator.compiled.plan import Plan, plan
from diffqas.simulator.cotangents import fold, mapped, unfold

MIN_WORK_PER_THREAD = 2**18
"""Amplitudes times layers that are worth the start of a thread: a few milliseconds with the twelve
of Table I.
"""

MOST_AT_ONCE = 16
"""Cotangents that walk back together: of 11 qubits they then fit the second cache."""


def weighted_probabilities(
    space: SearchSpace, angles: Tensor, weights: Tensor, together: bool
) -> Tensor:
    """Probabilities times weights.

    Angles are (batch, candidates or 1, depth, n, r), weights (batch, candidates).

    Gives (batch, 2**n), the candidates added up, if `together`, else (batch, candidates, 2**n).
    """
    return _Weighted.apply(space, angles, weights, together)[0]


class _SpaceContext(Context, Protocol):
    space: SearchSpace


class _Weighted(BackwardOnly):
    """Return the final amplitudes, too: the backward pass starts from them.

    They have no derivative.
    """

    @staticmethod
    @signed
    def forward(
        space: SearchSpace, angles: Tensor, weights: Tensor, together: bool
    ) -> tuple[Tensor, Tensor]:
        batch, _, depth, n, _ = angles.shape
        arrays, rows = plan(space, depth, n)
        amplitudes = angles.new_empty(batch, rows, 2**n)
        output = angles.new_zeros(batch, 1 if together else len(space), 2**n)
        _run(kernels.forward, arrays, angles, weights, amplitudes, output)
        return output.squeeze(1) if together else output, amplitudes

    @staticmethod
    def setup_context(
        ctx: _SpaceContext,
        inputs: tuple[SearchSpace, Tensor, Tensor, bool],
        output: tuple[Tensor, Tensor],
    ) -> None:
        ctx.space, angles, weights, _ = inputs
        ctx.save_for_backward(angles, weights, output[1])
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[tuple[Tensor, ...], Dims]:
        space, angles, weights, together = args
        many = fold(info.batch_size, in_dims[1:3], (angles, weights))
        results = _Weighted.apply(space, *many, together)
        assert isinstance(results, tuple)
        return unfold(info.batch_size, results)

    @staticmethod
    def backward(ctx: _SpaceContext, *upstream: Tensor | None) -> tuple[Tensor | None, ...]:
        if upstream[0] is None:
            return None, None, None, None
        to_angles, to_weights = _applied(ctx.space, False, *ctx.saved_tensors, upstream[0])
        return None, to_angles, to_weights, None


def _gradients(
    space: SearchSpace,
    many: bool,
    angles: Tensor,
    weights: Tensor,
    amplitudes: Tensor,
    upstream: Tensor,
) -> tuple[Tensor, Tensor]:
    """Gradients (batch, ...) for upstream (batch, ...).

    With `many`, both have one dimension more, (batch, m, ...).
    """
    depth, n = angles.shape[2:4]
    lead = upstream.shape[: 1 + many]
    if many and (groups := _groups(lead[0], lead[1], depth * 2**n)) > 1:
        again = [tensor.repeat_interleave(groups, 0) for tensor in (angles, weights, amplitudes)]
        rows = upstream.unflatten(1, (groups, -1)).flatten(0, 1)
        to_angles, to_weights = _gradients(space, True, again[0], again[1], again[2], rows)
        return to_angles.reshape(*lead, *angles.shape[1:]), to_weights.reshape(
            *lead, *weights.shape[1:]
        )
    # Sums over amplitudes and candidates lose digits in float32.
    to_angles = torch.zeros(*lead, *angles.shape[1:], dtype=torch.float64)
    to_weights = torch.zeros(*lead, *weights.shape[1:], dtype=torch.float64)
    rows = upstream.reshape(*lead, -1, 2**n)
    kernel = kernels.backward_many if many else kernels.backward
    _run(kernel, plan(space, depth, n)[0], angles, weights, amplitudes, rows, to_angles, to_weights)
    return to_angles.to(angles.dtype), to_weights.to(weights.dtype)


def _groups(batch: int, m: int, work: int) -> int:
    """Groups of equal size that m cotangents form as entries of the batch.

    A group holds few of them, and there is at least a group per thread.
    """
    threads = _threads(batch * m, work)
    return next(
        g for g in range(1, m + 1) if m % g == 0 and m <= g * MOST_AT_ONCE and batch * g >= threads
    )


class _Gradients(BackwardOnly):
    """The gradients as a function of many cotangents at once, for vmap.

    It has no derivative of its own.
    """

    forward = staticmethod(signed(_gradients))

    @staticmethod
    def setup_context(
        ctx: Context,
        inputs: tuple[SearchSpace, bool, Tensor, Tensor, Tensor, Tensor],
        output: tuple[Tensor, Tensor],
    ) -> None:
        pass

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[tuple[Tensor, ...], Dims]:
        space, many, *tensors = args
        gradients = partial(_applied, space)
        results, dim = mapped(gradients, many, info.batch_size, in_dims[2:], *tensors)
        return results, (dim, dim)

    @staticmethod
    def backward(ctx: Context, *_: Tensor) -> None:
        raise once_only("Probabilities and mixtures")


def _applied(space: SearchSpace, many: bool, *tensors: Tensor) -> tuple[Tensor, ...]:
    found = _Gradients.apply(space, many, *tensors)
    assert isinstance(found, tuple)
    return found


def _run(kernel: Callable[..., None], arrays: Plan, *tensors: Tensor) -> None:
    """Call a kernel with tensors whose first dimension is the batch, shared by torch's threads."""
    # Kernels write into the arrays' memory, which they share with the tensors.
    given = [tensor.detach().contiguous().numpy() for tensor in tensors]
    batch, _, depth, n, _ = tensors[0].shape
    m = tensors[3].shape[1] if kernel is kernels.backward_many else 1
    rows = max(5, 2 + 2 * m) if kernel is kernels.backward_many else 4

    def part(start: int, stop: int) -> None:
        work = tensors[0].new_empty(rows, 2**n).numpy()
        kernel(arrays, *(array[start:stop] for array in given), work)

    threads = min(batch, _threads(batch * m, depth * 2**n))
    if threads == 1:
        return part(0, batch)
    # The kernels hold no lock, so that threads run side by side; each has work space of its own.
    cuts = [batch * index // threads for index in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, cuts[:-1], cuts[1:]))
    return None


def _threads(entries: int, work: int) -> int:
    """Threads worth starting for so many entries, each with `work` amplitudes times layers."""
    return min(torch.get_num_threads(), entries, 1 + entries * work // MIN_WORK_PER_THREAD)
