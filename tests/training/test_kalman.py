"""The Kalman filter against what it must be: Bayesian least squares, seed by seed."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from diffqas.choices import adjusted
from diffqas.errors import ArgumentError
from diffqas.optim import correct
from diffqas.optimisers import DirectLockstep
from diffqas.optimisers.kalman import KalmanFilter, jacobian
from diffqas.quantum_train import Lockstep, QuantumTrain
from diffqas.tasks import Settings, Split, Task
from diffqas.tasks.series.task import SERIES_RECIPES
from diffqas.training import Training, make_models

SMALL: Settings = adjusted(
    SERIES_RECIPES["default"],
    depth=2,
    epochs=3,
    batch_size=4,
    optimizer="kalman",
    noise=(1.0, 1e-3),
    memory=2.0,
)


class Recurrent(nn.Module):
    """A target that vmap cannot run."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.GRU(1, 2, batch_first=True)

    def forward(self, x):
        return self.inner(x.unsqueeze(-1))[0][:, -1]


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def task_of(target, outputs: int) -> Task:
    draw = torch.Generator().manual_seed(3)
    x = torch.randn(14, 3, dtype=torch.float64, generator=draw)
    y = torch.stack([x.sum(1).sin(), x[:, 0] * x[:, 1]], -1)[:, :outputs]
    return Task(
        "small",
        Split(x[:10], y[:10]),
        Split(x[10:], y[10:]),
        target,
        mse_loss,
        {"mse": mse_loss},
        {"d": SMALL},
    )


@pytest.fixture(params=["mlp", "gru"])
def task(request) -> Task:
    return task_of(mlp if request.param == "mlp" else Recurrent, 2)


def train(task: Task, seeds: list[int], settings: Settings = SMALL) -> tuple[Training, list]:
    training = Training(Lockstep(make_models(task, settings, seeds)), task, settings, seeds)
    return training, list(training.epochs())


def test_corrections_give_the_posterior_of_linear_regression():
    draw = torch.Generator().manual_seed(0)
    x, y = (
        torch.randn(2, 12, 4, generator=draw).double(),
        torch.randn(2, 12, generator=draw).double(),
    )
    prior = torch.diag(torch.tensor([1.0, 4.0, 0.25, 1.0]).double())
    precision = torch.linalg.inv(prior) + x.mT @ x / 0.3
    expected = torch.linalg.solve(precision, (x.mT @ y.unsqueeze(-1)) / 0.3).squeeze(-1)
    guess, covariance = torch.zeros(2, 4).double(), prior.repeat(2, 1, 1)
    for part in (slice(0, 5), slice(5, 6), slice(6, 12)):
        errors = y[:, part] - (x[:, part] @ guess.unsqueeze(-1)).squeeze(-1)
        change, covariance = correct(covariance, x[:, part], errors, noise=0.3)
        guess = guess + change
    torch.testing.assert_close(guess, expected)
    torch.testing.assert_close(covariance, torch.linalg.inv(precision))


def test_forgetting_weighs_old_batches_less():
    draw = torch.Generator().manual_seed(1)
    x, y = torch.randn(3, 6, 2, generator=draw).double(), torch.randn(3, 6, generator=draw).double()
    guess, covariance = torch.zeros(2).double(), torch.eye(2).double()
    for rows, values in zip(x, y, strict=True):
        change, covariance = correct(covariance, rows, values - rows @ guess, noise=1.0, kept=0.8)
        guess = guess + change
    weights = torch.tensor(
        [0.8**2, 0.8, 1.0]
    ).double()  # of the batches; the prior has 0.8**2 like the first
    precision = 0.8**2 * torch.eye(2) + sum(
        w * rows.mT @ rows for w, rows in zip(weights, x, strict=True)
    )
    moment = sum(w * rows.mT @ values for w, rows, values in zip(weights, x, y, strict=True))
    torch.testing.assert_close(guess, torch.linalg.solve(precision, moment))


def test_rows_are_the_derivatives_of_every_output(task):
    models = make_models(task, SMALL, [0, 1])
    population = Lockstep(models)
    parameters = [p for group in population.parameter_groups(1.0) for p in group["params"]]
    outputs, rows = jacobian(population, task.train.inputs[:3], parameters)
    assert outputs.shape == (2, 6)
    assert rows.shape == (2, 6, sum(p[0].numel() for p in parameters))
    for seed, model in enumerate(models):
        own = [p for group in model.parameter_groups(1.0) for p in group["params"]]
        for index, output in enumerate(model(task.train.inputs[:3]).flatten()):
            expected = torch.autograd.grad(output, own, retain_graph=True)
            torch.testing.assert_close(
                rows[seed, index], torch.cat([g.flatten() for g in expected])
            )
            torch.testing.assert_close(outputs[seed, index], output.detach())


