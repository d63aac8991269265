"""Inputs and angles -> outputs of a weighted sum of encoded circuits, the entry of this package."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from diffqas.circuits import Ansatz, AnyCandidate, AnyObservables, Candidate, SearchSpace, as_space
from diffqas.simulator.broadcasting import Alignment
from diffqas.simulator.compiled import available
from diffqas.simulator.eager import eager
from diffqas.simulator.encoded import compiled, plain, polynomial
from diffqas.simulator.encoded.arguments import Arguments, checked, joined
from diffqas.simulator.encoded.door import door_of
from diffqas.simulator.encoded.general import ansatz_states
from diffqas.simulator.encoded.plan import EncodedPlan, Size, by_arithmetic, encoded_plan
from diffqas.simulator.encoded.readout import read
from diffqas.simulator.encoded.terms import Terms, terms_of
from diffqas.simulator.kept import picked


@eager
def observed(
    candidates: SearchSpace[AnyCandidate] | Iterable[AnyCandidate],
    inputs: Tensor,
    angles: Tensor,
    observables: AnyObservables,
    *,
    outputs: int,
    weights: Tensor | None = None,
    coefficients: Tensor | None = None,
    uploads: int = 1,
    separate: bool = False,
) -> Tensor:
    """Outputs f(x) = sum over candidates j of w_j <O>_j(x; angles), exact and differentiable.

    A circuit starts in |0..0>, with or without a Hadamard on every qubit. Then, `uploads` times,
    every qubit is turned by its input, and `depth / uploads` layers follow: an entangler, and the
    rotations of each qubit by the angles (data re-uploading, arXiv 1907.02085).

    Leading dimensions broadcast as usual. A dimension of samples that share their angles has size 1
    in `angles`, `weights` and `coefficients`, or is missing there. A dimension of sets of angles
    that share their samples has size 1 in `inputs`.

    Args:
        candidates: circuits with data encoding.
        inputs: (..., uploads, n) in radians, with the dtype and device of `angles`.
        angles: radians in float32 or float64, (..., depth, n), or (..., depth, n, r) if a candidate
            has r > 1 rotations per qubit. A candidate with fewer rotations uses the first ones.
        observables: what is measured: `Z`, `PauliStrings`, `Diagonal` or `Hermitian`.
        outputs: the number of outputs, which are the first observables.
        weights: (..., R, len(candidates)), with R = 1 for the same weights in all outputs, or R =
            outputs; None gives the outputs of every candidate.
        coefficients: (..., *observables.numbers(n, outputs)), the trained numbers of the
            observables; None where there are none. For `Hermitian(locality=k)` they are the 2**k
            diagonal entries, then the real parts of the entries above the diagonal, row by row,
            then their imaginary parts in the same order.
        uploads: how many times the inputs are encoded; it must divide the depth.
        separate: whether each candidate has its own angles, (..., len(candidates), depth, n) or
            (..., len(candidates), depth, n, r).

    Returns:
        Outputs (..., outputs), or (..., len(candidates), outputs) without weights, with the dtype
        and device of `angles`, differentiable once in inputs, angles, weights and coefficients.

    Raises:
        ArgumentError: a candidate has no encoding, there are more outputs than observables, a
            locality is above the number of qubits, or a tensor has the wrong shape, dtype or
            device.

    >>> from diffqas.circuits import Z
    >>> space = [Candidate(encoding="ry"), Candidate(encoding="rx")]
    >>> inputs = torch.tensor([[[torch.pi, 0.0]]])
    >>> weights = torch.tensor([[2.0, 1.0]])
    >>> observed(space, inputs, torch.zeros(1, 2), Z(), outputs=2, weights=weights).round().tolist()
    [[-3.0, -3.0]]
    """
    space = as_space(candidates)
    tensors = inputs, angles, weights
    door = door_of(space, observables, outputs, uploads, separate, tensors)
    if door.call is not None and coefficients is None and available():
        return polynomial.applied(door.call, *tensors)
    given = checked(
        space, inputs, angles, observables, outputs, weights, coefficients, uploads, separate
    )
    depth, n = given.flat.shape[2:4]
    size = Size(n, depth, uploads, observables, outputs)
    short = polynomial.size_of(space, observables, outputs, uploads, depth, n)
    if weights is not None and short is not None and _one_set(given, weights):
        samples = inputs.numel() // n
        if polynomial.cheaper(short, given.flat.shape[1], inputs, samples):
            lead = joined(tuple(inputs.shape[:-2]), given.lead)
            door.call = polynomial.call_of_one(short, lead)
            return polynomial.applied(door.call, *tensors)
    align = Alignment(tuple(inputs.shape[:-2]), given.lead)
    sets, canonical = canonical_form(given, align)
    samples = canonical[0].shape[1]
    if short is not None and polynomial.cheaper(short, given.flat.shape[1], inputs, samples):
        found = polynomial.outputs(short, canonical[0].flatten(2), *canonical[1:3])
    else:
        found = _outputs(space, size, *canonical)
    # (batch * sets, samples, candidates or 1, outputs)
    ordered = found.transpose(1, 2) if weights is None else found.unsqueeze(2)
    restored = align.restored(ordered.unflatten(0, (-1, sets)))
    return restored if weights is None else restored.squeeze(-2)


def _one_set(given: Arguments, weights: Tensor) -> bool:
    """Whether all samples share angles, and all outputs the weights."""
    return weights.shape[-2] == 1 and all(size == 1 for size in given.lead)


Tensors: TypeAlias = tuple[Tensor, Tensor, Tensor | None, Tensor | None]
"""Inputs, angles, weights and coefficients in the canonical form."""


def canonical_form(given: Arguments, align: Alignment) -> tuple[int, Tensors]:
    """The number of sets that share a batch entry's samples, and the canonical form."""
    angles = align.sets(given.angles)
    sets = angles.shape[1]
    uploads, n = given.inputs.shape[-2:]
    samples = align.samples(given.inputs.flatten(-2)).unsqueeze(1)
    inputs = samples.expand(-1, sets, -1, -1).flatten(0, 1).unflatten(-1, (uploads, n))
    weights = _sets(align, given.weights)
    return sets, (inputs, angles.flatten(0, 1), weights, _sets(align, given.coefficients))


