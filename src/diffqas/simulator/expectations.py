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

    A circuit starts in |0..0>, has Hadamards on all qubits or not, then one encoding rotation by
    its input on each qubit, then layers of an entangler followed by the rotations of each qubit by
    the angles.

    The leading dimensions of inputs and angles broadcast against each other as those of tensors do:
    aligned at the right, a missing one counts as 1. Samples that share angles are a dimension where
    `angles` has 1, gates or seeds that share samples one where `inputs` has 1; neither is copied.
    With inputs (seeds, 1, batch, n) and angles (seeds, gates, 1, depth, n) the result is (seeds,
    gates, batch, len(candidates), outputs).

    Args:
        candidates: circuits with data encoding.
        inputs: (..., n), radians, dtype and device of `angles`.
        angles: radians, float32 or float64, (..., depth, n); (..., depth, n, r) if a candidate has
            r > 1 rotations per qubit (one with fewer uses the first ones). All candidates share
            them.
        outputs: how many qubits are read, the first ones.
        separate: each candidate has angles of its own: (..., len(candidates), depth, n) or with r
            behind.

    Returns:
        (..., len(candidates), outputs) in dtype and device of `angles`, differentiable in inputs
        and, once, in angles.

    Raises:
        ArgumentError: an empty list, a candidate without encoding, inputs or angles of the wrong
            shape, dtype or device, more outputs than qubits.

    >>> import torch
    >>> space = [Candidate(encoding="ry"), Candidate(encoding="rz")]
    >>> inputs = torch.tensor([[0.0, 0.0], [torch.pi, 0.0]])
    >>> expectations(space, inputs, torch.zeros(1, 2), 2).round().tolist()
    [[[1.0, 1.0], [1.0, 1.0]], [[-1.0, -1.0], [1.0, 1.0]]]
    """
    return heisenberg(candidates, angles, outputs, separate=separate)(inputs)
