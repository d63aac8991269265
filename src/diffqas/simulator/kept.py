"""Tensors that are made once: tables of a circuit's size, on the device where they are used."""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, wraps
from itertools import count
from typing import TypeVar, cast

import torch
from torch import Tensor

F = TypeVar("F", bound=Callable[..., object])


def kept(maxsize: int) -> Callable[[F], F]:
    """Keep the last `maxsize` results of a function of hashable arguments (a decorator).

    A result is an ordinary tensor even if it is first computed in `torch.inference_mode`. A tensor
    of that mode could not be used in training later.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def compute(*args: Hashable) -> object:
            with torch.inference_mode(False), torch.no_grad():
                return function(*args)

        found = lru_cache(maxsize=maxsize)(compute)

        @wraps(function)
        def looked_up(*args: Hashable) -> object:
            result = found(*args)
            for held in _HOLDERS:
                held.append(result)
            return result

        return cast(F, looked_up)

    return decorate


_HOLDERS: list[list[object]] = []


@contextmanager
def holding() -> Iterator[list[object]]:
    """Collect all kept results that are used inside the block, also by the backward pass's thread.

    A CUDA graph records addresses only, so that its tables must stay alive even after a cache has
    dropped them. The list that this context manager gives keeps them alive.
    """
    held: list[object] = []
    _HOLDERS.append(held)
    try:
        yield held
    finally:
        # By identity: two lists with the same tables are equal.
        _HOLDERS[:] = [other for other in _HOLDERS if other is not held]


@kept(maxsize=512)
def index_on(device: str, *places: int) -> Tensor:
    """Indices as a tensor on the device, as a list would be copied there in every step."""
    return torch.tensor(places, dtype=torch.int64).to(device)


def picked(values: Tensor, dim: int, places: Sequence[int]) -> Tensor:
    """Entries of one dimension in a given order; all entries in their own order are not copied.

    >>> picked(torch.tensor([[5.0, 6.0, 7.0]]), 1, [2, 0]).tolist()
    [[7.0, 5.0]]
    """
    if len(places) == values.shape[dim] and all(map(operator.eq, places, count())):
        return values
    return values.index_select(dim, index_on(str(values.device), *places))


@kept(maxsize=512)
def numbers_on(device: str, dtype: torch.dtype, *numbers: float) -> Tensor:
    """Fixed numbers as a tensor on the device."""
    return torch.tensor(numbers, dtype=dtype).to(device)
