"""The kernels as one differentiable function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffqas.circuits import SearchSpace
from diffqas.simulator import cores, memory
from diffqas.simulator.autograd import BackwardOnly, Context, Dims, MapInfo, signed
from diffqas.simulator.compiled import kernels, large
from diffqas.simulator.compiled.layers import PIECE
from diffqas.simulator.compiled.plan import Plan, plan
from diffqas.simulator.compiled.pullback import pulled_back
from diffqas.simulator.compiled.regions import ALONE
from diffqas.simulator.compiled.sharing import LINE
from diffqas.simulator.cotangents import fold, unfold

MIN_WORK_PER_THREAD = 2**16
"""Amplitudes times layers that are worth waking a thread: a millisecond with the twelve of Table I,
forward and backward.
"""

GAP = 512
"""Numbers between rows of amplitudes. Without them a state and its cotangent, powers of two long,
would compete for the same few places of the fastest cache.
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
        amplitudes = memory.lent((batch, rows, 2**n), angles)
        output = angles.new_zeros(batch, 1 if together else len(space), 2**n)
        _run_forward(arrays, angles, weights, amplitudes, output)
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
        to_angles, to_weights = pulled_back(
            _gradients, ctx.space, False, *ctx.saved_tensors, upstream[0]
        )
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
    if many and (groups := groups_of(lead[0], lead[1], depth * 2**n)) > 1:
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
    found = (angles, weights, amplitudes, rows, to_angles, to_weights)
    if many:
        _run_many(plan(space, depth, n)[0], *found)
    else:
        _run_backward(plan(space, depth, n)[0], *found)
    return to_angles.to(angles.dtype), to_weights.to(weights.dtype)


def groups_of(batch: int, m: int, work: int) -> int:
    """Groups of equal size that m cotangents form as entries of the batch.

    A group holds few of them, and there is at least a group per thread.
    """
    threads = threads_for(batch * m, work)
    return next(
        g
        for g in range(1, m + 1)
        if m % g == 0 and m <= g * MOST_AT_ONCE and batch * g >= min(batch * m, threads)
    )


def _run_forward(arrays: Plan, *tensors: Tensor) -> None:
    """Write amplitudes and output, given angles, weights, amplitudes and output."""
    batch, _, depth, n, _ = tensors[0].shape
    chains, given = batch * len(arrays.live), arrays_of(tensors)
    if n <= PIECE:
        threads = min(batch * len(arrays.kind), threads_for(batch, depth * 2**n))
        given.append(memory.workspace((threads, 2, 2**n), given[0].dtype))
        return shared(kernels.forward, threads, 2, arrays, *given)
    threads = min(max(1, chains * arrays.units), threads_for(batch, depth * 2**n))
    given += _large_space(arrays, chains, threads, 2, given[0])
    return shared(large.forward, threads, chains + 1, arrays, *given)


def _run_backward(arrays: Plan, *tensors: Tensor) -> None:
    """Add to the gradients of angles and weights, given angles, weights, amplitudes, upstream."""
    batch, _, depth, n, r = tensors[0].shape
    chains, given = batch * len(arrays.live), arrays_of(tensors)
    grads = np.zeros((chains, depth, n, r))
    if n <= PIECE:
        threads = min(max(1, chains), threads_for(batch, depth * 2**n))
        given += [np.empty((chains, 1, 1, n + 1)), grads]
        given.append(memory.workspace((threads, 4, 2**n), given[0].dtype))
        return shared(kernels.backward, threads, 1, arrays, *given)
    threads = min(max(1, chains * arrays.units), threads_for(batch, depth * 2**n))
    given += [np.empty((chains, 2, arrays.units, n + 1)), grads]
    given += _large_space(arrays, chains, threads, 4, given[0])
    return shared(large.backward, threads, chains, arrays, *given)


def _run_many(arrays: Plan, *tensors: Tensor) -> None:
    """The same for m cotangents at once."""
    batch, _, depth, n, r = tensors[0].shape
    m, chains, given = tensors[3].shape[1], batch * len(arrays.live), arrays_of(tensors)
    threads = min(max(1, chains), threads_for(batch * m, depth * 2**n))
    given.append(np.zeros((chains, m, depth, n, r)))
    given.append(memory.workspace((threads, max(5, 2 + 2 * m), 2**n), given[0].dtype))
    shared(kernels.backward_many, threads, 1, arrays, *given)


def arrays_of(tensors: Sequence[Tensor]) -> list[NDArray[Any]]:
    """Arrays that share their memory with the tensors, so that kernels write into these."""
    return [tensor.detach().contiguous().numpy() for tensor in tensors]


def _large_space(
    arrays: Plan, chains: int, threads: int, rows: int, angles: NDArray[Any]
) -> list[NDArray[Any]]:
    """Amplitudes and gates to work on, for each chain that is worked on at the same time.

    That is one for each thread, or fewer where they would take more memory than is kept from call
    to call; the units of a chain are enough for so many threads.
    """
    depth, n = angles.shape[2:4]
    length = 2**n + GAP if n > ALONE else 2**n
    affordable = memory.MOST_KEPT // (rows * length * angles.itemsize)
    slots = max(1, min(threads, chains, max(affordable, -(-threads // arrays.units))))
    work = memory.workspace((slots, rows, length), angles.dtype)
    return [work, np.empty((slots, depth, 4 * n), angles.dtype)]


def shared(
    kernel: Callable[..., None],
    threads: int,
    lines: int,
    arrays: tuple[Any, ...],
    *given: NDArray[Any],
) -> None:
    """Call a kernel in each of the threads, with so many lines of counters."""
    counters = np.zeros(lines * LINE, np.int64)
    cores.together(lambda rank: kernel(rank, arrays, *given, counters, cores.CALLS), threads)


def threads_for(entries: int, work: int) -> int:
    """Threads worth waking for so many entries, each with `work` amplitudes times layers."""
    return cores.threads_worth(entries * work, MIN_WORK_PER_THREAD)
