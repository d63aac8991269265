"""What the backward pass keeps: angles of every layer, but never a state of every layer."""

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from diffqas.circuits import TABLE_I, Candidate, SearchSpace
from diffqas.circuits.permutations import inverse_permutation, permutation
from diffqas.simulator import mixture, probabilities

N = 10
EULER = SearchSpace([Candidate(True, "ring", ("rz", "ry", "rz")), Candidate(rotation=("rx", "rz"))])


def rows(space, angles):
    return probabilities(space, angles).sum()


def mixed(space, angles):
    return mixture(space, angles, torch.ones(len(space))).sum()


def saved(function, space, depth: int) -> tuple[int, int]:
    """Number of tensors kept for the backward pass, and their bytes (storage that they share
    counted once).
    """
    kept: list[torch.Tensor] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor)
        return tensor

    shape = (depth, N, space.angles_per_qubit) if space.angles_per_qubit > 1 else (depth, N)
    angles = torch.zeros(shape, requires_grad=True)
    with saved_tensors_hooks(pack, lambda tensor: tensor):
        result = function(space, angles)
    storages = {
        tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in kept
    }
    result.backward()
    return len(kept), sum(storages.values())


@pytest.mark.parametrize("function", [rows, mixed])
@pytest.mark.parametrize("space", [TABLE_I, EULER], ids=["table", "euler"])
def test_memory_does_not_grow_with_depth(function, space):
    few, few_bytes = saved(function, space, 5)
    many, many_bytes = saved(function, space, 50)
    assert few == many > 0
    # A layer costs its 2x2 matrices and angles, some hundred bytes per rotation; a state would cost
    # 4 KiB or more.
    rotations = (
        45
        * N
        * sum(len(candidate.rotations) for candidate in space if candidate.rotations != ("rz",))
    )
    assert 0 < many_bytes - few_bytes < 200 * rotations
    assert many_bytes - few_bytes < 45 * 4 * 2**N * 3


def test_no_gradient_keeps_nothing():
    kept: list[torch.Tensor] = []
    with saved_tensors_hooks(lambda tensor: kept.append(tensor), lambda _: None):
        probabilities(TABLE_I, torch.zeros(5, 3))
    assert kept == []


def test_the_plan_holds_less_than_one_whole_permutation():
    pytest.importorskip("numba")
    from diffqas.simulator.compiled.plan import BLOCK, plan

    n = 14
    permutation.cache_clear()
    inverse_permutation.cache_clear()
    arrays, _ = plan(TABLE_I, 3, n)
    assert sum(field.nbytes for field in arrays if not isinstance(field, int)) < 8 * 2**n
    assert permutation.cache_info().currsize == inverse_permutation.cache_info().currsize == 0
    firsts = arrays.pieces[:, :, None] ^ arrays.blocks[:, None, :]
    whole = (firsts[..., None] ^ arrays.offsets[:, None, None, :]).reshape(-1, 2**n)
    for candidate, layer in zip(TABLE_I, arrays.layer, strict=True):
        assert (whole[layer] == inverse_permutation(candidate.cnots(n), n)).all()
        assert (whole[layer + 1] == permutation(candidate.cnots(n), n)).all()
    assert (whole[0].reshape(-1, BLOCK)[:, 0] == range(0, 2**n, BLOCK)).all()
