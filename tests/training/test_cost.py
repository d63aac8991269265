"""Costs in the search: the formula, its gradient, seeds in company, and going on."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas.architecture import Softmax
from diffqas.choices import adjusted
from diffqas.circuits import TABLE_I
from diffqas.devices import circuit_cost
from diffqas.errors import ArgumentError
from diffqas.optimisers import DirectLockstep
from diffqas.quantum_train import Lockstep
from diffqas.tasks import Settings, Split, Task
from diffqas.tasks.series.task import SERIES_RECIPES
from diffqas.training import Training, make_models
from diffqas.training.cost import cost_facts, expected_cost, problem_of

PLAIN: Settings = adjusted(
    SERIES_RECIPES["default"], depth=2, epochs=3, batch_size=8, optimizer="adam", lr=0.05
)
RAW = replace(PLAIN, cost="two-qubit-gates", cost_weight=0.5)
SOFT = replace(RAW, generator=replace(RAW.generator, relaxation=Softmax()), cost="depth")
CHOICES = {"raw": RAW, "softmax": SOFT, "soap": RAW.by("soap")}
LIVE = [1, 4, 6, 7, 9, 10]


@pytest.fixture
def task() -> Task:
    x = torch.linspace(-1, 1, 24, dtype=torch.float64).unsqueeze(-1)
    y = (3 * x).sin()

    def target() -> nn.Module:
        return nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))

    train, test = Split(x[:16], y[:16]), Split(x[16:], y[16:])
    return Task("sine", train, test, target, mse_loss, {"mse": mse_loss}, {"d": PLAIN})


def training(task: Task, settings: Settings, seeds: list[int]) -> Training:
    return Training(Lockstep(make_models(task, settings, seeds)), task, settings, seeds)


def final(one: Training) -> dict[str, torch.Tensor]:
    for _ in one.epochs():
        pass
    return one.population.state_dict()


def test_the_expected_cost_and_its_gradient_are_those_of_the_formula(task):
    population = training(task, RAW, [0, 1]).population
    n, weights = population.circuits.n, population.circuits.structure
    counts = torch.tensor([float(circuit_cost(c, n, 2).two_qubit_gates) for c in TABLE_I])[LIVE]
    with torch.no_grad():
        weights.copy_(torch.randn(weights.shape, generator=torch.Generator().manual_seed(0)))
    sizes = weights.detach()[:, LIVE].abs()
    by_hand = (sizes * counts).sum(-1) / sizes.sum(-1)
    expected = expected_cost(population, RAW)
    assert expected is not None
    torch.testing.assert_close(expected().detach(), by_hand.to(weights))
    losses = torch.tensor([0.5, 2.0], dtype=weights.dtype)
    penalty = problem_of(population, task, RAW).penalty
    assert penalty is not None
    torch.testing.assert_close(
        penalty(losses).detach(), 0.5 * losses * by_hand.to(losses) / counts.max()
    )
    penalty(losses).sum().backward()
    assert weights.grad is not None
    # dC / dw_j = sign(w_j) (c_j - C) / sum |w|, and constants have no say.
    own = (
        (counts - by_hand[:, None]) / sizes.sum(-1, keepdim=True) * weights.detach()[:, LIVE].sign()
    )
    torch.testing.assert_close(
        weights.grad[:, LIVE], (0.5 * losses[:, None] / counts.max() * own).to(losses)
    )
    assert not weights.grad[:, [0, 2, 3, 5, 8, 11]].any()


def test_a_cost_without_a_weight_changes_no_bit(task):
    counted = replace(RAW, cost_weight=0.0)
    plain, same = (final(training(task, each, [0])) for each in (PLAIN, counted))
    assert all(torch.equal(plain[name], same[name]) for name in plain)


@pytest.mark.parametrize("name", CHOICES)
def test_company_changes_nothing_a_stop_no_bit_and_the_cost_falls(task, name):
    settings = CHOICES[name]
    both = training(task, settings, [0, 1])
    start = cost_facts(both.population, settings, [False, False])["cost"]["expected"]
    state = final(both)
    alone = final(training(task, settings, [1]))
    for key, tensor in state.items():
        own = tensor[1:] if tensor.dim() else tensor
        torch.testing.assert_close(own, alone[key], rtol=1e-6, atol=1e-8)
    half = training(task, settings, [0, 1])
    next(half.epochs())
    again = training(task, settings, [0, 1])
    again.load_state_dict(half.state_dict())
    other = final(again)
    assert all(torch.equal(other[key], state[key]) for key in other)
    strong = training(task, replace(settings, cost_weight=1e3), [0, 1])
    final(strong)
    facts = cost_facts(strong.population, settings, [False, True])["cost"]
    assert facts["expected"][0] < start[0]
    assert facts["expected"][1] is None
    assert facts["largest"] == max(list(facts["candidates"].values())[place] for place in LIVE)


def test_what_cannot_be_weighed_is_refused(task):
    with pytest.raises(ArgumentError, match="`optimizer` must be adam, rmsprop or soap where"):
        RAW.by("kalman")
    with pytest.raises(ArgumentError, match="`cost_weight` must be 0 where no cost is named"):
        replace(RAW, cost=None)
    ordinary = DirectLockstep([nn.Linear(1, 1)])
    with pytest.raises(ArgumentError, match="`cost` must go with a mixture of candidates"):
        expected_cost(ordinary, RAW)
    constants = make_models(task, RAW, [0], candidates=TABLE_I[:1])
    with pytest.raises(ArgumentError, match="`cost` must go with candidates that are not constant"):
        Training(Lockstep(constants), task, RAW, [0])
