"""Angles -> measurement probabilities of many candidates at once, each in its cheapest exact form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from diffqas.circuits import Candidate, SearchSpace, as_space
from diffqas.errors import require
from diffqas.simulator import compiled, plain

MAX_QUBITS = 26


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
    blocks: list[plain.Block] = []
    for members, part, own, machine_code in _shares(space, flat):
        compute = compiled.probabilities if machine_code else plain.probabilities
        blocks.append((members, compute(part, own)))
    stacked = blocks[0][1] if len(blocks) == 1 else plain.in_order(blocks)
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
        compute = compiled.mixture if machine_code else plain.mixture
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
