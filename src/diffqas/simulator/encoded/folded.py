"""Functions with a gradient by hand, whose tensors all have one leading dimension in common.

Torch may call such a function, or its gradient, many times at once (`torch.func.vmap`, a batch of
models): the calls are then more entries of the leading dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from torch import Tensor

from diffqas.simulator.autograd import BackwardOnly, Context, Dims, MapInfo, once_only
from diffqas.simulator.cotangents import fold, unfold

Wanted: TypeAlias = tuple[bool, ...]
"""Of each tensor that `forward` took, whether its gradient is wanted."""


class Operation(Protocol):
    """What is computed; immutable, and without tensors of its own."""

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """The result, and whatever `backward` wants to find again, all (G, ...)."""
        ...

    def kept(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """Those of the tensors that `backward` needs."""
        ...

    def backward(
        self, wanted: Wanted, kept: Sequence[Tensor], results: Sequence[Tensor], upstream: Tensor
    ) -> tuple[Tensor, ...]:
        """The wanted gradients, of what was kept, what `forward` gave, and dL/d result."""
        ...


def call(operation: Operation, *tensors: Tensor) -> Tensor:
    """The first result of an operation on tensors (G, ...), differentiable once."""
    results = _Call.apply(operation, *tensors)
    assert isinstance(results, tuple)
    return results[0]


class _CallContext(Context, Protocol):
    operation: Operation
    count: int
    """Of the tensors that are kept."""


class _Call(BackwardOnly):
    @staticmethod
    def forward(operation: Operation, *tensors: Tensor) -> tuple[Tensor, ...]:
        return operation.forward(*tensors)

    @staticmethod
    def setup_context(
        ctx: _CallContext, inputs: tuple[Operation, *tuple[Tensor, ...]], output: tuple[Tensor, ...]
    ) -> None:
        ctx.operation, *tensors = inputs
        kept = ctx.operation.kept(tensors)
        ctx.count = len(kept)
        ctx.save_for_backward(*kept, *output)
        ctx.mark_non_differentiable(*output[1:])
        ctx.set_materialize_grads(False)

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[tuple[Tensor, ...], Dims]:
        operation, *tensors = args
        results = _Call.apply(operation, *fold(info.batch_size, in_dims[1:], tensors))
        assert isinstance(results, tuple)
        return unfold(info.batch_size, results)

    @staticmethod
    def backward(ctx: _CallContext, *upstream: Tensor | None) -> tuple[Tensor | None, ...]:
        wanted = ctx.needs_input_grad[1:]
        if upstream[0] is None:
            return None, *(None for _ in wanted)
        call = ctx.operation, wanted, ctx.count
        found = _Gradients.apply(call, *ctx.saved_tensors, upstream[0])
        assert isinstance(found, tuple)
        left = iter(found)
        return None, *(next(left) if want else None for want in wanted)


_Pullback: TypeAlias = tuple[Operation, Wanted, int]
"""Whose gradients, which of them, and how many tensors were kept."""


class _Gradients(BackwardOnly):
    """The gradients as a function of their own, for vmap; it has no derivative."""

    @staticmethod
    def forward(call: _Pullback, *tensors: Tensor) -> tuple[Tensor, ...]:
        operation, wanted, count = call
        return operation.backward(wanted, tensors[:count], tensors[count:-1], tensors[-1])

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[object, ...], output: object) -> None:
        pass

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[tuple[Tensor, ...], Dims]:
        call, *tensors = args
        results = _Gradients.apply(call, *fold(info.batch_size, in_dims[1:], tensors))
        assert isinstance(results, tuple)
        return unfold(info.batch_size, results)

    @staticmethod
    def backward(ctx: Context, *_: Tensor) -> None:
        raise once_only("Outputs of encoded circuits")
