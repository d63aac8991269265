"""A training that ends with a fit: samples of an epoch, resume, choices that do not go together."""

from dataclasses import replace

import pytest
import torch

from diffqas.circuits import QLSTM_SPACE
from diffqas.errors import ArgumentError
from diffqas.kinds import VQC_RECIPES, VQCKind
from diffqas.tasks import load_named, table_task
from diffqas.training import ProjectedTraining

SETTINGS = replace(VQC_RECIPES["default"], epochs=2)
SEEDS = [0, 1]


@pytest.fixture(scope="module")
def iris():
    return table_task(load_named("iris")).to("cpu", torch.float32)


def training_of(task, settings=SETTINGS, **choices):
    kind = VQCKind(tuple(QLSTM_SPACE[:2]), fit_observables=True, **choices)
    population, _ = kind.make(task, settings, SEEDS)
    return kind.training(population, task, settings, SEEDS)


def test_an_epoch_goes_over_the_samples_that_are_wanted(iris):
    training = training_of(iris, epoch_samples=70)
    assert isinstance(training, ProjectedTraining)
    batches = list(training._batches())
    assert [len(batch) for batch in batches] == [32, 32, 6]
    training.epoch = 1
    assert not torch.equal(torch.cat(batches), torch.cat(list(training._batches())))


def test_fits_come_first_and_last(iris):
    training = training_of(iris)
    fits = []
    fit = training.population.fit_readout
    training.population.fit_readout = lambda *given: (fits.append(training.epoch), fit(*given))
    records = list(training.epochs())
    assert fits == [0, 2]
    losses = [record.metrics["train_loss"] for record in records]
    assert all(last < first for first, last in zip(*losses, strict=True))


def test_a_resumed_training_ends_the_same(iris):
    whole, first, second = (training_of(iris, epoch_samples=64) for _ in range(3))
    for _ in whole.epochs():
        pass
    next(first.epochs())
    second.load_state_dict(first.state_dict())
    for _ in second.epochs():
        pass
    assert second.metrics == whole.metrics


@pytest.mark.parametrize(
    ("settings", "choices", "told"),
    [
        (SETTINGS, {"epoch_samples": 121}, "epoch_samples"),
        (replace(SETTINGS, shuffle=False), {"epoch_samples": 60}, "epoch_samples"),
        (replace(SETTINGS, select="best"), {}, "select"),
    ],
)
def test_choices_that_do_not_go_together(iris, settings, choices, told):
    with pytest.raises(ArgumentError, match=told):
        training_of(iris, settings, **choices)
