"""Types for the objects that torch passes to the parts of an autograd function.

Torch leaves these objects untyped. A function that keeps more than tensors between its passes
derives its own protocol from `Context` and declares the attribute there.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import BoundArguments, Signature
from typing import Protocol, TypeAlias, TypeVar

import torch
from torch import Tensor

Dims: TypeAlias = tuple[int | None, ...]
"""The mapped dimension of each argument under vmap; None for one that all calls share."""


class Context(Protocol):
    """The first argument of `setup_context`, `backward` and `jvp`."""

    @property
    def saved_tensors(self) -> tuple[Tensor, ...]:
        """What `save_for_backward` or `save_for_forward` was given."""
        ...

    @property
    def needs_input_grad(self) -> tuple[bool, ...]:
        """For each argument of `forward`, whether its gradient is wanted."""
        ...

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `backward`; torch then notices if they are changed in place."""

    def save_for_forward(self, *tensors: Tensor) -> None:
        """Keep tensors for `jvp`."""

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """Declare that outputs have no derivative."""

    def set_materialize_grads(self, value: bool) -> None:
        """Set whether a missing gradient reaches `backward` as zeros; if not, it is None."""


class MapInfo(Protocol):
    """The first argument of `vmap`."""

    @property
    def batch_size(self) -> int:
        """How many calls are made at once."""
        ...


class BackwardOnly(torch.autograd.Function):
    """A function with gradients and without forward-mode derivatives, which says so."""

    @staticmethod
    def jvp(ctx: Context, *tangents: Tensor | None) -> None:
        """Torch calls this for `jvp`, `jacfwd` and `hessian`."""
        raise NotImplementedError(
            "Circuits are differentiated backwards, once: take vjp, grad or jacrev of torch.func "
            "in place of jvp, jacfwd and hessian."
        )


def once_only(quantity: str) -> NotImplementedError:
    """The error of a second derivative, which no function of this room has."""
    return NotImplementedError(f"{quantity} can be differentiated only once.")


def plain_numbers() -> bool:
    """Whether a backward pass only needs the numbers of the gradients.

    If gradients are to be differentiated again, or under a transform of `torch.func`, they must
    come from an autograd function of their own. A call of such a function takes as long as the work
    of a small circuit, so it is avoided here where it is not needed.
    """
    # Torch asks the same of itself before it applies a function.
    return not (torch.is_grad_enabled() or torch._C._are_functorch_transforms_active())


F = TypeVar("F", bound=Callable[..., object])


def signed(forward: F) -> F:
    """Attach a signature to a `forward` that has positional arguments without defaults.

    Otherwise torch reads the signature from the code in every call and binds the arguments to it,
    which takes as long as the work of a small circuit. With this signature nothing is bound, as the
    arguments come in order.
    """
    forward.__dict__["__signature__"] = _InOrder()
    return forward


class _InOrder(Signature):
    """The signature of a function that takes its arguments as they come."""

    def bind(self, *args: object, **kwargs: object) -> BoundArguments:
        return _Bound(args)


class _Bound(BoundArguments):
    def __init__(self, args: tuple[object, ...]) -> None:
        self._args = args

    def apply_defaults(self) -> None:
        """There are none."""

    @property
    def args(self) -> tuple[object, ...]:
        return self._args

    @property
    def kwargs(self) -> dict[str, object]:
        return {}
