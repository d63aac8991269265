"""Functions that `torch.compile` calls as they are, in eager mode, without tracing them.

Circuits are machine code, NumPy and cached plans. To compile them takes `torch.compile` half a
minute, loses gradients where NumPy is used, and makes nothing faster. So a marked function is one
call between the compiled graphs before and after it. Gradients pass through it as usual.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch
from torch.compiler import is_compiling, is_exporting
from torch.jit._trace import is_tracing

from diffqas.errors import DiffqasError

P = ParamSpec("P")
R = TypeVar("R")
Function = Callable[..., object]

REASON = (
    "circuits have compiled kernels of their own: torch.compile calls them as they are, so leave "
    "fullgraph=True out"
)

NOT_TRACED = (
    "ONNX has no operator for quantum circuits, nor have torch.export and torch.jit: a model with "
    "circuits inside cannot be traced. Trace the parts before and behind them, keep the model as a "
    "state_dict, or take `export()` of a QuantumTrain, an ordinary network."
)

WAITING: dict[str, Function] = {}
"""Marked functions by name, before torch's compiler is there; `eager_calls` takes them over."""

EAGER: dict[str, Function] = {}
"""Marked functions in the form that the compiler does not look into."""


def eager(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function or a method that `torch.compile` must call as it is (a decorator).

    A call outside of `torch.compile` takes no more time than before.

    Raises:
        DiffqasError: in a call that is traced for ONNX or by torch.export or torch.jit.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    # The mark itself would import torch's compiler, which takes a second or two.
    if "torch._dynamo" in sys.modules:
        EAGER[name] = left_alone(function)
    else:
        WAITING[name] = function

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if is_tracing() or (is_compiling() and is_exporting()):
            raise DiffqasError(NOT_TRACED)
        if is_compiling():
            from diffqas.simulator import eager_calls

            return eager_calls.EAGER[name](*args, **kwargs)  # type: ignore[return-value]
        return function(*args, **kwargs)

    return call


def left_alone(function: Function) -> Function:
    """A function that torch's compiler does not look into."""
    return torch.compiler.disable(function, reason=REASON)
