"""Gradients of compiled circuits as an autograd function, of one cotangent or of many for vmap."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, TypeAlias

from torch import Tensor

from diffqas.simulator.autograd import BackwardOnly, Context, Dims, MapInfo, once_only, signed
from diffqas.simulator.cotangents import mapped

Gradients: TypeAlias = Callable[..., tuple[Tensor, ...]]
"""Of circuits, of `many` and of tensors, the cotangents last; see `cotangents.mapped`."""


def pulled_back(
    gradients: Gradients, circuits: Hashable, many: bool, *tensors: Tensor
) -> tuple[Tensor, ...]:
    """What `gradients` gives, also under vmap.

    Args:
        gradients: computes them.
        circuits: whose gradients.
        many: whether the cotangents of a call are many.
        tensors: what the forward pass left, and the cotangents.
    """
    found = _Pullback.apply(gradients, circuits, many, *tensors)
    assert isinstance(found, tuple)
    return found


class _Pullback(BackwardOnly):
    """It has no derivative of its own."""

    @staticmethod
    @signed
    def forward(
        gradients: Gradients, circuits: Hashable, many: bool, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        return gradients(circuits, many, *tensors)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[object, ...], output: tuple[Tensor, ...]) -> None:
        pass

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[tuple[Tensor, ...], Dims]:
        gradients, circuits, many, *tensors = args
        again = partial(pulled_back, gradients, circuits)
        results, dim = mapped(again, many, info.batch_size, in_dims[3:], *tensors)
        return results, (dim,) * len(results)

    @staticmethod
    def backward(ctx: Context, *_: Tensor) -> None:
        raise once_only("Probabilities and mixtures")
