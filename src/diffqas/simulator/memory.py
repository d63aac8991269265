"""Memory that compiled code works in, kept from call to call.

The system hands out fresh memory page by page, which costs more time than many a pass over it.
NumPy asks for large pages, which torch does not.
"""

from __future__ import annotations

import math
import threading
import weakref
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor

LINE = 64
"""Bytes of a line of the cache."""

MOST_KEPT = 2**28
"""Bytes that a thread keeps to work in; what is larger is given back after use."""

MOST_LENT = 2**26
"""Bytes of a piece that is kept to be lent again."""

MOST_FREE = 4
"""Such pieces that a process keeps."""


class _Kept(threading.local):
    """What a thread of Python works in."""

    array: NDArray[np.uint8] | None = None


_kept = _Kept()
_free: list[NDArray[np.uint8]] = []
_watched: dict[int, weakref.ref[NDArray[Any]]] = {}


def workspace(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array with arbitrary content, for this thread to work in until its next call."""
    size = _bytes(shape, dtype)
    memory = _kept.array
    if memory is None or memory.nbytes < size:
        _kept.array = None
        memory = _aligned(size)
        if size <= MOST_KEPT:
            _kept.array = memory
    return memory[:size].view(dtype).reshape(shape)


def forget_workspace() -> None:
    """Leave this thread's memory to whoever may still be at work in it."""
    _kept.array = None


def forget_lent() -> None:
    """Give back the pieces that nobody uses now."""
    _free.clear()


def lent(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """A tensor with arbitrary content and the dtype of `like`.

    When this tensor and all views of it are gone, its memory is lent again.
    """
    dtype = np.float32 if like.dtype == torch.float32 else np.float64
    size = _bytes(shape, dtype)
    memory = _found(size)
    array = memory[:size].view(dtype).reshape(shape)
    if memory.nbytes <= MOST_LENT:
        # Torch holds this array for as long as anything looks at the tensor's numbers.
        name = id(array)
        _watched[name] = weakref.ref(array, lambda _: _come_back(name, memory))
    return torch.from_numpy(array)


def _found(size: int) -> NDArray[np.uint8]:
    """The memory that came back last, if it is about as large as is wanted, or fresh one."""
    # One step each, so that threads need no lock; a loop of training lends the same size always.
    try:
        memory = _free.pop()
    except IndexError:
        return _aligned(size)
    return memory if size <= memory.nbytes <= 2 * size else _aligned(size)


def _come_back(name: int, memory: NDArray[np.uint8]) -> None:
    del _watched[name]
    if len(_free) < MOST_FREE:
        _free.append(memory)


def _bytes(shape: tuple[int, ...], dtype: DTypeLike) -> int:
    return math.prod(shape) * np.dtype(dtype).itemsize


def _aligned(size: int) -> NDArray[np.uint8]:
    """Bytes that begin with a line of the cache: no vector then lies in two of them."""
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size]
