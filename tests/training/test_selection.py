"""The best epoch is chosen on held-out training samples, seed by seed."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas.choices import adjusted
from diffqas.errors import ArgumentError
from diffqas.quantum_train import Lockstep
from diffqas.tasks import Settings, Split, Task
from diffqas.tasks.series.task import SERIES_RECIPES
from diffqas.training import Training, make_models

BEST: Settings = adjusted(
    SERIES_RECIPES["default"],
    depth=2,
    epochs=12,
    batch_size=4,
    optimizer="adam",
    lr=0.3,
    select="best",
    validation=0.25,
)


@pytest.fixture
def task() -> Task:
    x = torch.linspace(-1, 1, 24, dtype=torch.float64).unsqueeze(-1)
    x = x[torch.randperm(24, generator=torch.Generator().manual_seed(0))]
    y = (3 * x).sin()

    def target() -> nn.Module:
        return nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))

    return Task(
        "sine",
        Split(x[:16], y[:16]),
        Split(x[16:], y[16:]),
        target,
        mse_loss,
        {"mse": mse_loss},
        {"d": BEST},
    )


def train(task: Task, settings: Settings, seeds: list[int], state: dict | None = None):
    training = Training(Lockstep(make_models(task, settings, seeds)), task, settings, seeds)
    if state is not None:
        training.load_state_dict(state)
    return training, list(training.epochs())


def test_held_out_samples_are_the_last_of_the_training_part(task):
    divided = task.with_validation(0.25)
    assert torch.equal(divided.train.inputs, task.train.inputs[:12])
    assert divided.validation is not None
    assert torch.equal(divided.validation.targets, task.train.targets[12:])
    assert divided.test is task.test
    assert list(divided.parts) == ["train", "validation", "test"]
    assert list(task.parts) == ["train", "test"]


@pytest.mark.parametrize("share", [0.0, 0.01, 1.0, -0.5])
def test_a_share_that_leaves_nothing_is_refused(task, share):
    with pytest.raises(ArgumentError, match="`validation` must leave samples"):
        task.with_validation(share)


def test_each_seed_ends_with_its_best_epoch(task):
    training, records = train(task, BEST, [0, 1, 2])
    chosen = training.metrics["selected_epoch"]
    for index in range(3):
        losses = [record.metrics["validation_mse"][index] for record in records]
        best = min(range(len(losses)), key=losses.__getitem__)
        assert chosen[index] == best + 1
        assert training.metrics["test_mse"][index] == records[best].metrics["test_mse"][index]
    assert set(chosen) != {float(BEST.epochs)}, (
        "a case in which the last epoch is the best shows nothing"
    )
    with torch.no_grad():
        predicted = training.population(task.test.inputs)
    errors = [mse_loss(one, task.test.targets).item() for one in predicted]
    assert errors == pytest.approx(training.metrics["test_mse"], rel=1e-9)


def test_the_choice_never_sees_the_test_part(task):
    other = replace(task, test=Split(task.test.inputs, task.test.targets.flip(0)))
    assert (
        train(task, BEST, [0])[0].metrics["selected_epoch"]
        == train(other, BEST, [0])[0].metrics["selected_epoch"]
    )


def test_the_last_epoch_is_the_default(task):
    training, records = train(task, replace(BEST, select="final"), [0])
    assert training.metrics == records[-1].metrics
    assert "validation_mse" not in training.metrics


def test_stopped_and_continued_chooses_the_same(task):
    whole, _ = train(task, BEST, [0, 1])
    half = Training(Lockstep(make_models(task, BEST, [0, 1])), task, BEST, [0, 1])
    epochs = half.epochs()
    for _ in range(9):
        next(epochs)
    again, _ = train(task, BEST, [0, 1], half.state_dict())
    assert again.metrics == whole.metrics
    assert torch.equal(again.population.circuits.angles, whole.population.circuits.angles)


def test_a_target_with_buffers_is_refused(task):
    normed = replace(
        task, target=lambda: nn.Sequential(nn.Linear(1, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    )
    with pytest.raises(ArgumentError, match="`select` must be final for a target with buffers"):
        train(normed, BEST, [0])
