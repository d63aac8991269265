"""Whole trainings whose steps are recorded give what they give step by step."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas.architecture import Shots
from diffqas.choices import adjusted
from diffqas.errors import RunError
from diffqas.optim import RECORDERS
from diffqas.optimisers import DirectLockstep, stages
from diffqas.quantum_train import Lockstep
from diffqas.tasks import Settings, Split, Task
from diffqas.tasks.series.task import SERIES_RECIPES
from diffqas.training import Training, make_models

SMALL: Settings = adjusted(
    SERIES_RECIPES["default"],
    depth=2,
    epochs=5,
    batch_size=4,
    optimizer="adam",
    lr=0.01,
    schedule="cosine",
)

TRAININGS = {
    "adam": SMALL,
    "rmsprop": adjusted(SMALL, optimizer="rmsprop", lr=0.01),
    "soap": adjusted(SMALL, optimizer="soap", lr=0.01),
    "kalman": adjusted(SMALL, optimizer="kalman"),
    "sparse": replace(SMALL, sparsity=0.05),
    "bilevel": replace(SMALL, bilevel=True, validation=0.3),
    "softmax": adjusted(SMALL, relaxation="softmax", shuffle=True),
}


def target() -> nn.Module:
    return nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 1))


@pytest.fixture
def task() -> Task:
    x = torch.linspace(-1, 1, 14, dtype=torch.float64).unsqueeze(-1)
    train, test = Split(x[:10], x[:10] ** 2), Split(x[10:], x[10:] ** 2)
    return Task("parabola", train, test, target, mse_loss, {"mse": mse_loss}, {"default": SMALL})


@pytest.fixture(autouse=True)
def _soon_recorded(monkeypatch):
    monkeypatch.setattr(stages, "WARM_UP", 2)
    monkeypatch.setenv("DIFFQAS_COMPILED", "0")


def trained(task, settings, seeds, start=None):
    population = Lockstep(make_models(task, settings, seeds))
    training = Training(population, task, settings, seeds)
    if start is not None:
        training.load_state_dict(start)
    return training, list(training.epochs())


@pytest.mark.parametrize("seeds", [[3], [3, 4]], ids=["one seed", "two seeds"])
@pytest.mark.parametrize("name", TRAININGS)
def test_a_recorded_training_is_the_training(task, name, seeds, recorders, monkeypatch):
    settings = TRAININGS[name]
    training, records = trained(task, settings, seeds)
    assert training.remarks == []
    # Every stage of a step has a recorder, and every form of a batch a recording that was used.
    assert recorders
    for recorder in recorders:
        assert recorder.recordings
        assert all(one.replays > 0 for one in recorder.recordings)
    monkeypatch.delitem(RECORDERS, "cpu")
    _, plain = trained(task, settings, seeds)
    for record, expected in zip(records, plain, strict=True):
        # A recorded Adam counts its steps in float32.
        assert record.loss == pytest.approx(expected.loss, rel=1e-5)
        for figure, values in expected.metrics.items():
            assert record.metrics[figure] == pytest.approx(values, rel=1e-4)


def test_a_recorded_training_goes_on_from_a_checkpoint_of_the_cpu(task, recorders, monkeypatch):
    with monkeypatch.context() as host:
        host.delitem(RECORDERS, "cpu")
        started = Training(Lockstep(make_models(task, SMALL, [1, 2])), task, SMALL, [1, 2])
        epochs = started.epochs()
        next(epochs)
        next(epochs)
        state = copy.deepcopy(started.state_dict())
        rest = list(epochs)
    _, records = trained(task, SMALL, [1, 2], start=state)
    assert [r.loss for r in records] == [pytest.approx(r.loss, rel=1e-5) for r in rest]


@pytest.mark.parametrize("name", ["adam", "soap", "kalman"])
def test_a_seed_that_diverges_is_told_with_its_step_and_the_others_go_on(task, name, recorders):
    settings = TRAININGS[name]
    _, expected = trained(task, settings, [5])
    population = Lockstep(make_models(task, settings, [4, 5]))
    training = Training(population, task, settings, [4, 5])
    epochs = training.epochs()
    records = [next(epochs)]
    with torch.no_grad():
        next(population.generator.parameters())[0] = torch.nan
    records += epochs
    assert list(training.failures) == [4]
    assert "at epoch 2, step 1" in training.failures[4]
    assert sum("is frozen" in remark for remark in training.remarks) == 1
    ours = [record.loss[1] for record in records]
    assert ours == pytest.approx([record.loss[0] for record in expected], rel=1e-5)


def test_a_training_stops_when_no_seed_is_left(task, recorders):
    population = Lockstep(make_models(task, SMALL, [4]))
    training = Training(population, task, SMALL, [4])
    with torch.no_grad():
        next(population.generator.parameters()).fill_(torch.nan)
    with pytest.raises(RunError, match="Training diverged: seed 4: the loss became nan at epoch 1"):
        list(training.epochs())


def test_steps_that_need_the_host_run_one_by_one_with_a_remark(task, recorders):
    training, _ = trained(task, adjusted(SMALL, relaxation="gumbel"), [1])
    reason = "the relaxation gumbel has new numbers in every step"
    assert training.remarks == [f"The steps run one by one, not as a CUDA graph: {reason}."]
    assert all(recorder.recordings == [] for recorder in recorders)


def test_finite_shots_are_not_recorded(task):
    population = Lockstep(make_models(task, SMALL, [1]))
    assert population.new_in_each_step is None
    population.circuits.measure(Shots(100))
    assert population.new_in_each_step == "finite shots are drawn on the host"


def test_a_network_that_draws_is_not_recorded(task, recorders):
    def drawing() -> nn.Module:
        return nn.Sequential(nn.Linear(1, 3), nn.Dropout(0.5), nn.Linear(3, 1))

    training, _ = trained(replace(task, target=drawing), SMALL, [1])
    (remark,) = training.remarks
    assert "it draws random numbers" in remark


def test_networks_trained_directly_are_recorded(task, recorders):
    torch.manual_seed(0)
    population = DirectLockstep([target().double() for _ in range(2)])
    training = Training(population, task, SMALL, [1, 2])
    list(training.epochs())
    assert training.remarks == []
    assert len(recorders[0].recordings) == 2  # whole batches, and the short last one
