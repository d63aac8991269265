"""Checks of the arguments of `observed`, and these arguments in the canonical form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from diffqas.circuits import (
    AnyCandidate,
    AnyObservables,
    Diagonal,
    Hermitian,
    PauliStrings,
    SearchSpace,
    Z,
)
from diffqas.errors import ArgumentError, require, whole
from diffqas.simulator.arguments import checked_angles, lead_of, type_of


@dataclass(frozen=True)
class Arguments:
    """Checked tensors with their leading dimensions, not yet sorted into sets and samples."""

    inputs: Tensor
    """(*inputs_lead, uploads, n)"""
    flat: Tensor
    """Angles (sets, candidates or 1, depth, n, r), all sets of their leading dimensions."""
    flat_lead: tuple[int, ...]
    """Leading dimensions of the angles."""
    given_weights: Tensor | None
    given_coefficients: Tensor | None
    lead: tuple[int, ...]
    """Leading dimensions of a set: those that angles, weights and coefficients have together."""

    # Views are made when they are asked for: at a few qubits they cost as much as the work.
    @property
    def angles(self) -> Tensor:
        """(*lead, candidates or 1, depth, n, r)"""
        own = self.flat.reshape(*self.flat_lead, *self.flat.shape[1:])
        return _expanded(own, self.lead, 4)

    @property
    def weights(self) -> Tensor | None:
        """(*lead, R, candidates)"""
        return None if self.given_weights is None else _expanded(self.given_weights, self.lead, 2)

    @property
    def coefficients(self) -> Tensor | None:
        """(*lead, outputs, K)"""
        if self.given_coefficients is None:
            return None
        return _expanded(self.given_coefficients, self.lead, 2)


def checked(
    space: SearchSpace[AnyCandidate],
    inputs: Tensor,
    angles: Tensor,
    observables: AnyObservables,
    outputs: int,
    weights: Tensor | None,
    coefficients: Tensor | None,
    uploads: int,
    separate: bool,
) -> Arguments:
    """The arguments of `observed` after a check that they fit each other.

    Raises:
        ArgumentError: they do not fit each other.
    """
    silent = _silent(space)
    require(not silent, "candidates", "encode data", ", ".join(silent))
    flat = checked_angles(space, angles, separate)
    depth, n = flat.shape[2:4]
    _check_layers(depth, uploads)
    known = isinstance(observables, (Z, PauliStrings, Diagonal, Hermitian))
    rule = "be Z, PauliStrings, Diagonal or Hermitian"
    require(known, "observables", rule, repr(observables))
    observables.checked(n, outputs)
    _check_like(inputs, angles, "inputs")
    got = tuple(inputs.shape)
    fits = len(got) >= 2 and got[-2:] == (uploads, n) and 0 not in got
    require(fits, "inputs", f"have the shape (..., {uploads}, {n}), uploads before qubits", got)
    _check_weights(space, weights, angles, outputs)
    numbers = observables.numbers(n, outputs)
    _check_coefficients(coefficients, angles, numbers)
    own = lead_of(space, angles, separate)
    lead = _common_lead(own, weights, coefficients)
    _broadcast(got[:-2], lead)
    return Arguments(inputs, flat, own, weights, coefficients, lead)


@lru_cache(maxsize=64)
def _silent(space: SearchSpace[AnyCandidate]) -> tuple[str, ...]:
    """Candidates that take no data."""
    return tuple(candidate.name for candidate in space if not candidate.encodes)


def _check_layers(depth: int, uploads: int) -> None:
    require(whole(uploads), "uploads", "be a whole number of at least 1", uploads)
    rule = "divide the depth, so that each upload is followed by as many layers"
    require(depth % uploads == 0, "uploads", rule, f"{uploads} at depth {depth}")


def _check_like(tensor: Tensor, angles: Tensor, name: str) -> None:
    kind = type_of(tensor)
    require(kind == angles.dtype, name, f"be a {angles.dtype} tensor like `angles`", kind)
    rule = f"be on the device of `angles`, {angles.device}"
    require(tensor.device == angles.device, name, rule, tensor.device)


def _check_weights(
    space: SearchSpace[AnyCandidate], weights: Tensor | None, angles: Tensor, outputs: int
) -> None:
    if weights is None:
        return
    _check_like(weights, angles, "weights")
    got = tuple(weights.shape)
    fits = len(got) >= 2 and got[-1] == len(space) and got[-2] in (1, outputs)
    rule = f"have the shape (..., R, {len(space)}) with R = 1 or R = outputs"
    require(fits and 0 not in got, "weights", rule, got)


def _check_coefficients(
    coefficients: Tensor | None, angles: Tensor, numbers: tuple[int, ...] | None
) -> None:
    if numbers is None:
        rule = "be None, for these observables have no trained numbers"
        require(coefficients is None, "coefficients", rule, type_of(coefficients))
        return
    shape = f"(..., {', '.join(map(str, numbers))})"
    require(coefficients is not None, "coefficients", f"have the shape {shape}", None)
    assert coefficients is not None
    _check_like(coefficients, angles, "coefficients")
    got = tuple(coefficients.shape)
    fits = got[-2:] == numbers and 0 not in got
    require(fits, "coefficients", f"have the shape {shape}", got)


def joined(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """Two shapes, broadcast; torch's own function is slow beside the checks of a step."""
    if not other or one == other:
        return one
    if not one:
        return other
    return tuple(torch.broadcast_shapes(one, other))


def _common_lead(
    lead: tuple[int, ...], weights: Tensor | None, coefficients: Tensor | None
) -> tuple[int, ...]:
    """The leading dimensions of angles, weights and coefficients, broadcast."""
    for name, tensor in (("weights", weights), ("coefficients", coefficients)):
        if tensor is None:
            continue
        got = tuple(tensor.shape[:-2])
        try:
            lead = joined(lead, got)
        except RuntimeError:
            rule = f"have leading dimensions that broadcast against those of `angles`, {lead}"
            raise ArgumentError(f"Argument `{name}` must {rule}, but got {got}.") from None
    return lead


def _broadcast(inputs: tuple[int, ...], lead: tuple[int, ...]) -> None:
    try:
        joined(inputs, lead)
    except RuntimeError:
        rule = f"have leading dimensions that broadcast against those of `angles`, {lead}"
        raise ArgumentError(f"Argument `inputs` must {rule}, but got {inputs}.") from None


def _expanded(tensor: Tensor, lead: tuple[int, ...], core: int) -> Tensor:
    shape = tensor.shape[tensor.dim() - core :]
    return tensor.expand(*lead, *shape)
