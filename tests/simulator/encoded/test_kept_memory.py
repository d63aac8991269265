"""What the backward pass keeps: matrices of every gate, but never a state of every layer."""

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from diffqas.circuits import Candidate, Diagonal, Hermitian, PauliStrings, SearchSpace, Z
from diffqas.simulator import observed

N, SAMPLES = 10, 8
STATE = SAMPLES * 2**N * 8
"""Bytes of the complex64 states of all samples of one candidate."""

SPACES = {
    "real": SearchSpace([Candidate(True, "chain", "ry", "ry"), Candidate(encoding="ry")]),
    "complex": SearchSpace([Candidate(True, "cz-ring", ("rx", "ry"), ("ry", "rz"))]),
}


def saved(space, observables, depth: int, uploads: int) -> int:
    """Bytes kept for the backward pass; a storage that tensors share is counted once."""
    held: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        held[storage.data_ptr()] = storage.nbytes()
        return tensor

    r = space.angles_per_qubit
    numbers = observables.numbers(N, 2)
    angles = torch.zeros(depth, N, r) if r > 1 else torch.zeros(depth, N)
    inputs = torch.zeros(SAMPLES, uploads, N, requires_grad=True)
    coefficients = None if numbers is None else torch.zeros(numbers, requires_grad=True)
    with saved_tensors_hooks(pack, lambda tensor: tensor):
        result = observed(
            space,
            inputs,
            angles.requires_grad_(),
            observables,
            outputs=2,
            weights=torch.ones(1, len(space), requires_grad=True),
            coefficients=coefficients,
            uploads=uploads,
        )
    result.sum().backward()
    return sum(held.values())


@pytest.mark.parametrize(
    "observables", [Z(), Diagonal(4), Hermitian(3), PauliStrings(("X" * N, "Z" * N))], ids=repr
)
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_memory_does_not_grow_with_depth_or_uploads(space, observables):
    few = saved(space, observables, depth=4, uploads=2)
    deep = saved(space, observables, depth=16, uploads=2)
    often = saved(space, observables, depth=16, uploads=8)
    # A layer costs a few small matrices per qubit, an upload as many per sample.
    small = 24 * len(space) * N * 4 * 8
    assert 0 <= deep - few < 4 * small < STATE
    assert 0 <= often - deep < 4 * small * SAMPLES
    # The final states stay, and what is made of their probabilities.
    assert few < 4 * STATE * len(space) + SAMPLES * 2**19
