"""The kernels of a card against the oracle: on a card, or on the CPU in Triton's interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from diffqas.circuits import REAL, TABLE_I, Candidate, SearchSpace, form
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


@pytest.mark.parametrize(("n", "tile_bits"), [(2, 12), (3, 2), (4, 3)])
def test_ry_circuits_are_the_oracles(n, tile_bits):
    from diffqas.simulator.card.real import amplitudes

    candidates = REALS[1:3]  # from |+..+> and from |0..0>, a ring and a chain
    angles = random(1, 1, 2, n).requires_grad_()
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

    angles = random(1, 1, 2, 3, dtype=torch.float32).requires_grad_()
    found = amplitudes(REALS[1:3], angles, 2).square()
    upstream = random(*found.shape, dtype=torch.float32, seed=1)
    (slope,) = torch.autograd.grad(found, angles, upstream)
    theirs = angles.detach().cpu().double().requires_grad_()
    expected = dense_probabilities(REALS[1:3], theirs[0, 0])
    (expected_slope,) = torch.autograd.grad(expected, theirs, upstream[0].cpu().double())
    assert found.dtype == slope.dtype == torch.float32
    torch.testing.assert_close(found[0].cpu().double(), expected, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(slope.cpu().double(), expected_slope, rtol=1e-4, atol=1e-5)


def test_many_cotangents_at_once():
    from diffqas.simulator.card.real import amplitudes

    def circuits(angles):
        return amplitudes(REALS[1:2], angles, 2)

    angles = random(2, 1, 1, 3).requires_grad_()
    found = circuits(angles)
    every = random(2, *found.shape, seed=3)

    def slope(cotangent):
        return torch.autograd.grad(found, angles, cotangent, retain_graph=True)[0]

    together = torch.func.vmap(slope)(every)
    torch.testing.assert_close(together, torch.stack(list(map(slope, every))))
    mapped = torch.func.vmap(circuits)(angles.detach()[:, None])
    torch.testing.assert_close(mapped[:, 0], found.detach())


@pytest.mark.parametrize(("n", "tile_bits"), [(1, 12), (3, 2), (5, 3)])
def test_the_walsh_hadamard_transform(n, tile_bits):
    from diffqas.simulator.card.hadamard import transformed

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
    [
        Candidate(True, "ring", "ry"),
        Candidate(False, "chain", ("ry", "ry")),
        Candidate(False, "ring", "rx"),
    ]
)


@pytest.mark.parametrize("separate", [False, True], ids=["shared", "separate"])
def test_probabilities_by_the_kernels(on_card, separate):
    n, depth = 3, 2
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
    angles = random(2, 1, 3).requires_grad_()
    weights = random(2, len(TABLE_I), seed=2).requires_grad_()
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
    [
        Candidate(encoding="ry", rotation="ry"),
        Candidate(hadamard=True, encoding="rz", rotation="ry"),
        Candidate(entangler="ring", encoding="rx", rotation="rx"),
        Candidate(hadamard=True, encoding="ry", rotation="rz"),
    ]
)


def dense_cell(inputs, angles, outputs, separate):
    """(candidates, outputs) of one sample."""
    rows = [
        dense_expectations([c], inputs, angles[j] if separate else angles, outputs)
        for j, c in enumerate(CELL)
    ]
    return torch.cat(rows)


@pytest.mark.parametrize("together", [False, True], ids=["each", "mixed"])
@pytest.mark.parametrize("separate", [False, True], ids=["shared", "separate"])
def test_the_pauli_form_is_the_oracles(on_card, separate, together, monkeypatch):
    from diffqas.simulator.card import pauli

    if DEVICE == "cpu":
        monkeypatch.setattr(pauli, "BLOCK", 2)  # several blocks even of so few pairs
    n, depth, outputs = 2, 2, 2
    angles = random(*((len(CELL),) if separate else ()), depth, n).requires_grad_()
    weights = random(len(CELL), seed=2).requires_grad_()
    inputs = random(n, seed=3)
    options = {"weights": weights} if together else {}
    found = heisenberg(CELL, angles, outputs, separate=separate, **options)(inputs)
    theirs = [one.detach().cpu().requires_grad_() for one in (angles, weights)]
    expected = dense_cell(inputs.cpu(), theirs[0], outputs, separate)
    if together:
        expected = theirs[1] @ expected
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-11, atol=1e-12)
    upstream = random(*found.shape, seed=4)
    sources = (angles, weights) if together else (angles,)
    slopes = torch.autograd.grad(found, sources, upstream)
    others = torch.autograd.grad(expected, theirs[: len(sources)], upstream.cpu())
    for ours, other in zip(slopes, others, strict=True):
        torch.testing.assert_close(ours.cpu(), other, rtol=1e-10, atol=1e-11)


def test_no_card_no_kernels():
    assert not card.serves(torch.zeros(1))


def test_every_kernel_compiles_for_a_card():
    # The interpreter takes Python that the compiler does not. Needs no card, but a process of its
    # own, in which Triton does not interpret.
    script = Path(__file__).with_name("compile_kernels.py")
    environment = {key: text for key, text in os.environ.items() if key != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, str(script), "--small"], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    names = {line.split()[0] for line in done.stdout.splitlines()}
    assert {"ry_whole", "ry_whole_back", "ry_pass", "ry_pass_back", "walsh_pass"} <= names
    assert {"pauli_forward", "pauli_backward", "gathered_sum", "paired_sum"} <= names
