"""The plain torch path: every form on any device, candidates of one form together."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from diffqas.circuits import (
    COMPLEX,
    REAL,
    UNIFORM,
    WALSH,
    ZERO,
    Ansatz,
    Candidate,
    SearchSpace,
    form,
)
from diffqas.simulator import card, general
from diffqas.simulator.born import squared
from diffqas.simulator.kept import picked
from diffqas.simulator.reversible import evolve
from diffqas.simulator.rotations import qubit_unitaries
from diffqas.simulator.walsh import walsh_probabilities

Block = tuple[list[int], Tensor]
"""Indices of some candidates in their space, and their probabilities (batch, candidates, 2**n)."""


def probabilities(space: SearchSpace, angles: Tensor) -> Tensor:
    """Probabilities (batch, candidates, 2**n) for angles (batch, candidates or 1, depth, n, r)."""
    blocks = _live_blocks(space, angles)
    batch, n = angles.shape[0], angles.shape[3]
    for constant, fill in ((UNIFORM, _uniform), (ZERO, _zero)):
        members = [index for index, candidate in enumerate(space) if form(candidate) == constant]
        if members:
            blocks.append((members, fill(angles, n).expand(batch, len(members), -1)))
    return in_order(blocks)


def mixture(space: SearchSpace, angles: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum (batch, 2**n) for weights (batch, candidates)."""
    n, kinds = angles.shape[3], [form(candidate) for candidate in space]
    total = weights.new_zeros(weights.shape[0], 2**n)
    for members, block in _live_blocks(space, angles):
        total = total + torch.bmm(picked(weights, 1, members).unsqueeze(1), block).squeeze(1)
    for constant, fill in ((UNIFORM, _uniform), (ZERO, _zero)):
        members = [index for index, kind in enumerate(kinds) if kind == constant]
        if members:
            total = total + picked(weights, 1, members).sum(-1, keepdim=True) * fill(angles, n)
    return total


def in_order(blocks: list[Block]) -> Tensor:
    """The blocks side by side, in the order of the candidates' indices."""
    # argsort of a permutation is its inverse.
    stacked = torch.cat([block for _, block in blocks], dim=1)
    order = [index for members, _ in blocks for index in members]
    return picked(stacked, 1, np.argsort(order).tolist())


def _live_blocks(space: SearchSpace, angles: Tensor) -> list[Block]:
    """Probabilities of the candidates that are not constant, those of one form together."""
    members: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    blocks: list[Block] = []
    for index, candidate in enumerate(space):
        if isinstance(candidate, Ansatz):
            own = angles[:, 0 if angles.shape[1] == 1 else index]
            blocks.append(([index], general.probabilities(candidate, own).unsqueeze(1)))
        elif (kind := form(candidate)) in (WALSH, REAL, COMPLEX):
            members.setdefault((kind, candidate.rotations), []).append(index)
    for (kind, rotations), indices in members.items():
        chosen = [space[index] for index in indices]
        own = angles if angles.shape[1] == 1 else picked(angles, 1, indices)
        if kind == WALSH:
            layers = [candidate.cnots(angles.shape[3]) for candidate in chosen]
            # Rotations of one qubit about one axis add up.
            block = walsh_probabilities(own[..., : len(rotations)].sum(-1), layers)
        elif kind == REAL and card.serves(angles):
            # Rotations of one qubit about one axis add up here, too.
            block = squared(card.ry_amplitudes(chosen, own[..., : len(rotations)].sum(-1)))
        else:
            block = _evolved(chosen, qubit_unitaries(rotations, own))
        blocks.append((indices, block))
    return blocks


def _evolved(candidates: list[Candidate], unitaries: Tensor) -> Tensor:
    """Probabilities of candidates with equal rotations.

    The unitaries are (batch, candidates or 1, depth, n, 2, 2).
    """
    batch, own, _, n = unitaries.shape[:4]
    layers = [candidate.cnots(n) for candidate in candidates]
    starts = torch.stack(
        [_start(candidate.hadamard, n, unitaries) for candidate in candidates], dim=-1
    )
    # Shared angles: candidates of equal rotations are columns of one matrix product.
    if own == 1:
        return squared(evolve(unitaries[:, 0], layers, starts.unsqueeze(0))).transpose(1, 2)
    # Separate angles: candidates with the same entangler are entries of the batch.
    result: list[Tensor] = [unitaries] * len(candidates)
    for layer in dict.fromkeys(layers):
        same = [index for index, other in enumerate(layers) if other == layer]
        start = picked(starts, 1, same).t().unsqueeze(-1).repeat(batch, 1, 1)
        final = evolve(picked(unitaries, 1, same).flatten(0, 1), [layer], start)
        for index, probability in zip(
            same, squared(final).view(batch, len(same), -1).unbind(1), strict=True
        ):
            result[index] = probability
    return torch.stack(result, dim=1)


def _start(hadamard: bool, n: int, like: Tensor) -> Tensor:
    return (_uniform(like, n).sqrt() if hadamard else _zero(like, n)).to(like.dtype)


def _uniform(like: Tensor, n: int) -> Tensor:
    return like.new_full((1,), 0.5**n).expand(2**n)


def _zero(like: Tensor, n: int) -> Tensor:
    state = like.new_zeros(2**n)
    state[:1].fill_(1)  # `state[0] = 1` would copy the number from the host
    return state
