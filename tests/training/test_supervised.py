from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas.architecture import Gumbel
from diffqas.choices import adjusted
from diffqas.errors import RunError
from diffqas.optimisers.descent import GradientDescent
from diffqas.quantum_train import Lockstep
from diffqas.tasks import Settings, Split, Task
from diffqas.tasks.series.task import SERIES_RECIPES
from diffqas.training import Training, make_models

SMALL: Settings = adjusted(
    SERIES_RECIPES["default"],
    depth=2,
    epochs=3,
    batch_size=4,
    optimizer="adam",
    lr=0.01,
    schedule="cosine",
)


@pytest.fixture
def task() -> Task:
    x = torch.linspace(-1, 1, 14, dtype=torch.float64).unsqueeze(-1)
    train, test = Split(x[:10], x[:10] ** 2), Split(x[10:], x[10:] ** 2)

    def target() -> nn.Module:
        return nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))

    return Task("parabola", train, test, target, mse_loss, {"mse": mse_loss}, {"default": SMALL})


def trained(
    task: Task, settings: Settings, seeds: list[int], start: dict | None = None
) -> tuple[Training, list]:
    training = Training(Lockstep(make_models(task, settings, seeds)), task, settings, seeds)
    if start is not None:
        training.load_state_dict(start)
    return training, list(training.epochs())


