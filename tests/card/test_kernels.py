"""The kernels of a card against the oracle: on a card, or on the CPU in Triton's interpreter."""

import pytest
import torch

from diffqas.circuits import QLSTM_SPACE, REAL, TABLE_I, WALSH, Candidate, SearchSpace, form
from diffqas.simulator import card, dense_expectations, dense_probabilities, heisenberg, mixture
from diffqas.simulator import probabilities as probabilities_of

pytest.importorskip("triton")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture
def on_card(monkeypatch):
    """The public functions take the kernels, wherever the tensors lie."""
    monkeypatch.setattr(card, "serves", lambda tensor: True)
    monkeypatch.setenv("DIFFQAS_COMPILED", "0")


def random(*shape, dtype=torch.float64, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=dtype, generator=draw).to(DEVICE)


REALS = [candidate for candidate in TABLE_I if form(candidate) == REAL]


@pytest.mark.parametrize("tile_bits", [3, 12], ids=["in passes", "whole"])
@pytest.mark.parametrize("n", [2, 3, 4, 6])
def test_ry_circuits_are_the_oracles(n, tile_bits):
    from diffqas.simulator.card.real import amplitudes

    candidates = REALS
    angles = random(2, 1, 3, n).requires_grad_()
    found = amplitudes(candidates, angles, tile_bits).square()
    upstream = random(*found.shape, seed=1)
    (slope,) = torch.autograd.grad(found, angles, upstream)
    theirs = angles.detach().cpu().requires_grad_()
    expected = torch.stack([dense_probabilities(candidates, one[0]) for one in theirs])
    (expected_slope,) = torch.autograd.grad(expected, theirs, upstream.cpu())
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(slope.cpu(), expected_slope, rtol=1e-10, atol=1e-12)


