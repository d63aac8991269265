"""Bilevel and sparse searches: who learns on which samples, what the penalties do, seeds, and going
on.
"""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas.architecture import Softmax
from diffqas.choices import adjusted
from diffqas.errors import ArgumentError
from diffqas.kinds.per_layer import of_layers
from diffqas.optimisers import DirectLockstep
from diffqas.quantum_train import Lockstep
from diffqas.tasks import Settings, Split, Task
from diffqas.tasks.series.task import SERIES_RECIPES
from diffqas.training import Training, make_models
from diffqas.training.sparsity import relative_entropy, soft_threshold

JOINT: Settings = adjusted(
    SERIES_RECIPES["default"], depth=2, epochs=4, batch_size=4, optimizer="adam", lr=0.05
)
BILEVEL = replace(JOINT, bilevel=True, validation=0.25)
SPARSE = replace(JOINT, sparsity=0.5)
ENTROPY = replace(SPARSE, generator=replace(SPARSE.generator, relaxation=Softmax()))
STRICT = {"bilevel": BILEVEL, "sparse": SPARSE, "entropy": ENTROPY, "per-layer": of_layers(JOINT)}


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
        {"d": JOINT},
    )


def training(task: Task, name: str, seeds: list[int]) -> Training:
    models = make_models(task, STRICT[name], seeds, per_layer=name == "per-layer")
    return Training(Lockstep(models), task, STRICT[name], seeds)


def final(one: Training) -> dict[str, torch.Tensor]:
    for _ in one.epochs():
        pass
    return one.population.state_dict()


def changed(task: Task, part: str) -> Task:
    """The same with other targets in the last quarter of the training samples, or in the rest."""
    targets = task.train.targets.clone()
    targets[slice(12, 16) if part == "validation" else slice(0, 12)] += 1.0
    return replace(task, train=Split(task.train.inputs, targets))


def test_each_kind_of_numbers_learns_on_its_own_samples(task):
    """After one step only the structure knows of the validation part, and only the rest of the
    training part.
    """

    def numbers(data: Task) -> tuple[torch.Tensor, torch.Tensor]:
        one = training(data, "bilevel", [0])
        one.optimisation.step(
            one.task.train.inputs[:4], one.task.train.targets[:4], 0.0, torch.tensor([False])
        )
        circuits = one.population.circuits
        return circuits.structure.detach().clone(), one.optimisation.lower.optimizer.state_dict()[
            "state"
        ][0]["exp_avg"]

    structure, angles = numbers(task)
    of_validation, of_training = (
        numbers(changed(task, "validation")),
        numbers(changed(task, "training")),
    )
    assert not torch.equal(of_validation[0], structure)
    assert torch.equal(of_training[0], structure)
    assert not torch.equal(of_training[1], angles)


def test_the_structure_is_adam_on_the_validation_loss(task):
    """The first step by hand: gradient of the validation loss, Adam's first step, before anything
    else moves.
    """
    one = training(task, "bilevel", [0])
    circuits, held_out = one.population.circuits, one.task.validation
    assert torch.equal(held_out.inputs, task.train.inputs[12:])
    loss = mse_loss(one.population(held_out.inputs[:4])[0], held_out.targets[:4])
    (gradient,) = torch.autograd.grad(loss, circuits.structure)
    expected = circuits.structure.detach() - 0.05 * gradient / (gradient.abs() + 1e-8)
    one.optimisation.step(
        one.task.train.inputs[:4], one.task.train.targets[:4], 0.0, torch.tensor([False])
    )
    torch.testing.assert_close(circuits.structure.detach(), expected, rtol=1e-9, atol=1e-12)


def test_validation_batches_come_round(task):
    one = training(task, "bilevel", [0])
    final(one)
    assert one.optimisation.steps == 4 * 3
    assert len(one.task.train) == 12
    assert {"train_mse", "validation_mse", "test_mse"} == set(one.metrics)


def test_l1_ends_with_exact_zeros_and_without_it_there_are_none(task):
    zeros = []
    for strength in (0.0, 1.0):
        chosen = replace(JOINT, sparsity=strength, epochs=10)
        one = Training(Lockstep(make_models(task, chosen, [0, 1])), task, chosen, [0, 1])
        zeros.append((final(one)["generator.circuits.structure"] == 0).sum(1))
    assert (zeros[0] == 0).all()
    assert (zeros[1] >= 3).all()


def test_a_threshold_is_the_minimiser_of_its_penalty():
    w, grid = (
        torch.tensor(0.7, dtype=torch.float64),
        torch.linspace(-2, 2, 4001, dtype=torch.float64),
    )
    best = grid[(0.5 * (grid - w) ** 2 + 0.25 * grid.abs()).argmin()]
    assert soft_threshold(w, 0.25).item() == pytest.approx(best.item(), abs=1e-3)


def test_entropy_makes_probabilities_decide(task):
    strong = replace(ENTROPY, sparsity=20.0, epochs=40)
    ends = {}
    for name, chosen in {"without": replace(strong, sparsity=0.0), "with": strong}.items():
        one = Training(Lockstep(make_models(task, chosen, [0, 1])), task, chosen, [0, 1])
        final(one)
        ends[name] = relative_entropy(one.population.structural_weights)
    assert (ends["with"] < 0.8 * ends["without"]).all()


@pytest.mark.parametrize("name", STRICT)
def test_a_seed_in_company_is_the_seed_alone(task, name):
    together, alone = final(training(task, name, [3, 7])), final(training(task, name, [7]))
    for key, tensor in together.items():
        torch.testing.assert_close(
            tensor[1:] if tensor.dim() else tensor, alone[key], rtol=1e-8, atol=1e-10
        )


@pytest.mark.parametrize("name", STRICT)
def test_a_training_that_goes_on_is_bit_by_bit_the_same(task, name, tmp_path):
    whole = final(training(task, name, [0, 1]))
    first = training(task, name, [0, 1])
    for record in first.epochs():
        if record.epoch == 2:
            break
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second = training(task, name, [0, 1])
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert second.epoch == 2
    for key, tensor in final(second).items():
        assert torch.equal(tensor, whole[key])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sparsity": -1.0}, "`sparsity` must not be negative"),
        (
            {"bilevel": True, "optimizer": "kalman"},
            "`optimizer` must be adam or rmsprop for a bilevel or sparse",
        ),
        (
            {"sparsity": 0.1, "optimizer": "soap"},
            "`optimizer` must be adam or rmsprop for a bilevel or sparse",
        ),
        ({"bilevel": True, "sparsity": 0.1}, "`sparsity` must be 0 in a bilevel search"),
    ],
)
def test_settings_that_do_not_go_together_are_told(changes, words):
    with pytest.raises(ArgumentError, match=words):
        replace(JOINT, **changes)


@pytest.mark.parametrize("name", ["bilevel", "sparse"])
def test_where_nothing_is_searched_it_is_told(task, name):
    networks = DirectLockstep([task.target().double()])
    with pytest.raises(ArgumentError, match=r"must be (False|0) where"):
        Training(networks, task, STRICT[name], [0])
