"""Whether two tensors have a number in common."""

from __future__ import annotations

import torch
from torch import Tensor


def overlap(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors of one storage have a number in common."""
    first, last = _span(one)
    other_first, other_last = _span(other)
    if last < other_first or other_last < first:
        return False
    # Spans may be woven into each other, as the columns of a matrix are.
    if one.dtype != other.dtype:
        return True
    return bool(torch.isin(_places(one), _places(other)).any())


def _span(tensor: Tensor) -> tuple[int, int]:
    """First and last byte of a tensor in its storage."""
    first = int(tensor.storage_offset())
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    reach = sum((size - 1) * step for size, step in steps)
    width = tensor.element_size()
    return first * width, (first + reach + 1) * width - 1


def _places(tensor: Tensor) -> Tensor:
    """Where a tensor's numbers lie in its storage."""
    count = tensor.untyped_storage().nbytes() // tensor.element_size()
    layout = tensor.shape, tensor.stride(), tensor.storage_offset()
    return torch.arange(count).as_strided(*layout).flatten()
