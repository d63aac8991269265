"""Inputs and angles -> expectations <Z> of many encoded candidates at once."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from diffqas.circuits import Candidate, SearchSpace
from diffqas.simulator.eager import eager
from diffqas.simulator.observables import heisenberg


@eager
def expectations(
    candidates: SearchSpace | Iterable[Candidate],
    inputs: Tensor,
    angles: Tensor,
    outputs: int,
    *,
    separate: bool = False,
) -> Tensor:
    """Exact <Z> of the first `outputs` qubits for every candidate.

    A circuit starts in |0..0>, with or without a Hadamard on every qubit. Each qubit has one
    encoding rotation by its input. Then layers follow: an entangler, and the rotations of each
    qubit by the angles.

    The leading dimensions of inputs and angles broadcast as usual: they are aligned at the right,
    and a missing one counts as 1. A dimension of samples that share their angles has size 1 in
    `angles`; a dimension of gates or seeds that share their samples has size 1 in `inputs`. Nothing
    is copied. With inputs (seeds, 1, batch, n) and angles (seeds, gates, 1, depth, n) the result is
    (seeds, gates, batch, len(candidates), outputs).

    Args:
        candidates: circuits with data encoding.
        inputs: (..., n) in radians, with the dtype and device of `angles`.
        angles: radians in float32 or float64, (..., depth, n), or (..., depth, n, r) if a candidate
            has r > 1 rotations per qubit. A candidate with fewer rotations uses the first ones. All
            candidates share the angles.
        outputs: the number of qubits that are read; these are the first ones.
        separate: whether each candidate has its own angles, (..., len(candidates), depth, n) or
            (..., len(candidates), depth, n, r).

    Returns:
        Expectations (..., len(candidates), outputs) with the dtype and device of `angles`,
        differentiable in inputs and, once, in angles.

    Raises:
        ArgumentError: there is no candidate, a candidate has no encoding or several rotations by
            one input, inputs or angles have the wrong shape, dtype or device, or there are more
            outputs than qubits.

    >>> import torch
    >>> space = [Candidate(encoding="ry"), Candidate(encoding="rz")]
    >>> inputs = torch.tensor([[0.0, 0.0], [torch.pi, 0.0]])
    >>> expectations(space, inputs, torch.zeros(1, 2), 2).round().tolist()
    [[[1.0, 1.0], [1.0, 1.0]], [[-1.0, -1.0], [1.0, 1.0]]]
    """
    return heisenberg(candidates, angles, outputs, separate=separate)(inputs)