@pytest.mark.parametrize("settings", [SMALL, SERIES_RECIPES["paper"]], ids=["adam", "rmsprop"])
def test_one_epoch_is_the_plain_loop(task, settings):
    settings = replace(settings, depth=2, epochs=1, batch_size=4, schedule="constant")
    _, (record,) = trained(task, settings, [7])

    (model,) = make_models(task, settings, [7])
    own = settings.optimizer
    if own.name == "adam":
        optimizer = torch.optim.Adam(model.parameter_groups(own.lr), betas=own.betas)
    else:
        optimizer = torch.optim.RMSprop(model.parameter_groups(own.lr), alpha=0.99, eps=1e-8)
    losses = []
    for batch in (slice(0, 4), slice(4, 8), slice(8, 10)):
        optimizer.zero_grad()
        loss = mse_loss(model(task.train.inputs[batch]), task.train.targets[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert record.loss[0] == pytest.approx(
        (4 * losses[0] + 4 * losses[1] + 2 * losses[2]) / 10, rel=1e-12
    )
    with torch.no_grad():
        test = mse_loss(model(task.test.inputs), task.test.targets).item()
    assert record.metrics["test_mse"][0] == pytest.approx(test, rel=1e-10)
    assert record.structural_weights[0] == pytest.approx(
        model.structural_weights.tolist(), rel=1e-10
    )


@pytest.mark.parametrize("relaxation", [SMALL.generator.relaxation, Gumbel()])
def test_seeds_in_lockstep_are_the_seeds_alone(task, relaxation):
    settings = replace(SMALL, generator=replace(SMALL.generator, relaxation=relaxation))
    _, together = trained(task, settings, [3, 4, 5])
    for index, seed in enumerate([3, 4, 5]):
        _, alone = trained(task, settings, [seed])
        for one, all_seeds in zip(alone, together, strict=True):
            assert one.loss[0] == pytest.approx(all_seeds.loss[index], rel=1e-9)
            assert one.structural_weights[0] == pytest.approx(
                all_seeds.structural_weights[index], rel=1e-9
            )


@pytest.mark.parametrize("relaxation", [SMALL.generator.relaxation, Gumbel()])
def test_a_training_goes_on_bit_by_bit_from_its_state(task, relaxation):
    settings = replace(SMALL, generator=replace(SMALL.generator, relaxation=relaxation))
    _, whole = trained(task, settings, [0, 1])
    training = Training(Lockstep(make_models(task, settings, [0, 1])), task, settings, [0, 1])
    first = next(training.epochs())
    _, rest = trained(task, settings, [0, 1], training.state_dict())
    assert [first, *rest] == whole


def test_cosine_ends_at_zero(task):
    training, _ = trained(task, SMALL, [0])
    assert isinstance(training.optimisation, GradientDescent)
    groups = training.optimisation.optimizer.param_groups
    first, last = groups[0], groups[-1]
    assert (
        first["base_lr"] / last["base_lr"]
        == SMALL.generator.rates.angles / SMALL.generator.rates.mapping
    )
    assert 0 < last["lr"] < 0.1 * last["base_lr"]


def test_a_seed_that_diverges_is_frozen_and_the_others_go_on(task):
    models = make_models(task, SMALL, [0, 1])
    with torch.no_grad():
        models[1].generator.mapping.bias.fill_(torch.nan)
    training = Training(Lockstep(models), task, SMALL, [0, 1])
    records = list(training.epochs())
    assert training.failures == {
        1: "the loss became nan at epoch 1, step 1 (first in generator.mapping.bias)"
    }
    assert training.remarks == [f"Seed 1 is frozen, the others go on: {training.failures[1]}."]
    angles = training.population.circuits.angles
    assert torch.equal(angles[1], models[1].circuits.angles)
    _, alone = trained(task, SMALL, [0])
    assert records[-1].loss[0] == pytest.approx(alone[-1].loss[0], rel=1e-9)


def test_a_seed_with_a_gradient_that_is_no_number_is_frozen_before_it_takes_the_step(task):
    models = make_models(task, SMALL, [0, 1])
    training = Training(Lockstep(models), task, SMALL, [0, 1])
    angles = training.population.circuits.angles
    before = angles.detach().clone()

    def spoil(gradient):
        gradient = gradient.clone()
        gradient[1, 0, 0] = torch.inf
        return gradient

    angles.register_hook(spoil)
    next(training.epochs())
    name = "generator.circuits.angles"
    assert training.failures == {
        1: f"a gradient is not finite at epoch 1, step 1 (first in the gradient of {name})",
    }
    assert torch.equal(angles[1], before[1])
    assert not torch.equal(angles[0], before[0])


def test_the_run_stops_when_no_seed_is_left(task):
    models = make_models(task, SMALL, [5])
    with torch.no_grad():
        models[0].circuits.angles.fill_(torch.inf)
    with pytest.raises(
        RunError,
        match=r"seed 5: the loss became nan at epoch 1, step 1 \(first in .*angles\)\. Try a lower",
    ):
        list(Training(Lockstep(models), task, SMALL, [5]).epochs())


def test_the_global_random_state_is_left_alone(task):
    before = torch.get_rng_state()
    trained(task, replace(SMALL, epochs=1), [0])
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    "wrong", [{"depth": 0}, {"epochs": 0}, {"batch_size": 0}, {"lr": -1.0}, {"optimizer": "sgd"}]
)
def test_wrong_settings_are_told_at_the_door(wrong):
    with pytest.raises(ValueError, match=rf"^Argument `{next(iter(wrong))}` must be"):
        adjusted(SMALL, **wrong)


def test_shuffling_changes_the_order_in_every_epoch_and_is_the_same_for_every_seed(
    task, monkeypatch
):
    seen: list[list[float]] = []
    step = Training._step

    def spy(self, inputs, targets, index):
        seen.append(inputs.flatten().tolist())
        return step(self, inputs, targets, index)

    monkeypatch.setattr(Training, "_step", spy)
    settings = replace(SMALL, shuffle=True)
    trained(task, settings, [0, 1])

    def order(epoch: int) -> list[float]:
        return [value for batch in seen[3 * epoch : 3 * epoch + 3] for value in batch]

    orders = [order(epoch) for epoch in range(3)]
    assert all(sorted(order) == task.train.inputs.flatten().tolist() for order in orders)
    assert orders[0] != orders[1] != orders[2]
    seen.clear()
    trained(task, settings, [1])
    assert [order(epoch) for epoch in range(3)] == orders
