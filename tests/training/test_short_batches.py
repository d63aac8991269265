"""A last batch of one sample: refused for a target that normalises over the batch, else trained."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas.choices import adjusted
from diffqas.errors import ArgumentError
from diffqas.quantum_train import Lockstep
from diffqas.tasks import Split, Task
from diffqas.tasks.series.task import SERIES_RECIPES
from diffqas.training import Federated, FederatedTraining, Training, make_models

SETTINGS = adjusted(
    SERIES_RECIPES["default"], depth=1, epochs=1, batch_size=4, optimizer="adam", lr=0.01
)


def task_of(norm, samples: int) -> Task:
    x = torch.linspace(-1, 1, samples + 3).unsqueeze(-1)
    train, test = Split(x[:samples], x[:samples] ** 2), Split(x[samples:], x[samples:] ** 2)

    def target() -> nn.Module:
        return nn.Sequential(nn.Linear(1, 4), norm(), nn.Linear(4, 1))

    return Task("parabola", train, test, target, mse_loss, {"mse": mse_loss}, {"default": SETTINGS})


def training_of(task: Task, settings=SETTINGS) -> Training:
    return Training(Lockstep(make_models(task, settings, [0, 1])), task, settings, [0, 1])


NORMS = {
    "statistics": lambda: nn.BatchNorm1d(4),
    "none kept": lambda: nn.BatchNorm1d(4, track_running_stats=False),
    "layer": lambda: nn.LayerNorm(4),
    "many values": lambda: nn.Sequential(nn.Unflatten(1, (2, 2)), nn.BatchNorm1d(2), nn.Flatten()),
}


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize(("samples", "size", "better"), [(9, 4, 5), (5, 1, 3), (16, 5, 6)])
def test_a_single_sample(name, samples, size, better):
    task, settings = task_of(NORMS[name], samples), replace(SETTINGS, batch_size=size)
    if name in ("layer", "many values"):
        assert len(list(training_of(task, settings).epochs())) == 1
        return
    with pytest.raises(ArgumentError, match=f"such as {better} for {samples}, but got {size}"):
        training_of(task, settings)
    assert len(list(training_of(task, replace(settings, batch_size=better)).epochs())) == 1


def test_a_held_out_part_counts_too():
    task = task_of(NORMS["none kept"], 10)
    settings = replace(SETTINGS, select="best", validation=0.2)
    assert len(list(training_of(task, settings).epochs())) == 1  # 8 are left
    settings = replace(settings, validation=0.1)
    with pytest.raises(ArgumentError, match="for 9, but got 4"):
        training_of(task, settings)
    settings = replace(settings, select="final", bilevel=True, validation=0.5)
    with pytest.raises(ArgumentError, match="for 5, but got 4"):
        training_of(task, settings)


def test_clients_with_a_single_sample():
    task = task_of(NORMS["none kept"], 10)
    models = Lockstep(make_models(task, SETTINGS, [0]))
    with pytest.raises(ArgumentError, match="for 5, but got 4"):
        FederatedTraining(models, task, SETTINGS, [0], Federated(2))


def test_the_global_random_state_is_left_alone():
    task = task_of(NORMS["many values"], 9)
    models = Lockstep(make_models(task, SETTINGS, [0]))
    before = torch.get_rng_state()
    Training(models, task, SETTINGS, [0])
    assert torch.equal(torch.get_rng_state(), before)
