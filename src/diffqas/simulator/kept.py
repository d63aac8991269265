"""Tensors that are made once: tables of a circuit's size, on the device where they are used."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import TypeVar, cast

import torch

F = TypeVar("F", bound=Callable[..., object])


def kept(maxsize: int) -> Callable[[F], F]:
    """Keep the last `maxsize` results of a function of hashable arguments.

    A result is an ordinary tensor even if it is first wanted in `torch.inference_mode`: what is
    made there could not take part in training later.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def compute(*args: Hashable) -> object:
            with torch.inference_mode(False), torch.no_grad():
                return function(*args)

        return cast(F, lru_cache(maxsize=maxsize)(compute))

    return decorate
