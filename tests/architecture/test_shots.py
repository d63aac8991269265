"""Finite shots in the forward pass: unbiased frequencies, gradients by two estimators."""

import math

import numpy as np
import pytest
import torch

from diffqas.architecture import CircuitMixture, Raw, Shots, Softmax, shot_generators
from diffqas.architecture.shots import frequencies, live, sampled, shift_jacobian
from diffqas.circuits import TABLE_I, Candidate, SearchSpace
from diffqas.errors import ArgumentError
from diffqas.simulator import probabilities

WIDE = SearchSpace(
    [Candidate(rotation=("rx", "ry")), Candidate(rotation="ry"), Candidate(rotation=("rz", "rz"))]
)
NARROW = SearchSpace([Candidate(rotation="ry"), Candidate(rotation=("rz", "rz"))])


def angles(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def test_frequencies_are_shares_of_shots():
    p = torch.rand(2, 3, 8, generator=torch.Generator().manual_seed(0))
    found = frequencies(p / p.sum(-1, keepdim=True), 50, np.random.default_rng(0))
    assert found.shape == p.shape
    assert found.dtype == p.dtype
    assert torch.equal((found * 50).round(), (found * 50).round().clamp(0, 50))
    assert torch.allclose(found.sum(-1), torch.ones(2, 3))


def test_single_precision_that_sums_to_more_than_one_can_be_sampled():
    p = torch.full((2**17,), 2.0**-17) * (1 + 1e-6)
    assert frequencies(p, 1000, np.random.default_rng(0)).sum().item() == pytest.approx(1, abs=1e-5)


def test_frequencies_are_unbiased_with_the_variance_of_a_multinomial():
    p = torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64)
    repeats, count = 4000, 20
    found = frequencies(p.expand(repeats, 4), count, np.random.default_rng(1))
    variance = p * (1 - p) / count
    # Five standard errors: a chance of 6e-7 for each of four means, were the seed not fixed.
    assert ((found.mean(0) - p).abs() < 5 * (variance / repeats).sqrt()).all()
    assert torch.allclose(found.var(0), variance, rtol=5 * math.sqrt(2 / repeats) * 1.5)


@pytest.mark.parametrize("gradient", ["exact", "parameter-shift"])
def test_the_mixture_and_its_gradient_are_unbiased(gradient):
    torch.manual_seed(0)
    model = CircuitMixture(TABLE_I, 2, 2, Softmax()).double().train()
    weights = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64)
    (model() @ weights).backward()
    exact = model().detach(), model.angles.grad.clone(), model.structure.grad.clone()
    model.measure(Shots(30, gradient))
    values, by_angle, by_weight = [], [], []
    for step in range(300):
        model.draws = shot_generators([0], step)
        model.zero_grad()
        p = model()
        (p @ weights).backward()
        values.append(p.detach())
        by_angle.append(model.angles.grad.clone())
        by_weight.append(model.structure.grad.clone())
    for found, truth in zip((values, by_angle, by_weight), exact, strict=True):
        stacked = torch.stack(found)
        error = stacked.std(0) / math.sqrt(len(found))
        assert ((stacked.mean(0) - truth).abs() <= 5 * error + 1e-12).all()
    assert torch.stack(values).std(0).max() > 0.01
    spread = torch.stack(by_angle).std(0).max()
    assert (spread > 0.01) == (gradient == "parameter-shift")


@pytest.mark.parametrize(
    ("space", "shape"),
    [(TABLE_I, (2, 3)), (WIDE, (2, 3, 2)), (NARROW, (2, 3, 2))],
    ids=["one", "two", "unused"],
)
@pytest.mark.parametrize("separate", [False, True])
def test_the_shift_rule_is_the_derivative(space, shape, separate):
    own = (len(space),) if separate else ()
    point = angles(*own, *shape)
    full = torch.autograd.functional.jacobian(
        lambda a: probabilities(space, a, separate=separate), point
    )
    found = shift_jacobian(space, point, separate=separate)
    used = 2 if space is WIDE else 1
    for row, index in enumerate(live(space)):
        one = full[index, :, index] if separate else full[index]
        one = one if one.dim() == 3 else one[..., :used]
        assert torch.allclose(found[:, row].T, one.flatten(1), atol=1e-12)


@pytest.mark.parametrize("space", [TABLE_I, WIDE, NARROW], ids=["table", "wide", "narrow"])
@pytest.mark.parametrize("separate", [False, True])
def test_both_gradients_become_the_exact_one_with_many_shots(space, separate):
    r = space.angles_per_qubit
    own = (len(space),) if separate else ()
    point = angles(2, *own, 2, 3, *((r,) if r > 1 else ())).requires_grad_()
    weight = torch.randn(
        2, len(space), 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    truth = probabilities(space, point, separate=separate)
    (expected,) = torch.autograd.grad((truth * weight).sum(), point)
    for gradient in ("exact", "parameter-shift"):
        found = sampled(
            space, point, Shots(10**15, gradient), shot_generators([0, 1], 0), separate=separate
        )
        assert torch.allclose(found, truth, atol=1e-6)
        (grad,) = torch.autograd.grad((found * weight).sum(), point)
        assert torch.allclose(grad, expected, atol=1e-5)


def test_constants_need_no_shots():
    point = angles(1, 2, 3)
    found = sampled(TABLE_I, point, Shots(10), shot_generators([0], 0))
    truth = probabilities(TABLE_I, point)
    constants = [index for index in range(12) if index not in live(TABLE_I)]
    assert torch.equal(found[:, constants], truth[:, constants])
    assert not torch.allclose(found[:, live(TABLE_I)], truth[:, live(TABLE_I)])


def test_a_copy_draws_the_same_in_any_company_and_something_else_in_each_step():
    point = angles(3, 2, 3)
    together = sampled(TABLE_I, point, Shots(100), shot_generators([5, 6, 7], 4))
    alone = sampled(TABLE_I, point[1:2], Shots(100), shot_generators([6], 4))
    later = sampled(TABLE_I, point[1:2], Shots(100), shot_generators([6], 5))
    assert torch.allclose(together[1:2], alone)
    assert not torch.allclose(alone, later)


def test_evaluation_is_exact():
    torch.manual_seed(0)
    model = CircuitMixture(TABLE_I, 3, 2, Raw())
    expected = model.eval()()
    model.measure(Shots(5))
    assert torch.equal(model(), expected)
    assert not torch.allclose(model.train()(), expected)
    assert model.restricted([[1], [4]]).shots == Shots(5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Shots(0), "`shots` must be a whole number of at least 1, but got 0"),
        (lambda: Shots(10, "adjoint"), "`shot_gradient` must be one of exact, parameter-shift"),
        (
            lambda: CircuitMixture(TABLE_I, 11, 20, Raw()).measure(Shots(10, "parameter-shift")),
            "`shot_gradient` must be exact above 4,194,304 shifted probabilities a step, "
            "but got 2,640 circuits of 2,048 each",
        ),
    ],
)
def test_wrong_choices_are_told(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
