"""Many calls in one pass, as `autograd.grad(..., is_grads_batched=True)` and vmap need.

Gradients are a function of what the pass left behind, tensors (batch, ...), and of one cotangent
(batch, ...) or many (batch, m, ...). Where vmap maps the cotangents alone they become many, which
share all that the circuit says; where it maps anything else too, the calls are more entries of the
batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor


def mapped(
    gradients: Callable[..., Sequence[Tensor]],
    many: bool,
    count: int,
    dims: Sequence[int | None],
    *tensors: Tensor,
) -> tuple[tuple[Tensor, ...], int]:
    """What `gradients` gives in calls under vmap.

    Args:
        gradients: of `many` and of the tensors, the cotangents last; gives (batch, ...), or (batch,
            m, ...) if many.
        many: whether the cotangents of one call are many.
        count: of calls.
        dims: the mapped dimension of each tensor, None for one that all calls share.
        tensors: with the mapped dimension.

    Returns:
        Results with the mapped dimension, and where it stands.
    """
    *shared, last = dims
    if last is not None and all(dim is None for dim in shared):
        # Only cotangents are mapped: one walk back serves all of them.
        cotangents = tensors[-1].movedim(last, 1)
        if not many:
            return tuple(gradients(True, *tensors[:-1], cotangents)), 1
        results = gradients(True, *tensors[:-1], cotangents.flatten(1, 2))
        return tuple(result.unflatten(1, (count, -1)) for result in results), 1
    results = gradients(many, *fold(count, dims, tensors))
    return unfold(count, results)[0], 0


def fold(count: int, dims: Sequence[int | None], tensors: Sequence[Tensor]) -> list[Tensor]:
    """Tensors (batch, ...) of a call under vmap as (count * batch, ...).

    A tensor without mapped dimension is repeated, and so is one whose batch is 1 beside others.
    """
    stacked: list[Tensor] = []
    for tensor, dim in zip(tensors, dims, strict=True):
        if dim is None:
            stacked.append(tensor.unsqueeze(0).expand(count, *tensor.shape))
        else:
            stacked.append(tensor.movedim(dim, 0))
    batch = max(tensor.shape[1] for tensor in stacked)
    return [tensor.expand(count, batch, *tensor.shape[2:]).flatten(0, 1) for tensor in stacked]


def unfold(count: int, results: Sequence[Tensor]) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
    """Results (count * batch, ...) as vmap wants them: (count, batch, ...), and its dimension."""
    return tuple(result.unflatten(0, (count, -1)) for result in results), (0,) * len(results)
