"""A training that has learnt nothing after a tenth of its epochs says so."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas.optimisers import Adam, DirectLockstep
from diffqas.quantum_train import Lockstep, Recipe
from diffqas.tasks import Settings, Split, Task
from diffqas.training import Federated, FederatedTraining, Training, make_models
from diffqas.training.standing import judged_at, stuck

SETTINGS = Settings(Recipe(), depth=2, epochs=11, batch_size=10, optimizer=Adam(0.01))
X = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))


class Deaf(nn.Module):
    """A network that says the same whatever its inputs."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return (0 * x[:, 0]) + self.bias


def task_of(target):
    split = Split(X, X.sum(1))
    recipes = {"default": SETTINGS}
    return Task("small", split, split, target, mse_loss, {"mse": mse_loss}, recipes)


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def forward(self, x):
        return self.layer(x).squeeze(-1)


def training_of(target=Line, seeds=(0, 1), kind=Training, **changes):
    task, settings = task_of(target), replace(SETTINGS, **changes)
    population = Lockstep(make_models(task, settings, list(seeds)))
    return kind(population, task, settings, list(seeds))


def remarks(training):
    found = {}
    for record in training.epochs():
        if training.remarks:
            found[record.epoch] = training.remarks.pop()
        assert not training.remarks
    return found


def test_one_that_learns_says_nothing():
    training = training_of(optimizer=Adam(0.05))
    assert remarks(training) == {}
    assert training.facts == {}


def test_steps_that_are_too_small():
    training = training_of(optimizer=Adam(1e-9))
    ((epoch, line),) = remarks(training).items()
    assert epoch == 2
    assert line.startswith("Seeds 0, 1 have learnt nothing after 2 of 11 epochs: the loss is ")
    assert line.endswith("Try another learning rate or another --recipe.")
    assert set(training.facts["stuck"]) == {"0", "1"}


def test_a_network_that_nothing_gets_through():
    training = training_of(Deaf, seeds=[7], optimizer=Adam(0.05))
    (line,) = remarks(training).values()
    assert "Seed 7 has learnt nothing" in line
    assert "the predictions are the same for every sample" in line


def test_it_costs_no_bit():
    told, untold = training_of(), training_of()
    untold._starting_level = list
    assert list(told.epochs()) == list(untold.epochs())


def test_a_resumed_training_is_judged_as_one_that_was_not_stopped():
    whole = training_of(optimizer=Adam(1e-9))
    expected = remarks(whole)
    for stop in (1, 2):
        first = training_of(optimizer=Adam(1e-9))
        records = first.epochs()
        for _ in range(stop):
            next(records)
        again = training_of(optimizer=Adam(1e-9))
        again.load_state_dict(first.state_dict())
        assert remarks(again) == {epoch: line for epoch, line in expected.items() if epoch > stop}
        assert again.facts == whole.facts


def test_a_state_of_before_is_not_judged():
    first = training_of(optimizer=Adam(1e-9))
    next(first.epochs())
    state = first.state_dict()
    del state["start"], state["stuck"]
    again = training_of(optimizer=Adam(1e-9))
    again.load_state_dict(state)
    assert remarks(again) == {}


def test_clients():
    def federated(population, task, settings, seeds):
        return FederatedTraining(population, task, settings, seeds, Federated(clients=2))

    training = training_of(kind=federated, optimizer=Adam(1e-9))
    assert list(remarks(training)) == [2]
    assert {"stuck", "federated"} <= training.facts.keys()


def test_ordinary_networks():
    task = task_of(Line)
    population = DirectLockstep([Line() for _ in range(2)])
    settings = replace(SETTINGS, optimizer=Adam(1e-9))
    assert len(remarks(Training(population, task, settings, [0, 1]))) == 1


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (1.0, 0.98, False),
        (1.0, 0.995, True),
        (1.0, 1.5, True),
        (-1.0, -1.5, False),
        (-1.0, -1.001, True),
        (0.0, 0.0, True),
        (math.nan, 1.0, False),
        (1.0, math.inf, False),
    ],
)
def test_what_counts(before, now, told):
    assert bool(stuck([0], [before], [now], torch.arange(4.0)[None])) == told


@pytest.mark.parametrize(("epochs", "expected"), [(1, 1), (9, 1), (10, 1), (11, 2), (250, 25)])
def test_when(epochs, expected):
    assert judged_at(epochs) == expected