def _sets(align: Alignment, rows: Tensor | None) -> Tensor | None:
    """(*lead, a, b) -> (batch * sets, a, b)"""
    if rows is None:
        return None
    return align.sets(rows[..., None, None]).flatten(0, 1)[..., 0, 0]


def _outputs(
    space: SearchSpace[AnyCandidate],
    size: Size,
    inputs: Tensor,
    angles: Tensor,
    weights: Tensor | None,
    coefficients: Tensor | None,
) -> Tensor:
    """The canonical result of candidates of any kind."""
    found: list[Tensor] = []
    for part in parts_of(space, size):
        own = angles
        if angles.shape[1] > 1:
            own = picked(angles, 1, part.members)
        chosen = None if weights is None else picked(weights, 2, part.members)
        found.append(part.outputs(inputs, own, chosen, coefficients))
    if weights is not None:
        return sum(found[1:], start=found[0])
    if len(found) == 1:
        return found[0]
    order = [member for part in parts_of(space, size) for member in part.members]
    back = tuple(sorted(range(len(order)), key=order.__getitem__))
    return picked(torch.cat(found, dim=1), 1, back)


class Part(NamedTuple):
    """Candidates that are computed together, and their places among all."""

    members: tuple[int, ...]
    circuits: EncodedPlan | Ansatz
    terms: Terms

    def outputs(
        self, inputs: Tensor, angles: Tensor, weights: Tensor | None, coefficients: Tensor | None
    ) -> Tensor:
        """Their share of the canonical result."""
        if isinstance(self.circuits, EncodedPlan):
            way = compiled if compiled.serves(self.circuits, angles) else plain
            return way.outputs(self.circuits, inputs, angles, weights, coefficients)
        states = ansatz_states(self.circuits, inputs, angles[:, 0])
        return read(self.terms, states, weights, coefficients)

    def states(self, inputs: Tensor, angles: Tensor) -> Tensor:
        """Their final states, (G, candidates, 2**n, B)."""
        if isinstance(self.circuits, EncodedPlan):
            return plain.states(self.circuits, inputs, angles)
        return ansatz_states(self.circuits, inputs, angles[:, 0])


@lru_cache(maxsize=64)
def parts_of(space: SearchSpace[AnyCandidate], size: Size) -> tuple[Part, ...]:
    """Candidates of any kind, sorted into those that are computed together."""
    terms = terms_of(size.observables, size.n, size.outputs)
    parts = []
    homogeneous: dict[int, Candidate] = {}
    for place, candidate in enumerate(space):
        if isinstance(candidate, Ansatz):
            parts.append(Part((place,), candidate, terms))
        else:
            homogeneous[place] = candidate
    for members in by_arithmetic(homogeneous):
        plan = encoded_plan(tuple(homogeneous[place] for place in members), size)
        parts.append(Part(members, plan, terms))
    return tuple(parts)
