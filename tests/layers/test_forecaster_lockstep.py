"""Seeds in lockstep are each seed by itself: values, gradients and twenty steps of training."""

import pytest
import torch

from diffqas import QLSTM, QLSTM_SPACE
from diffqas.errors import ArgumentError
from diffqas.layers import Forecaster, ForecasterLockstep
from diffqas.optimisers.kalman import _row_by_row, jacobian
from diffqas.optimisers.population import trained_tensors

SEEDS = (3, 0, 11)
FEW = tuple(QLSTM_SPACE[index] for index in (0, 2, 7, 20, 28))
RATES = {"angles": 2.0, "head": 0.5}
CASES = [
    {},
    {"sharing": "shared"},
    {"reservoir": True},
    {"structure": "shared"},
    {"sharing": "shared", "structure": "shared", "relaxation": "gumbel"},
    {"relaxation": "gumbel", "squash": "arctan"},
    {"relaxation": "gumbel", "num_layers": 2, "candidates": FEW[:2]},
    {"candidates": FEW[:1]},
]
close = {"rtol": 1e-9, "atol": 1e-9}


def make(**choices):
    models = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        models.append(
            Forecaster(
                QLSTM(1, 2, **{"depth": 2, "candidates": FEW, "spread": 1.0, **choices}), RATES
            )
        )
    return [model.double() for model in models]


def own_noise(model, seed, step):
    """What a seed draws for its relaxation: a function of seed and step."""
    draw = torch.Generator().manual_seed(seed * 1_000_003 + step)
    for layer in model.cell.circuits:
        layer.noise = torch.rand(layer.structure.shape, generator=draw).double()


def train(model, told, x, y, steps=20):
    optimizer = torch.optim.RMSprop(model.parameter_groups(0.01), alpha=0.99, eps=1e-8)
    losses = []
    for step in range(steps):
        told(step, step / steps)
        optimizer.zero_grad()
        loss = (model(x) - y).square().mean(-1)
        loss.sum().backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses)


def train_alone(model, seed, x, y):
    def told(step, progress):
        model.cell.progress = progress
        own_noise(model, seed, step)

    return train(model, told, x, y)


@pytest.mark.parametrize("choices", CASES, ids=str)
def test_twenty_steps_are_those_of_each_seed_alone(choices, normal):
    x, y = normal(1, 5, 4), normal(2, 5)
    models = make(**choices)
    population = ForecasterLockstep(models)
    together = train(
        population, lambda step, progress: population.advance(progress, step, SEEDS), x, y
    )
    alone = torch.stack(
        [train_alone(model, seed, x, y) for model, seed in zip(models, SEEDS, strict=True)], -1
    )
    torch.testing.assert_close(together, alone, **close)
    assert (together[-1] != together[0]).all()
    for model, predictions in zip(models, population.eval()(x), strict=True):
        torch.testing.assert_close(model.eval()(x), predictions, **close)
    weights = torch.stack([model.cell.structural_weights.flatten() for model in models])
    torch.testing.assert_close(population.structural_weights, weights, **close)


@pytest.mark.parametrize("choices", CASES, ids=str)
def test_a_seed_draws_the_same_in_any_company(choices, normal):
    x = normal(1, 5, 4)
    models = make(**choices)
    population, single = ForecasterLockstep(models), ForecasterLockstep(models[2:])
    population.advance(0.3, 7, SEEDS)
    single.advance(0.3, 7, SEEDS[2:])
    torch.testing.assert_close(population(x)[2:], single(x), **close)


def test_write_back_gives_each_model_its_own_numbers(normal):
    x = normal(1, 5, 4)
    population, fresh = (
        ForecasterLockstep(make(relaxation="gumbel", num_layers=2)),
        make(relaxation="gumbel", num_layers=2),
    )
    with torch.no_grad():
        for parameter in population.parameters():
            parameter.copy_(normal(parameter.numel(), *parameter.shape))
    population.advance(0.75, 3, SEEDS)
    population.eval().write_back(fresh)
    expected = population(x)
    with torch.no_grad():
        for parameter in population.parameters():
            parameter.zero_()  # the models share no memory with it
    assert [model.cell.progress for model in fresh] == [0.75] * 3
    torch.testing.assert_close(torch.stack([model.eval()(x) for model in fresh]), expected, **close)


def test_making_one_uses_no_random_numbers_and_leaves_the_models_alone(normal):
    models = make()
    before = [
        {name: value.clone() for name, value in model.state_dict().items()} for model in models
    ]
    state = torch.get_rng_state()
    population = ForecasterLockstep(models)
    assert torch.equal(torch.get_rng_state(), state)
    with torch.no_grad():
        for parameter in population.parameters():
            parameter.zero_()
    for model, values in zip(models, before, strict=True):
        assert all(torch.equal(value, values[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    "choices",
    [*CASES, {"reservoir": True, "sharing": "shared"}, {"reservoir": True, "candidates": FEW[:1]}],
)
def test_derivatives_sample_by_sample_are_those_row_by_row(choices):
    population = ForecasterLockstep(make(**choices)).eval()
    parameters = trained_tensors(population)[::-1]
    x = torch.rand(7, 4, dtype=torch.float64)
    outputs, rows = _row_by_row(population, x, parameters)
    found = population.sample_jacobian(x, parameters)
    assert found is not None
    assert outputs.requires_grad
    torch.testing.assert_close(found[0], outputs.detach(), **close)
    for parameter, part, row in zip(parameters, found[1], rows, strict=True):
        assert part.shape == (7, *parameter.shape)
        torch.testing.assert_close(part, row, **close)
    assert any(row.abs().max() > 1e-3 for row in rows)


def test_circuits_too_wide_for_coefficients_have_no_faster_way(monkeypatch):
    monkeypatch.setattr("diffqas.simulator.observables.MAX_COEFFICIENT_QUBITS", 2)
    population = ForecasterLockstep(make(sharing="shared"))
    parameters, x = trained_tensors(population), torch.rand(3, 4, dtype=torch.float64)
    assert population.sample_jacobian(x, parameters) is None
    outputs, rows = jacobian(population, x, parameters)
    assert rows.shape == (3, 3, sum(parameter[0].numel() for parameter in parameters))
    torch.testing.assert_close(outputs, population(x), **close)


def test_the_angles_of_a_reservoir_are_given_to_no_optimiser():
    population = ForecasterLockstep(make(reservoir=True))
    groups = {group["name"]: group["lr"] for group in population.parameter_groups(0.1)}
    assert groups == pytest.approx({"structure": 0.1, "head": 0.05})
    assert len(population) == 3


def test_models_of_different_kinds_are_refused():
    with pytest.raises(
        ArgumentError, match="`models` must differ in their numbers only, but got 2 kinds of shapes"
    ):
        ForecasterLockstep([*make(), *make(sharing="shared")])
    with pytest.raises(ArgumentError, match="`models` must hold at least one Forecaster"):
        ForecasterLockstep([])
