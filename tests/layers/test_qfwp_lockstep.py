"""Seeds in lockstep are each seed by itself: values, gradients and steps of training."""

import pytest
import torch

from diffqas import QFWP, QLSTM_SPACE, Candidate
from diffqas.errors import ArgumentError
from diffqas.layers import FastWeightForecaster, FastWeightLockstep
from diffqas.optimisers.kalman import _row_by_row
from diffqas.optimisers.population import trained_tensors

SEEDS = (3, 0, 11)
FEW = tuple(QLSTM_SPACE[index] for index in (0, 2, 7, 20, 28))
RATES = {"structure": 2.0, "slow": 0.5}
CASES = [
    {},
    {"base_angles": "trained", "input_qubits": "first"},
    {"structure": "output", "relaxation": "softmax"},
    {"relaxation": "gumbel", "base_angles": "trained"},
    {"slow": "written"},
    {"slow": "written", "relaxation": "gumbel", "base_angles": "trained"},
    {"candidates": FEW[:1]},
    {"candidates": [*FEW[:1], Candidate(True, "chain", ("rz", "ry"), "ry")]},
]
close = {"rtol": 1e-9, "atol": 1e-9}


def make(seeds=SEEDS, **choices):
    models = []
    for seed in seeds:
        torch.manual_seed(seed)
        cell = QFWP(1, 2, 3, **{"candidates": FEW, "rates": RATES, **choices})
        models.append(FastWeightForecaster(cell, {"head": 3.0}).double())
    return models


def train(population, seeds, x, y, steps=12):
    optimizer = torch.optim.RMSprop(population.parameter_groups(0.01), alpha=0.99, eps=1e-8)
    losses = []
    for step in range(steps):
        population.advance(step / steps, step, seeds)
        optimizer.zero_grad()
        loss = (population(x) - y).square().mean(-1)
        loss.sum().backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses)


@pytest.mark.parametrize("choices", CASES, ids=str)
def test_steps_are_those_of_each_seed_alone(choices, normal):
    x, y = normal(1, 5, 4), normal(2, 5)
    # What writes a network moves all of its weights at once: round-off grows tenfold in a step.
    steps = 3 if "slow" in choices else 12
    models = make(**choices)
    population = FastWeightLockstep(models)
    together = train(population, SEEDS, x, y, steps)
    for place, seed in enumerate(SEEDS):
        alone = train(FastWeightLockstep(make([seed], **choices)), [seed], x, y, steps)
        torch.testing.assert_close(together[:, place], alone[:, 0], **close)
    assert (together[-1] != together[0]).all()
    population.eval().write_back(models)
    for model, predictions in zip(models, population(x), strict=True):
        torch.testing.assert_close(model.eval()(x), predictions, **close)
    weights = torch.stack([model.cell.structural_weights.flatten() for model in models])
    torch.testing.assert_close(population.structural_weights, weights, **close)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("choices", CASES, ids=str)
def test_derivatives_sample_by_sample_are_those_row_by_row(choices, training, normal):
    population = FastWeightLockstep(make(**choices)).train(training)
    population.advance(0.3, 7, SEEDS)
    parameters = trained_tensors(population)[::-1]
    x = normal(1, 7, 4)
    outputs, rows = _row_by_row(population, x, parameters)
    with torch.no_grad():
        found = population.sample_jacobian(x, parameters)
    torch.testing.assert_close(found[0], outputs.detach(), **close)
    for parameter, part, row in zip(parameters, found[1], rows, strict=True):
        assert part.shape == (7, *parameter.shape)
        torch.testing.assert_close(part, row, **close)
    torch.testing.assert_close(population(x), outputs, **close)


def test_seeds_that_keep_different_candidates(normal):
    models = make()
    few = []
    for place, model in enumerate(models):
        with torch.no_grad():
            model.cell.circuits.structure.zero_()
            model.cell.circuits.structure[0, place : place + 2] = 1.0
        cell = model.cell.discretize(k=2)
        few.append(FastWeightForecaster(cell).double())
    assert len({model.cell.chosen["all"].names for model in few}) > 1
    x = normal(1, 5, 4)
    population = FastWeightLockstep(few)
    expected = torch.stack([model(x) for model in few])
    torch.testing.assert_close(population(x), expected, **close)
    parameters = trained_tensors(population)
    _, rows = _row_by_row(population, x, parameters)
    for part, row in zip(population.sample_jacobian(x, parameters)[1], rows, strict=True):
        torch.testing.assert_close(part, row, **close)


def test_rates_reach_the_groups():
    models = make()
    for owner in (models[0], FastWeightLockstep(models)):
        groups = {group["name"]: group["lr"] for group in owner.parameter_groups(0.1)}
        assert groups == pytest.approx({"structure": 0.2, "slow": 0.05, "head": 0.3})


def test_rates_reach_what_writes_the_slow_network():
    models = make(slow="written")
    for owner in (models[0], FastWeightLockstep(models)):
        groups = {group["name"]: group["lr"] for group in owner.parameter_groups(0.1)}
        assert list(groups) == [
            "structure",
            "slow angles",
            "slow structure",
            "slow mapping",
            "head",
        ]
        alone = models[0].cell.slow.parameter_groups(0.1)
        for group in alone:
            assert groups[f"slow {group['name']}"] == pytest.approx(0.5 * group["lr"])


def test_models_of_different_kinds_are_refused():
    with pytest.raises(ArgumentError, match="`models` must differ in their numbers only, but got"):
        FastWeightLockstep([*make(), *make(input_qubits="first")])
    with pytest.raises(ArgumentError, match="`models` must differ in their numbers only, but got"):
        FastWeightLockstep([*make(), *make(slow="written")])
    with pytest.raises(ArgumentError, match="`models` must hold at least one FastWeightForecaster"):
        FastWeightLockstep([])
    with pytest.raises(ArgumentError, match="`cell` must read one value per moment"):
        FastWeightForecaster(QFWP(2, 2, 3, candidates=FEW))
