"""Federated averaging against its plain loop, and against a training on all samples at once."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, l1_loss, mse_loss

from diffqas.choices import adjusted
from diffqas.errors import ArgumentError, RunError
from diffqas.optimisers import DirectLockstep
from diffqas.quantum_train import Lockstep
from diffqas.tasks import Settings, Split, Task
from diffqas.tasks.series.task import SERIES_RECIPES
from diffqas.training import Federated, FederatedTraining, Training, make_models, seeded
from diffqas.training.shards import shards

SMALL: Settings = adjusted(
    SERIES_RECIPES["default"],
    depth=2,
    epochs=4,
    batch_size=4,
    optimizer="adam",
    lr=0.01,
    schedule="cosine",
)


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))


@pytest.fixture
def task() -> Task:
    x = torch.linspace(-1, 1, 14, dtype=torch.float64).unsqueeze(-1)
    train, test = Split(x[:10], x[:10] ** 2), Split(x[10:], x[10:] ** 2)
    return Task("parabola", train, test, network, mse_loss, {"mse": mse_loss}, {"default": SMALL})


def federated(
    task: Task, way: Federated, settings: Settings = SMALL, seeds=(3, 4)
) -> FederatedTraining:
    population = Lockstep(make_models(task, settings, seeds))
    return FederatedTraining(population, task, settings, list(seeds), way)


def numbers(training: Training) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in training.population.state_dict().items()}


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "soap", "kalman"])
def test_one_client_in_one_round_is_the_training_in_one_place(task, optimizer):
    settings = adjusted(SMALL, optimizer=optimizer, shuffle=True)
    alone = Training(Lockstep(make_models(task, settings, [3, 4])), task, settings, [3, 4])
    client = federated(task, Federated(1, settings.epochs, "contiguous"), settings)
    *_, last = alone.epochs()
    *_, other = client.epochs()
    assert (last.epoch, last.metrics) == (other.epoch, other.metrics)
    for name, tensor in numbers(alone).items():
        assert torch.equal(tensor, numbers(client)[name])


def test_a_round_is_the_plain_loop(task):
    settings = replace(SMALL, schedule="constant", epochs=4)
    way = Federated(3, 2, "contiguous")  # 4, 3 and 3 samples, one step each
    training = federated(task, way, settings, seeds=[7])
    records = list(training.epochs())
    assert [record.epoch for record in records] == [2, 4]

    (model,) = make_models(task, settings, [7])
    places = [slice(0, 4), slice(4, 7), slice(7, 10)]
    for record in records:
        start = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
        sent, losses = [], 0.0
        for place in places:
            own = settings.optimizer
            optimizer = torch.optim.Adam(model.parameter_groups(own.lr), betas=own.betas)
            with torch.no_grad():
                for name, tensor in model.named_parameters():
                    tensor.copy_(start[name])
            for _ in range(2):
                optimizer.zero_grad()
                loss = mse_loss(model(task.train.inputs[place]), task.train.targets[place])
                loss.backward()
                optimizer.step()
                losses += loss.item() * (place.stop - place.start) / 20
            sent.append(
                {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
            )
        with torch.no_grad():
            for name, tensor in model.named_parameters():
                tensor.copy_(0.4 * sent[0][name] + 0.3 * sent[1][name] + 0.3 * sent[2][name])
            test = mse_loss(model(task.test.inputs), task.test.targets).item()
        assert record.loss[0] == pytest.approx(losses, rel=1e-9)
        assert record.metrics["test_mse"][0] == pytest.approx(test, rel=1e-9)


@pytest.mark.parametrize("optimizer", ["adam", "soap", "kalman"])
def test_seeds_in_lockstep_are_the_seeds_alone(task, optimizer):
    settings = adjusted(SMALL, optimizer=optimizer)
    together = list(federated(task, Federated(3), settings, [3, 4]).epochs())
    for index, seed in enumerate([3, 4]):
        for one, both in zip(
            federated(task, Federated(3), settings, [seed]).epochs(), together, strict=True
        ):
            assert one.metrics["test_mse"][0] == pytest.approx(
                both.metrics["test_mse"][index], rel=1e-7
            )


@pytest.mark.parametrize("optimizer", ["adam", "soap", "kalman"])
def test_it_goes_on_bit_by_bit_from_its_state(task, optimizer):
    settings = adjusted(SMALL, optimizer=optimizer, shuffle=True)
    whole = federated(task, Federated(3), settings)
    records = list(whole.epochs())
    first = federated(task, Federated(3), settings)
    next(first.epochs())
    rest = federated(task, Federated(3), settings)
    rest.load_state_dict(first.state_dict())
    assert list(rest.epochs()) == records[1:]
    for name, tensor in numbers(whole).items():
        assert torch.equal(tensor, numbers(rest)[name])


def test_a_network_trained_directly_can_be_averaged_too(task):
    models = [seeded(seed, network, task) for seed in (0, 1)]
    training = FederatedTraining(DirectLockstep(models), task, SMALL, [0, 1], Federated(2))
    *_, last = training.epochs()
    assert last.metrics["test_mse"][0] != last.metrics["test_mse"][1]
    facts = training.facts["federated"]
    assert (facts["bytes_per_round"], facts["bytes"]) == (2 * 13 * 8 * 2, 2 * 13 * 8 * 2 * 4)


def test_what_travels_is_the_trainable_numbers(task):
    training = federated(task, Federated(2, 2))
    trained = sum(
        tensor[0].numel()
        for group in training.population.parameter_groups(1.0)
        for tensor in group["params"]
    )
    assert training.facts["federated"] == {
        "clients": 2,
        "split": "iid",
        "samples": [5, 5],
        "rounds": 2,
        "local_epochs": 2,
        "bytes_per_number": 8,
        "bytes_per_round": 2 * 2 * 8 * trained,
        "bytes": 2 * 2 * 2 * 8 * trained,
    }


def test_a_seed_that_diverges_at_one_client_is_frozen_and_the_others_go_on(task):
    settings = adjusted(SMALL, lr=0.01)
    training = federated(task, Federated(2, 1, "contiguous"), settings, [3, 4])
    whole = [
        record.metrics["test_mse"][0]
        for record in federated(task, Federated(2, 1, "contiguous")).epochs()
    ]
    with torch.no_grad():
        training.population.circuits.angles[1] = torch.nan
    assert [record.metrics["test_mse"][0] for record in training.epochs()] == whole
    assert list(training.failures) == [4]
    with torch.no_grad():
        training.population.circuits.angles[:] = torch.nan
    training.epoch = 0
    with pytest.raises(RunError, match="Training diverged"):
        list(training.epochs())


@pytest.mark.parametrize("split", ["iid", "label", "contiguous"])
@pytest.mark.parametrize("clients", [1, 3, 4, 11])
def test_every_sample_lies_with_one_client(task, split, clients):
    x = torch.arange(11.0).unsqueeze(-1)
    labels = torch.tensor([0, 1, 0, 1, 1, 0, 0, 1, 2, 2, 0])
    task = replace(task, train=Split(x, labels), loss=cross_entropy, kind="images")
    parts = shards(task, Federated(clients, split=split))
    assert sorted(value for part in parts for value in part.inputs.flatten().tolist()) == list(
        range(11)
    )
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    for part in parts:
        assert torch.equal(part.targets, labels[part.inputs.flatten().long()])
    if split == "label":
        assert [int(part.targets.min()) for part in parts] == sorted(
            int(part.targets.min()) for part in parts
        )
        assert all(parts[i].targets.max() <= parts[i + 1].targets.min() for i in range(clients - 1))
    if split == "contiguous":
        assert torch.equal(torch.cat([part.inputs for part in parts]), x)


class Normed(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


@pytest.mark.parametrize(
    ("way", "changes", "message"),
    [
        ({"clients": 0}, {}, "`clients` must be a whole number of at least 1, but got 0."),
        (
            {"clients": 2, "local_epochs": 0},
            {},
            "`local_epochs` must be a whole number of at least 1, but got 0.",
        ),
        (
            {"clients": 2, "split": "ii"},
            {},
            "`split` must be one of iid, label, contiguous, but got 'ii' (did you",
        ),
        ({"clients": 11}, {}, "`clients` must be at most the 10 training samples, but got 11."),
        (
            {"clients": 2, "split": "label"},
            {},
            "`split` must be iid or contiguous for a task without classes, but got",
        ),
        (
            {"clients": 2, "local_epochs": 3},
            {},
            "`epochs` must be a multiple of the 3 local epochs of a round, or given as rounds, "
            "but got 4.",
        ),
        ({"clients": 2}, {"select": "best"}, "`select` must be final with clients, but got best."),
        (
            {"clients": 2},
            {"optimizer": "kalman", "loss": l1_loss},
            "`optimizer` must be adam or rmsprop for a loss other",
        ),
    ],
)
def test_wrong_choices_are_told(task, way, changes, message):
    task = replace(task, loss=changes.get("loss", mse_loss))
    changes = {name: value for name, value in changes.items() if name != "loss"}
    with pytest.raises(ArgumentError) as error:
        federated(task, Federated(**way), replace(SMALL, **changes))
    assert str(error.value).startswith(f"Argument {message}")


def test_a_target_with_buffers_is_refused(task):
    with pytest.raises(
        ArgumentError,
        match=r"`clients` must be used with a target without buffers, but got .*running_mean",
    ):
        federated(replace(task, target=Normed), Federated(2))
