"""Final states of encoded circuits, from which shots are drawn: nothing is differentiated here."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from diffqas.circuits import AnyCandidate, PauliStrings, SearchSpace, as_space
from diffqas.simulator.broadcasting import Alignment
from diffqas.simulator.eager import eager
from diffqas.simulator.encoded.arguments import checked
from diffqas.simulator.encoded.function import canonical_form, parts_of
from diffqas.simulator.encoded.plan import Size
from diffqas.simulator.kept import picked


@eager
@torch.no_grad()
def final_states(
    candidates: SearchSpace[AnyCandidate] | Iterable[AnyCandidate],
    inputs: Tensor,
    angles: Tensor,
    *,
    uploads: int = 1,
    separate: bool = False,
) -> Tensor:
    """The final states of all candidates, before any measurement, without a derivative.

    Args:
        candidates: circuits with data encoding.
        inputs: as in `observed`.
        angles: as in `observed`.
        uploads: as in `observed`.
        separate: as in `observed`.

    Returns:
        States (..., len(candidates), 2**n), complex, with qubit 0 as the most significant bit.

    Raises:
        ArgumentError: as in `observed`.

    >>> from diffqas.circuits import Candidate
    >>> inputs = torch.tensor([[torch.pi]])
    >>> states = final_states([Candidate(encoding="ry")], inputs, torch.zeros(1, 1))
    >>> states.abs().round(decimals=4).tolist()
    [[0.0, 1.0]]
    """
    space = as_space(candidates)
    n = inputs.shape[-1]
    # Of any observable the states are the same: this one exists on every number of qubits.
    anything = PauliStrings(("Z" * n,))
    given = checked(space, inputs, angles, anything, 1, None, None, uploads, separate)
    align = Alignment(tuple(inputs.shape[:-2]), given.lead)
    sets, (samples, own, _, _) = canonical_form(given, align)
    size = Size(n, given.flat.shape[2], uploads, anything, 1)
    found: list[Tensor] = []
    order: list[int] = []
    for part in parts_of(space, size):
        chosen = own if own.shape[1] == 1 else picked(own, 1, part.members)
        found.append(part.states(samples, chosen))
        order += part.members
    # Some candidates have real amplitudes.
    dtype = torch.promote_types(angles.dtype, torch.complex64)
    together = torch.cat([states.to(dtype) for states in found], dim=1)
    back = sorted(range(len(order)), key=order.__getitem__)
    # (batch * sets, candidates, 2**n, samples) -> (batch * sets, samples, candidates, 2**n)
    ordered = together[:, back].permute(0, 3, 1, 2)
    return align.restored(ordered.unflatten(0, (-1, sets)))
