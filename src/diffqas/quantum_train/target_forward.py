"""A model's forward that shows the arguments of its target's forward.

Trainers ask for their names: that of Hugging Face drops the columns of a data set that no argument
is named after.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import CodeType
from typing import Any, Generic, Protocol, TypeVar, cast, overload


class Wrapper(Protocol):
    """A model around a target."""

    def target_signature(self) -> inspect.Signature:
        """The arguments of the target's forward."""
        ...


M = TypeVar("M", bound=Wrapper)
F = TypeVar("F", bound=Callable[..., Any])


def target_forward(function: F) -> F:
    """A method that is called as it is written, and described as the target's forward.

    >>> class Model:
    ...     def target_signature(self):
    ...         return inspect.signature(lambda pixels, labels=None: None)
    ...     @target_forward
    ...     def forward(self, *args, **kwargs):
    ...         return args, kwargs
    >>> inspect.signature(Model().forward), Model().forward(1, labels=2)
    (<Signature (pixels, labels=None)>, ((1,), {'labels': 2}))
    """
    return cast("F", TargetForward(function))


class TargetForward(Generic[M]):
    """The descriptor behind `target_forward`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, model: None, owner: type[M]) -> Callable[..., Any]: ...

    @overload
    def __get__(self, model: M, owner: type[M]) -> BoundForward[M]: ...

    def __get__(self, model: M | None, owner: type[M]) -> Callable[..., Any]:
        if model is None:
            return self.function
        return BoundForward(self.function, model)


class BoundForward(Generic[M]):
    """The method of one model, with the names that a bound method has."""

    def __init__(self, function: Callable[..., Any], model: M) -> None:
        self.__func__, self.__self__ = function, model
        self.__name__, self.__doc__ = function.__name__, function.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the method."""
        return self.__func__(self.__self__, *args, **kwargs)

    @property
    def __signature__(self) -> inspect.Signature:
        return self.__self__.target_signature()

    @property
    def __code__(self) -> CodeType:
        return self.__func__.__code__
