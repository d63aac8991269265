"""The cell against the slow one: values and gradients in float64."""

import pytest
import torch

from diffqas import QLSTM, QLSTM_SPACE, Candidate, SearchSpace

FEW = SearchSpace(QLSTM_SPACE[index] for index in (0, 7, 20, 28))
EULER = SearchSpace(
    [Candidate(True, "ring", ("rz", "ry"), "rx"), Candidate(False, "ent", "ry", "rz")]
)


def assert_same(cell, slow, x, state, tolerance=1e-10):
    tensors = [p for p in cell.parameters() if p.requires_grad] + [x, *state]
    results = [(out, *last) for out, last in (cell(x, state), slow(cell, x, state))]
    for got, expected in zip(*results, strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=tolerance)
    draw = torch.Generator().manual_seed(3)
    cotangents = [
        torch.randn(part.shape, generator=draw, dtype=torch.float64) for part in results[0]
    ]
    fast, reference = (
        torch.autograd.grad(result, tensors, cotangents, allow_unused=True, materialize_grads=True)
        for result in results
    )
    for got, expected in zip(fast, reference, strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=10 * tolerance)


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"sharing": "shared"},
        {"structure": "shared"},
        {"sharing": "shared", "structure": "shared", "relaxation": "softmax"},
        {"reservoir": True, "squash": "arctan"},
        {"candidates": EULER},
        {"candidates": EULER, "sharing": "shared", "relaxation": "softmax"},
    ],
    ids=str,
)
@pytest.mark.parametrize("moments", [1, 3])
def test_values_and_gradients_are_those_of_the_slow_cell(choices, moments, slow, normal, randomise):
    cell = randomise(QLSTM(1, 2, **{"depth": 2, "candidates": FEW, **choices}).double())
    x = normal(1, 2, moments, 1).requires_grad_()
    state = (normal(2, 1, 2, 2).requires_grad_(), normal(4, 1, 2, 2).requires_grad_())
    assert_same(cell, slow, x, state)


def test_stacked_layers_are_the_slow_ones(slow, normal, randomise):
    cell = randomise(QLSTM(2, 1, 1, FEW, num_layers=2).double())
    x = normal(1, 2, 2, 2).requires_grad_()
    state = (normal(2, 2, 2, 1).requires_grad_(), normal(4, 2, 2, 1).requires_grad_())
    assert_same(cell, slow, x, state)


@pytest.mark.parametrize("space", [FEW, EULER], ids=["few", "euler"])
@pytest.mark.parametrize("sharing", ["separate", "shared"])
def test_a_discretized_cell_is_the_slow_one(sharing, space, slow, normal, randomise):
    cell = randomise(QLSTM(1, 2, 2, space, sharing).double()).discretize()
    x = normal(1, 2, 2, 1).requires_grad_()
    state = (normal(2, 1, 2, 2).requires_grad_(), normal(4, 1, 2, 2).requires_grad_())
    assert_same(cell, slow, x, state)


def test_all_36_candidates(slow, normal, randomise):
    cell = randomise(QLSTM(1, 1, 2).double())
    x = normal(1, 1, 2, 1).requires_grad_()
    state = (normal(2, 1, 1, 1).requires_grad_(), normal(4, 1, 1, 1).requires_grad_())
    assert_same(cell, slow, x, state)


def test_float32_is_float64_rounded(normal, randomise):
    cell = randomise(QLSTM(1, 2, 2, FEW))
    x = normal(1, 3, 4, 1)
    single, (h, c) = cell(x.float())
    double, _ = cell.double()(x)
    assert single.dtype == h.dtype == c.dtype == torch.float32
    assert double.dtype == torch.float64
    torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-5)
