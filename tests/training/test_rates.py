"""The rate of a control is chosen by training samples alone, whatever company and test part are."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from diffqas.errors import ArgumentError, RunError
from diffqas.optimisers import Adam, DirectLockstep
from diffqas.quantum_train import RECIPES
from diffqas.tasks import Settings, Split, Task
from diffqas.training import RATES, choose_rate, rates, seeded
from diffqas.training.rates import RATE_SEEDS, held_out

DRAW = torch.Generator().manual_seed(0)
X = torch.randn(60, 3, generator=DRAW)
PART = Split(X, X @ torch.tensor([[1.0], [-2.0], [0.5]]))
SETTINGS = Settings(
    RECIPES["default"], depth=1, epochs=40, batch_size=10, optimizer=Adam(0.01), select="best"
)
TASK = Task("line", PART, PART, lambda: nn.Linear(3, 1), mse_loss, {"mse": mse_loss}, {})


def populate(seeds, rate, task=TASK, asked=None):
    if asked is not None:
        asked.append((tuple(seeds), rate))
    return DirectLockstep([seeded(seed, task.target, task) for seed in seeds], rate)


def test_a_line_is_learned_by_large_steps():
    # Ten epochs of six small steps come nowhere near: the largest rates alone arrive.
    assert choose_rate(populate, TASK, SETTINGS) >= 10
    assert choose_rate(populate, TASK, SETTINGS, rates=(0.3, 1.0)) == 1.0


def test_the_rate_multiplies_the_recipes():
    before = [populate([0], rate).parameter_groups(0.01)[0]["lr"] for rate in (1.0, 3.0)]
    assert before == [0.01, 0.03]


def test_the_test_part_is_not_looked_at():
    rubbish = Split(torch.full((5, 3), torch.nan), torch.full((5, 1), torch.nan))
    poisoned = replace(TASK, test=rubbish)
    assert choose_rate(populate, poisoned, SETTINGS) == choose_rate(populate, TASK, SETTINGS)


def test_every_rate_is_tried_by_seeds_of_its_own():
    asked = []
    choose_rate(partial(populate, asked=asked), TASK, SETTINGS)
    assert asked == [(RATE_SEEDS, rate) for rate in RATES]


def test_samples_that_a_search_held_out_are_training_samples_again():
    parted = TASK.with_validation(0.25)
    whole = parted.without_validation()
    assert torch.equal(whole.train.inputs, X)
    assert whole.validation is None
    assert TASK.without_validation() is TASK
    assert len(held_out(parted).train) == 48


def test_of_samples_sorted_by_class_some_of_every_class_judge():
    labels = torch.arange(40) // 10
    part = Split(torch.zeros(40, 2), labels)
    task = replace(TASK, train=part, test=part, loss=cross_entropy, kind="images")
    assert set(held_out(task).test.targets.tolist()) == {0, 1, 2, 3}
    series = held_out(replace(task, kind="series"))
    assert torch.equal(series.test.targets, labels[-8:])


def test_rates_at_which_all_diverge_are_told():
    huge = replace(SETTINGS, optimizer=Adam(1e30))
    with pytest.raises(
        RunError, match=r"diverged at every rate that was tried \(0.3, 1, 3, 10, 30"
    ):
        choose_rate(populate, TASK, huge)


def test_a_single_sample_cannot_judge():
    one = Split(X[:1], PART.targets[:1])
    with pytest.raises(ArgumentError, match="leave samples to train on"):
        choose_rate(populate, replace(TASK, train=one), SETTINGS)


def test_the_figure_decides_by_what_is_better_of_it():
    """The least loss, or the most of a metric of which more is better."""

    def negative(prediction, targets):
        return -mse_loss(prediction, targets)

    metrics = {"mse": mse_loss, "score": negative, "bad": negative}
    task = replace(TASK, metrics=metrics, higher=frozenset({"score"}))
    chosen = {name: choose_rate(populate, task, SETTINGS, figure=name) for name in metrics}
    assert chosen["mse"] == chosen["score"] == choose_rate(populate, task, SETTINGS)
    assert chosen["bad"] < chosen["mse"]


def test_trials_are_so_many_times_shorter():
    asked = replace(SETTINGS, epochs=8)
    for shorter, epochs in ((1, 8), (2, 4), (100, 1)):
        assert rates.rate_trial(populate, TASK, asked, 1.0, shorter).settings.epochs == epochs


@pytest.mark.parametrize(
    ("best", "beyond", "expected"),
    [(0.01, 0, 1.0), (0.01, 1, 0.5), (0.01, 9, 0.0078125), (4.0, 9, 4.0), (2.0, 9, 2.0)],
)
def test_rates_beyond_the_ends_are_tried_while_the_best_is_there(
    monkeypatch, best, beyond, expected
):
    def distance(rate):
        return abs(math.log(rate / best))

    monkeypatch.setattr(rates, "rate_trial", lambda populate, task, settings, rate, *_: rate)
    monkeypatch.setattr(rates, "_median", lambda rate, sign: distance(rate))
    assert choose_rate(populate, TASK, SETTINGS, (1.0, 2.0, 4.0), beyond) == expected