def test_ry_circuits_in_single_precision():
    from diffqas.simulator.card.real import amplitudes

    angles = random(1, len(REALS), 4, 5, dtype=torch.float32).requires_grad_()
    found = amplitudes(REALS, angles, 4).square()
    upstream = random(*found.shape, dtype=torch.float32, seed=1)
    (slope,) = torch.autograd.grad(found, angles, upstream)
    theirs = angles.detach().cpu().double().requires_grad_()
    rows = [dense_probabilities([c], theirs[0, j])[0] for j, c in enumerate(REALS)]
    (expected,) = torch.autograd.grad(torch.stack(rows), theirs, upstream[0].cpu().double())
    assert found.dtype == slope.dtype == torch.float32
    torch.testing.assert_close(found[0].cpu().double(), torch.stack(rows), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(slope.cpu().double(), expected, rtol=1e-4, atol=1e-5)


def test_many_cotangents_at_once():
    from diffqas.simulator.card.real import amplitudes

    angles = random(2, 1, 2, 3).requires_grad_()
    found = amplitudes(REALS, angles, 2)
    every = random(5, *found.shape, seed=3)
    (together,) = torch.autograd.grad(found, angles, every, is_grads_batched=True)
    found = amplitudes(REALS, angles, 2)
    each = [torch.autograd.grad(found, angles, one, retain_graph=True)[0] for one in every]
    torch.testing.assert_close(together, torch.stack(each), rtol=1e-12, atol=1e-14)
    mapped = torch.func.vmap(lambda one: amplitudes(REALS, one, 2))(angles.detach()[:, None])
    torch.testing.assert_close(mapped[:, 0], found.detach(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("tile_bits", [3, 12], ids=["in passes", "whole"])
@pytest.mark.parametrize("n", [1, 3, 5, 6])
def test_the_walsh_hadamard_transform(n, tile_bits):
    from diffqas.simulator.card.walsh import transformed

    x = random(3, 2**n).requires_grad_()
    index = torch.arange(2**n)
    bits = (index[:, None] & index[None]).to(torch.int64)
    parity = sum((bits >> bit & 1) for bit in range(n)) % 2
    signs = (1 - 2 * parity).to(x)
    found = transformed(x, tile_bits)
    torch.testing.assert_close(found, x @ signs, rtol=1e-12, atol=1e-13)
    upstream = random(3, 2**n, seed=1)
    (back,) = torch.autograd.grad(found, x, upstream)
    torch.testing.assert_close(back, upstream @ signs, rtol=1e-12, atol=1e-13)


SOME = SearchSpace(
    [c for c in TABLE_I if form(c) in (REAL, WALSH)] + [Candidate(True, "chain", ("ry", "ry"))]
)


@pytest.mark.parametrize("separate", [False, True], ids=["shared", "separate"])
def test_probabilities_by_the_kernels(on_card, separate):
    n, depth = 4, 3
    shape = (len(SOME), depth, n, 2) if separate else (depth, n, 2)
    angles = random(*shape).requires_grad_()
    found = probabilities_of(SOME, angles, separate=separate)
    upstream = random(*found.shape, seed=1)
    (slope,) = torch.autograd.grad(found, angles, upstream)
    theirs = angles.detach().cpu().requires_grad_()
    rows = [
        dense_probabilities([c], theirs[j] if separate else theirs)[0] for j, c in enumerate(SOME)
    ]
    (expected,) = torch.autograd.grad(torch.stack(rows), theirs, upstream.cpu())
    torch.testing.assert_close(found.cpu(), torch.stack(rows), rtol=1e-11, atol=1e-13)
    torch.testing.assert_close(slope.cpu(), expected, rtol=1e-10, atol=1e-12)


def test_a_mixture_of_all_candidates_by_the_kernels(on_card):
    angles = random(3, 2, 4).requires_grad_()
    weights = random(3, len(TABLE_I), seed=2).requires_grad_()
    found = mixture(TABLE_I, angles, weights)
    slopes = torch.autograd.grad(found.square().sum(), (angles, weights))
    theirs = [one.detach().cpu().requires_grad_() for one in (angles, weights)]
    each = torch.stack([dense_probabilities(TABLE_I, one) for one in theirs[0]])
    expected = (theirs[1].unsqueeze(-1) * each).sum(1)
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-11, atol=1e-13)
    for ours, other in zip(
        slopes, torch.autograd.grad(expected.square().sum(), theirs), strict=True
    ):
        torch.testing.assert_close(ours.cpu(), other, rtol=1e-10, atol=1e-12)


CELL = SearchSpace(
    candidate
    for index, candidate in enumerate(QLSTM_SPACE)
    if index % 4 == 0 or candidate.rotation == "ry"
)


@pytest.mark.parametrize("together", [False, True], ids=["each", "mixed"])
@pytest.mark.parametrize("separate", [False, True], ids=["shared", "separate"])
def test_the_pauli_form_is_the_oracles(on_card, separate, together):
    n, depth, outputs, batch = 3, 2, 2, 2
    shape = (batch, len(CELL), depth, n) if separate else (batch, depth, n)
    angles = random(*shape).requires_grad_()
    weights = random(batch, len(CELL), seed=2).requires_grad_()
    inputs = random(batch, n, seed=3)
    options = {"weights": weights} if together else {}
    found = heisenberg(CELL, angles, outputs, separate=separate, **options)(inputs)
    theirs = [one.detach().cpu().requires_grad_() for one in (angles, weights)]
    each = torch.stack(
        [
            dense_expectations(CELL, x[None], own, outputs, separate=separate)[0]
            for x, own in zip(inputs.cpu(), theirs[0], strict=True)
        ]
    )
    expected = (theirs[1].unsqueeze(-1) * each).sum(1) if together else each
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-11, atol=1e-12)
    upstream = random(*found.shape, seed=4)
    sources = (angles, weights) if together else (angles,)
    slopes = torch.autograd.grad(found, sources, upstream)
    others = torch.autograd.grad(expected, theirs[: len(sources)], upstream.cpu())
    for ours, other in zip(slopes, others, strict=True):
        torch.testing.assert_close(ours.cpu(), other, rtol=1e-10, atol=1e-11)


def test_no_card_no_kernels():
    assert not card.serves(torch.zeros(1))