def test_the_first_step_is_a_damped_gauss_newton_step():
    task = task_of(mlp, 2)
    settings = adjusted(SMALL, epochs=1, batch_size=10, noise=(50.0, 1.0))
    (model,) = make_models(task, settings, [5])
    parameters = [p for group in model.parameter_groups(1.0) for p in group["params"]]
    deviations = torch.cat(
        [
            torch.full((p.numel(),), float(g["lr"]))
            for g in model.parameter_groups(1.0)
            for p in g["params"]
        ]
    )
    before = torch.cat([p.detach().flatten() for p in parameters])
    predicted = model(task.train.inputs).flatten()
    rows = torch.stack(
        [
            torch.cat([g.flatten() for g in torch.autograd.grad(o, parameters, retain_graph=True)])
            for o in predicted
        ]
    )
    errors = task.train.targets.flatten() - predicted.detach()
    noise = 50 * task.train.targets.var(correction=0)
    damping = noise * torch.diag(1 / deviations.double().square())
    expected = before + torch.linalg.solve(rows.T @ rows + damping, rows.T @ errors)
    training, _ = train(task, [5], settings)
    groups = training.population.parameter_groups(1.0)
    after = torch.cat([p.detach()[0].flatten() for group in groups for p in group["params"]])
    torch.testing.assert_close(after, expected)


def test_seeds_in_lockstep_are_seeds_alone(task):
    settings = adjusted(
        SMALL, epochs=7, noise=(100.0, 1.0)
    )  # 21 steps; less damping, and round-off grows faster
    _, together = train(task, [0, 1, 2], settings)
    for index in range(3):
        _, alone = train(task, [index], settings)
        for one, many in zip(alone, together, strict=True):
            assert many.loss[index] == pytest.approx(one.loss[0], rel=1e-9)
            assert many.metrics["test_mse"][index] == pytest.approx(
                one.metrics["test_mse"][0], rel=1e-9
            )
    assert together[-1].loss[0] != together[0].loss[0]


def test_stopped_and_continued_is_bit_equal(task):
    _, whole = train(task, [0, 1])
    training = Training(Lockstep(make_models(task, SMALL, [0, 1])), task, SMALL, [0, 1])
    next(training.epochs())
    again = Training(Lockstep(make_models(task, SMALL, [4, 5])), task, SMALL, [0, 1])
    again.load_state_dict(training.state_dict())
    assert list(again.epochs()) == whole[1:]


def test_a_seed_without_a_number_is_frozen_and_the_other_goes_on():
    task = task_of(mlp, 2)
    models = make_models(task, SMALL, [0, 1])
    with torch.no_grad():
        models[1].generator.mapping.bias.fill_(torch.nan)
    training = Training(Lockstep(models), task, SMALL, [0, 1])
    *_, last = training.epochs()
    assert set(training.failures) == {1}
    _, alone = train(task, [0])
    assert last.loss[0] == pytest.approx(alone[-1].loss[0], rel=1e-9)


def test_a_spoilt_covariance_starts_again_from_the_prior():
    task = task_of(mlp, 2)
    population = Lockstep(make_models(task, SMALL, [0, 1]))
    optimisation = KalmanFilter(population, SMALL.problem(task), SMALL.optimizer)
    prior = optimisation.estimate.covariance[1].clone()
    optimisation.estimate.covariance[1] = -torch.eye(len(prior)) * 1e6
    before = population.circuits.angles.detach().clone()
    frozen = torch.zeros(2, dtype=torch.bool)
    optimisation.step(task.train.inputs, task.train.targets, 0.0, frozen)
    assert torch.equal(optimisation.estimate.covariance[1], prior)
    assert torch.equal(population.circuits.angles[1], before[1])
    assert not torch.equal(population.circuits.angles[0], before[0])


def test_ordinary_networks_can_be_trained_the_same_way():
    task = task_of(mlp, 2)
    torch.manual_seed(0)
    population = DirectLockstep([mlp().double() for _ in range(2)])
    first, *_, last = Training(population, task, replace(SMALL, epochs=40), [0, 1]).epochs()
    assert max(last.loss) < 0.1 * min(first.loss)


@pytest.mark.parametrize(
    ("population", "loss", "words"),
    [
        (
            lambda: Lockstep([QuantumTrain(mlp(), 2)]),
            cross_entropy,
            "`optimizer` must be adam or rmsprop for a loss",
        ),
        (
            lambda: DirectLockstep([nn.Linear(100, 50)]),
            mse_loss,
            "above 4096 trainable numbers, but got 5050",
        ),
    ],
)
def test_what_the_filter_is_not_made_for_is_told_at_the_door(population, loss, words):
    problem = SMALL.problem(replace(task_of(mlp, 2), loss=loss))
    with pytest.raises(ArgumentError, match=words):
        KalmanFilter(population(), problem, SMALL.optimizer)


@pytest.mark.parametrize("wrong", [{"noise": (0.0, 1.0)}, {"memory": 0.0}])
def test_settings_of_the_filter_are_checked(wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        adjusted(SMALL, **wrong)


def test_no_measurement_counts_as_better_than_the_last_epochs_errors():
    task = task_of(mlp, 2)
    population = Lockstep(make_models(task, SMALL, [0, 1]))
    optimisation = KalmanFilter(
        population, SMALL.problem(task), replace(SMALL.optimizer, measurement_noise=(1e-9, 1e-9))
    )
    prior = optimisation.estimate.covariance.clone()
    outputs, rows = jacobian(population, task.train.inputs, optimisation.parameters)
    errors = task.train.targets.reshape(1, -1) - outputs
    variance = task.train.targets.var(correction=0)
    residual = variance + (errors.square().mean(1) - variance) / 3  # three batches are an epoch
    _, expected = correct(prior, rows, errors, residual, kept=1 - 1 / 6)
    optimisation.step(task.train.inputs, task.train.targets, 0.0, torch.zeros(2, dtype=torch.bool))
    torch.testing.assert_close(optimisation.estimate.residual, residual)
    torch.testing.assert_close(optimisation.estimate.covariance, expected)
