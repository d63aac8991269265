"""Measurement probabilities of many candidates at once, each in its cheapest exact form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from torch import Tensor

from diffqas.circuits import AnyCandidate, SearchSpace, as_space, check_no_data
from diffqas.simulator import compiled, plain
from diffqas.simulator.arguments import MAX_QUBITS as MAX_QUBITS
from diffqas.simulator.arguments import checked_angles, checked_weights, lead_of
from diffqas.simulator.eager import eager
from diffqas.simulator.kept import picked


@eager
def probabilities(
    candidates: SearchSpace | Iterable[AnyCandidate], angles: Tensor, *, separate: bool = False
) -> Tensor:
    """Probabilities of all 2**n basis states for every candidate, by exact statevector simulation.

    Args:
        candidates: circuits without data encoding.
        angles: radians in float32 or float64, (..., depth, n), or (..., depth, n, r) if a candidate
            has r > 1 rotations per qubit. A candidate with fewer rotations uses the first ones. All
            candidates share the angles.
        separate: whether each candidate has its own angles, (..., len(candidates), depth, n) or
            (..., len(candidates), depth, n, r).

    Returns:
        Probabilities (..., len(candidates), 2**n) with the dtype and device of `angles`,
        differentiable once. Qubit 0 is the most significant bit of a basis state's index.

    Raises:
        ArgumentError: there is no candidate, a candidate encodes data, or the angles have the wrong
            shape or dtype.

    >>> import torch
    >>> from diffqas.circuits import Candidate
    >>> angles = torch.tensor([[0.0, torch.pi]])
    >>> probabilities([Candidate(rotation="ry"), Candidate(rotation="rz")], angles).round().tolist()
    [[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]
    """
    space = as_space(candidates)
    flat = _checked(space, angles, separate)
    # Machine code first, plain torch for what it does not know; each keeps its candidates together.
    blocks: list[plain.Block] = []
    for members, part, own, machine_code in _shares(space, flat):
        compute = compiled.probabilities if machine_code else plain.probabilities
        blocks.append((members, compute(part, own)))
    stacked = blocks[0][1] if len(blocks) == 1 else plain.in_order(blocks)
    return stacked.reshape(*lead_of(space, angles, separate), len(space), -1)


@eager
def mixture(
    candidates: SearchSpace | Iterable[AnyCandidate],
    angles: Tensor,
    weights: Tensor,
    *,
    separate: bool = False,
) -> Tensor:
    """Weighted sum of the candidates' probabilities, p = sum_j w_j p_j (arXiv 2505.09653, Eq. 7).

    The result is `(weights.unsqueeze(-1) * probabilities(candidates, angles)).sum(-2)`, but the
    probabilities of constant candidates are never held in memory.

    Args:
        candidates: as in `probabilities`.
        angles: as in `probabilities`.
        weights: (..., len(candidates)), with the leading dimensions of `angles`; any real numbers.
        separate: as in `probabilities`.

    Returns:
        The mixture (..., 2**n), differentiable once in angles and weights.

    Raises:
        ArgumentError: as in `probabilities`, or the weights have the wrong shape or dtype.

    >>> import torch
    >>> from diffqas.circuits import Candidate
    >>> mixture([Candidate(rotation="rz")], torch.zeros(1, 2), torch.tensor([3.0])).tolist()
    [3.0, 0.0, 0.0, 0.0]
    """
    space = as_space(candidates)
    flat = _checked(space, angles, separate)
    lead = lead_of(space, angles, separate)
    per_row = checked_weights(space, weights, angles, lead)
    sums: list[Tensor] = []
    for members, part, own, machine_code in _shares(space, flat):
        compute = compiled.mixture if machine_code else plain.mixture
        sums.append(compute(part, own, per_row if part is space else picked(per_row, 1, members)))
    return sum(sums[1:], start=sums[0]).reshape(*lead, -1)


def _shares(
    space: SearchSpace, angles: Tensor
) -> Iterator[tuple[list[int], SearchSpace, Tensor, bool]]:
    """Candidates computed together: indices, candidates, angles, and whether by machine code."""
    fast = compiled.members(space, angles)
    for members, machine_code in (
        (fast, True),
        ([i for i in range(len(space)) if i not in fast], False),
    ):
        # The space itself, not a copy: plans and kernels are cached by it.
        if len(members) == len(space):
            yield members, space, angles, machine_code
        elif members:
            own = angles if angles.shape[1] == 1 else picked(angles, 1, members)
            yield members, SearchSpace(space[index] for index in members), own, machine_code


def _checked(space: SearchSpace, angles: Tensor, separate: bool) -> Tensor:
    """Validated angles as (batch, candidates or 1, depth, n, r)."""
    check_no_data(space)
    return checked_angles(space, angles, separate)
