"""Angles -> measurement probabilities of many candidates at once, each in its cheapest exact form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from diffqas.circuits import Candidate, SearchSpace, as_space
from diffqas.circuits.identities import COMPLEX, REAL, UNIFORM, WALSH, ZERO, form
from diffqas.errors import require
from diffqas.simulator import compiled
from diffqas.simulator.reversible import evolve
from diffqas.simulator.rotations import qubit_unitaries
from diffqas.simulator.walsh import walsh_probabilities

MAX_QUBITS = 26

Block = tuple[list[int], Tensor]
"""Indices of some candidates in their space, and their probabilities (batch, candidates, 2**n)."""


def probabilities(candidates: SearchSpace | Iterable[Candidate], angles: Tensor, *, separate: bool = False) -> Tensor:
    """Probabilities of all 2**n basis states for every candidate, by exact statevector simulation.

    Args:
        candidates: circuits without data encoding.
        angles: radians, float32 or float64, (..., depth, n); (..., depth, n, r) if a candidate has r > 1
            rotations per qubit (one with fewer uses the first ones). All candidates share them.
        separate: each candidate has angles of its own: (..., len(candidates), depth, n) or with r behind.

    Returns:
        (..., len(candidates), 2**n) in dtype and device of `angles`, differentiable once. Qubit 0 is the most
        significant bit of a basis state's index.

    Raises:
        ArgumentError: an empty list, a candidate with encoding, angles of the wrong shape or dtype.

    >>> angles = torch.tensor([[0.0, torch.pi]])
    >>> probabilities([Candidate(rotation="ry"), Candidate(rotation="rz")], angles).round().tolist()
    [[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]
    """
    space = as_space(candidates)
    flat = _checked(space, angles, separate)
    blocks: list[Block] = []
    for members, part, own, machine_code in _shares(space, flat):
        compute = compiled.probabilities if machine_code else _plain_probabilities
        blocks.append((members, compute(part, own)))
    stacked = blocks[0][1] if len(blocks) == 1 else _in_order(blocks)
    return stacked.reshape(*_lead(space, angles, separate), len(space), -1)


def mixture(
    candidates: SearchSpace | Iterable[Candidate], angles: Tensor, weights: Tensor, *, separate: bool = False
) -> Tensor:
    """Weighted sum of the candidates' probabilities, p = sum_j w_j p_j (arXiv 2505.09653, Eq. 7).

    The same as `(weights.unsqueeze(-1) * probabilities(candidates, angles)).sum(-2)`, without ever
    holding the probabilities of constant candidates.

    Args:
        candidates: as in `probabilities`.
        angles: as in `probabilities`.
        weights: (..., len(candidates)), with the leading dimensions of `angles`; any real numbers.
        separate: as in `probabilities`.

    Returns:
        (..., 2**n), differentiable once in angles and weights.

    >>> mixture([Candidate(rotation="rz")], torch.zeros(1, 2), torch.tensor([3.0])).tolist()
    [3.0, 0.0, 0.0, 0.0]
    """
    space = as_space(candidates)
    flat = _checked(space, angles, separate)
    lead = _lead(space, angles, separate)
    expected = (*lead, len(space))
    kind = weights.dtype if isinstance(weights, Tensor) else type(weights).__name__
    require(kind == angles.dtype, "weights", f"be a {angles.dtype} tensor like `angles`", kind)
    require(weights.shape == expected, "weights", f"have the shape {expected}", tuple(weights.shape))
    per_row = weights.reshape(-1, len(space))
    sums: list[Tensor] = []
    for members, part, own, machine_code in _shares(space, flat):
        compute = compiled.mixture if machine_code else _plain_mixture
        sums.append(compute(part, own, per_row if part is space else per_row[:, members]))
    return sum(sums[1:], start=sums[0]).reshape(*lead, -1)


def _shares(space: SearchSpace, angles: Tensor) -> Iterator[tuple[list[int], SearchSpace, Tensor, bool]]:
    """Candidates computed together: indices, the candidates, their angles, and whether by machine code."""
    fast = compiled.members(space, angles)
    for members, machine_code in ((fast, True), ([i for i in range(len(space)) if i not in fast], False)):
        if len(members) == len(space):
            yield members, space, angles, machine_code
        elif members:
            own = angles if angles.shape[1] == 1 else angles[:, members]
            yield members, SearchSpace(space[index] for index in members), own, machine_code


def _plain_probabilities(space: SearchSpace, angles: Tensor) -> Tensor:
    """Probabilities (batch, candidates, 2**n) in plain torch."""
    blocks = _live_blocks(space, angles)
    batch, n = angles.shape[0], angles.shape[3]
    for constant, fill in ((UNIFORM, _uniform), (ZERO, _zero)):
        members = [index for index, candidate in enumerate(space) if form(candidate) == constant]
        if members:
            blocks.append((members, fill(angles, n).expand(batch, len(members), -1)))
    return _in_order(blocks)


def _in_order(blocks: list[Block]) -> Tensor:
    """The blocks side by side, in the order of the candidates' indices."""
    stacked = torch.cat([block for _, block in blocks], dim=1)
    order = torch.tensor([index for members, _ in blocks for index in members], device=stacked.device)
    return stacked.index_select(1, order.argsort())


def _plain_mixture(space: SearchSpace, angles: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum (batch, 2**n) in plain torch."""
    n, kinds = angles.shape[3], [form(candidate) for candidate in space]
    total = weights.new_zeros(weights.shape[0], 2**n)
    for members, block in _live_blocks(space, angles):
        total = total + torch.bmm(weights[:, None, members], block).squeeze(1)
    for constant, fill in ((UNIFORM, _uniform), (ZERO, _zero)):
        members = [index for index, kind in enumerate(kinds) if kind == constant]
        if members:
            total = total + weights[:, members].sum(-1, keepdim=True) * fill(angles, n)
    return total


def _uniform(like: Tensor, n: int) -> Tensor:
    return like.new_full((1,), 0.5**n).expand(2**n)


def _zero(like: Tensor, n: int) -> Tensor:
    state = like.new_zeros(2**n)
    state[0] = 1
    return state


def _checked(space: SearchSpace, angles: Tensor, separate: bool) -> Tensor:
    """Validated angles as (batch, candidates or 1, depth, n, r)."""
    encoding = [candidate.name for candidate in space if candidate.encoding is not None]
    require(not encoding, "candidates", "encode no data", ", ".join(encoding))
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
    require(flat.shape[3] <= MAX_QUBITS, "angles", f"have at most {MAX_QUBITS} qubits", flat.shape[3])
    return flat


def _lead(space: SearchSpace, angles: Tensor, separate: bool) -> tuple[int, ...]:
    return tuple(angles.shape[: angles.dim() - (2 if space.angles_per_qubit == 1 else 3) - separate])


def _live_blocks(space: SearchSpace, angles: Tensor) -> list[Block]:
    """Probabilities of the candidates that are not constant, those of one form together."""
    members: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for index, candidate in enumerate(space):
        if (kind := form(candidate)) in (WALSH, REAL, COMPLEX):
            members.setdefault((kind, candidate.rotations), []).append(index)
    blocks: list[Block] = []
    for (kind, rotations), indices in members.items():
        chosen = [space[index] for index in indices]
        own = angles if angles.shape[1] == 1 else angles[:, indices]
        if kind == WALSH:
            layers = [candidate.cnots(angles.shape[3]) for candidate in chosen]
            block = walsh_probabilities(own[..., : len(rotations)].sum(-1), layers)
        else:
            block = _evolved(chosen, qubit_unitaries(rotations, own))
        blocks.append((indices, block))
    return blocks


def _evolved(candidates: list[Candidate], unitaries: Tensor) -> Tensor:
    """Probabilities of candidates with equal rotations; unitaries (batch, candidates or 1, depth, n, 2, 2)."""
    batch, own, _, n = unitaries.shape[:4]
    layers = [candidate.cnots(n) for candidate in candidates]
    starts = torch.stack([_start(candidate.hadamard, n, unitaries) for candidate in candidates], dim=-1)
    if own == 1:
        return _squared(evolve(unitaries[:, 0], layers, starts.unsqueeze(0))).transpose(1, 2)
    # Separate angles: candidates with the same entangler are entries of the batch.
    result: list[Tensor] = [unitaries] * len(candidates)
    for layer in dict.fromkeys(layers):
        same = [index for index, other in enumerate(layers) if other == layer]
        start = starts[:, same].t().unsqueeze(-1).repeat(batch, 1, 1)
        final = evolve(unitaries[:, same].flatten(0, 1), [layer], start)
        for index, probability in zip(same, _squared(final).view(batch, len(same), -1).unbind(1), strict=True):
            result[index] = probability
    return torch.stack(result, dim=1)


def _start(hadamard: bool, n: int, like: Tensor) -> Tensor:
    return (_uniform(like, n).sqrt() if hadamard else _zero(like, n)).to(like.dtype)


def _squared(amplitudes: Tensor) -> Tensor:
    if amplitudes.is_complex():
        return amplitudes.real.square() + amplitudes.imag.square()
    return amplitudes.square()
