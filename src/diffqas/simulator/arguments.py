"""Checks of arguments, shared by all functions that take angles."""

from __future__ import annotations

import torch
from torch import Tensor

from diffqas.circuits import SearchSpace
from diffqas.errors import require

MAX_QUBITS = 26


def checked_angles(space: SearchSpace, angles: Tensor, separate: bool) -> Tensor:
    """Validated angles as (batch, candidates or 1, depth, n, r).

    Raises:
        ArgumentError: the shape or dtype is wrong, or there are too many qubits.
    """
    kind = type_of(angles)
    floats = (torch.float32, torch.float64)
    require(kind in floats, "angles", "be a float32 or float64 tensor", kind)
    r = space.angles_per_qubit
    got = tuple(angles.shape)
    rule = f"have the shape {_shape(r, separate)} with depth and n at least 1"
    # Leading dimensions: those before (depth, n), or before (depth, n, r).
    lead = len(got) - (2 if r == 1 else 3)
    require(lead >= separate and 0 not in got, "angles", rule, got)
    require(r == 1 or got[-1] == r, "angles", rule, got)
    require(not separate or got[lead - 1] == len(space), "angles", rule, got)
    if r == 1:
        angles = angles.unsqueeze(-1)
    # One form for all that follows: (batch, candidates or 1, depth, n, r).
    columns = len(space) if separate else 1
    flat = angles.reshape(-1, columns, *angles.shape[lead:])
    n = flat.shape[3]
    require(n <= MAX_QUBITS, "angles", f"have at most {MAX_QUBITS} qubits", n)
    return flat


def type_of(value: object) -> object:
    """The dtype of a tensor; of anything else the name of its class."""
    if isinstance(value, Tensor):
        return value.dtype
    return type(value).__name__


def _shape(r: int, separate: bool) -> str:
    """The shape that angles must have, in words of the documentation."""
    own = "len(candidates), " if separate else ""
    several = f", {r}" if r > 1 else ""
    return f"(..., {own}depth, n{several})"


def lead_of(space: SearchSpace, angles: Tensor, separate: bool) -> tuple[int, ...]:
    """Leading dimensions of angles that passed `checked_angles`."""
    core = (2 if space.angles_per_qubit == 1 else 3) + separate
    return tuple(angles.shape[: angles.dim() - core])


def checked_weights(
    space: SearchSpace, weights: Tensor, angles: Tensor, lead: tuple[int, ...]
) -> Tensor:
    """Validated weights as (batch, candidates).

    Raises:
        ArgumentError: the shape or dtype is wrong.
    """
    kind = type_of(weights)
    require(kind == angles.dtype, "weights", f"be a {angles.dtype} tensor like `angles`", kind)
    expected, got = (*lead, len(space)), tuple(weights.shape)
    require(got == expected, "weights", f"have the shape {expected}", got)
    return weights.reshape(-1, len(space))
