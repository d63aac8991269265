"""Many cotangents of one pass: what `torch.autograd.grad(..., is_grads_batched=True)` and vmap need.

The pass forward is done once; its backward sees the cotangents as more entries of the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def fold(count: int, dims: Sequence[int | None], tensors: Sequence[Tensor]) -> list[Tensor]:
    """Tensors (batch, ...) of a call under vmap as (count * batch, ...); a tensor without mapped dimension repeats."""
    stacked = [
        tensor.unsqueeze(0).expand(count, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
        for tensor, dim in zip(tensors, dims, strict=True)
    ]
    return [tensor.flatten(0, 1) for tensor in stacked]


def unfold(count: int, results: Sequence[Tensor]) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
    """Results (count * batch, ...) as vmap wants them: (count, batch, ...), and where the mapped dimension stands."""
    return tuple(result.unflatten(0, (count, -1)) for result in results), (0,) * len(results)
