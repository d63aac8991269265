"""Checks at the door, shared by everything that takes angles."""

from __future__ import annotations

import torch
from torch import Tensor

from diffqas.circuits import SearchSpace
from diffqas.errors import require

MAX_QUBITS = 26


def checked_angles(space: SearchSpace, angles: Tensor, separate: bool) -> Tensor:
    """Validated angles as (batch, candidates or 1, depth, n, r)."""
    floats = (torch.float32, torch.float64)
    kind = angles.dtype if isinstance(angles, Tensor) else type(angles).__name__
    require(kind in floats, "angles", "be a float32 or float64 tensor", kind)
    r = space.angles_per_qubit
    head = "..., len(candidates), " if separate else "..., "
    shape = f"({head}depth, n{f', {r}' if r > 1 else ''})"
    rule, got = f"have the shape {shape} with depth and n at least 1", tuple(angles.shape)
    core = angles.dim() - (2 if r == 1 else 3)
    require(core >= separate and 0 not in got, "angles", rule, got)
    require(r == 1 or got[-1] == r, "angles", rule, got)
    require(not separate or got[core - 1] == len(space), "angles", rule, got)
    flat = angles if r > 1 else angles.unsqueeze(-1)
    flat = flat.reshape(-1, len(space) if separate else 1, *flat.shape[core:])
    require(
        flat.shape[3] <= MAX_QUBITS, "angles", f"have at most {MAX_QUBITS} qubits", flat.shape[3]
    )
    return flat


def lead_of(space: SearchSpace, angles: Tensor, separate: bool) -> tuple[int, ...]:
    """Leading dimensions of angles that passed `checked_angles`."""
    return tuple(
        angles.shape[: angles.dim() - (2 if space.angles_per_qubit == 1 else 3) - separate]
    )


def checked_weights(
    space: SearchSpace, weights: Tensor, angles: Tensor, lead: tuple[int, ...]
) -> Tensor:
    """Validated weights as (batch, candidates)."""
    expected = (*lead, len(space))
    kind = weights.dtype if isinstance(weights, Tensor) else type(weights).__name__
    require(kind == angles.dtype, "weights", f"be a {angles.dtype} tensor like `angles`", kind)
    require(
        weights.shape == expected, "weights", f"have the shape {expected}", tuple(weights.shape)
    )
    return weights.reshape(-1, len(space))
