"""Results that are kept, as circuits which are not trained need to be simulated only once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")


class Kept(Generic[T]):
    """The result of a function of tensors, computed again only after one of them has changed.

    A copy of this object starts without a result.

    >>> kept, seen = Kept(), []
    >>> numbers = torch.zeros(2)
    >>> double = lambda one: seen.append("computed") or 2 * one
    >>> kept(double, numbers), kept(double, numbers), seen
    (tensor([0., 0.]), tensor([0., 0.]), ['computed'])
    >>> kept(double, numbers.add_(1)), len(seen)
    (tensor([2., 2.]), 2)
    """

    def __init__(self) -> None:
        self._last: tuple[list[Tensor], T] | None = None

    def __call__(self, compute: Callable[..., T], *tensors: Tensor) -> T:
        """`compute(*tensors)`, without a derivative."""
        if self._last is None or not all(map(_same, tensors, self._last[0])):
            with (
                torch.inference_mode(False),
                torch.no_grad(),
            ):  # what is kept may be trained with later
                own = [tensor.clone() for tensor in tensors]
                self._last = own, compute(*own)
        return self._last[1]

    def __reduce__(self) -> tuple[type[Kept[T]], tuple[()]]:
        return type(self), ()


def stays(parameter: Tensor) -> bool:
    """Whether this is a parameter that is not trained.

    The answer is no for a tensor that replaces a parameter for one call (vmap, jvp).
    """
    return isinstance(parameter, nn.Parameter) and not parameter.requires_grad


def _same(one: Tensor, other: Tensor) -> bool:
    return one.dtype == other.dtype and one.device == other.device and torch.equal(one, other)
