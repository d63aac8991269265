"""What torch hands to the parts of an autograd function, with types.

Torch leaves these objects untyped. A function that keeps more than tensors between its passes
derives a protocol of its own from `Context` and names the attribute there.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Protocol, TypeAlias, TypeVar

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
        """Of each argument of `forward`, whether its gradient is wanted."""
        ...

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `backward`; torch then notices if they are changed in place."""

    def save_for_forward(self, *tensors: Tensor) -> None:
        """Keep tensors for `jvp`."""

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """Say of outputs that they have no derivative."""

    def set_materialize_grads(self, value: bool) -> None:
        """Whether a missing gradient reaches `backward` as zeros; if not, as None."""


class MapInfo(Protocol):
    """The first argument of `vmap`."""

    @property
    def batch_size(self) -> int:
        """How many calls are made at once."""
        ...


def once_only(quantity: str) -> NotImplementedError:
    """The error of a second derivative, which no function of this room has."""
    return NotImplementedError(f"{quantity} can be differentiated only once.")


F = TypeVar("F", bound=Callable[..., object])


def signed(forward: F) -> F:
    """Let a `forward` carry its signature, which torch asks for in every call.

    Reading it from the code takes as long as the work of a small circuit.
    """
    forward.__dict__["__signature__"] = signature(forward)
    return forward
