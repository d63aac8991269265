"""Architectures trained side by side: each as if it were alone."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, mse_loss

from diffqas.optim import schedule_factor
from diffqas.strategies import SPACES, AloneRecipe, Problem, problem, train_alone
from diffqas.strategies.catalogue import TASKS
from diffqas.strategies.problems import LOADERS, Part
from diffqas.strategies.stacked import encoded_model, layered_model

SHORT = AloneRecipe(lr=0.03, batch_size=8, checkpoints=(1, 3), seeds=1)


def small(classes: int, inputs: int = 4) -> Problem:
    draw = torch.Generator().manual_seed(5)

    def part(count: int) -> Part:
        targets = torch.randn(count, generator=draw)
        if classes:
            targets = torch.randint(classes, (count,), generator=draw)
        return Part(torch.randn(count, inputs, generator=draw), targets)

    return Problem(part(20), part(9), part(7), classes)


def by_hand(model, samples: Problem, recipe: AloneRecipe, seed: int, rates) -> float:
    """The same recipe as an ordinary loop over one ordinary model."""
    loss = cross_entropy if samples.classes else mse_loss
    groups = [{"params": params, "lr": rate, "base": rate} for params, rate in rates]
    optimizer = torch.optim.Adam(groups)
    steps, done = 3 * recipe.epochs, 0
    for epoch in range(recipe.epochs):
        order = torch.randperm(20, generator=torch.Generator().manual_seed(1_000 * seed + epoch))
        for batch in order.split(recipe.batch_size):
            for group in optimizer.param_groups:
                group["lr"] = group["base"] * schedule_factor("cosine", done / steps)
            optimizer.zero_grad()
            outputs = model(samples.train.inputs[batch])
            wanted = samples.train.targets[batch]
            loss(outputs if samples.classes else outputs.squeeze(-1), wanted).backward()
            optimizer.step()
            done += 1
    with torch.no_grad():
        outputs = model(samples.test.inputs)
        wanted = samples.test.targets
        return float(loss(outputs if samples.classes else outputs.squeeze(-1), wanted))


@pytest.mark.parametrize("classes", [0, 3])
def test_an_encoded_circuit_in_company_is_the_librarys_layer_alone(classes):
    space, samples = SPACES["encoded"], small(classes)
    # One, two and three rotations, with Hadamards and without, CNOTs, CZs and nothing.
    numbers = [0, 5, 9, space.find("H-RY.RZ/CZ-Ring-RZ.RY"), space.find("RX/None-RX")]
    found = train_alone(space, numbers, samples, SHORT, seed=2)
    for place, number in enumerate(numbers):
        model = encoded_model(space, number, 4, samples.outputs, seed=2)
        trained = [p for p in model.parameters() if p.requires_grad]
        alone = by_hand(model, samples, SHORT, 2, [(trained, SHORT.lr)])
        assert found.test[place] == pytest.approx(alone, rel=1e-4)


def test_a_layered_circuit_in_company_is_quantum_train_alone():
    space, samples = SPACES["layered"], small(3, inputs=6)
    numbers = [0, space.find("|+> Ring-RY Star-RX"), 287]
    found = train_alone(space, numbers, samples, SHORT, seed=1)
    for place, number in enumerate(numbers):
        model = layered_model(space, number, 6, 3, seed=1)
        rates = [(group["params"], group["lr"]) for group in model.parameter_groups(SHORT.lr)]
        alone = by_hand(model, samples, SHORT, 1, rates)
        assert found.test[place] == pytest.approx(alone, rel=1e-3)


def test_what_is_kept_has_a_row_for_each_architecture():
    samples = small(3)
    found = train_alone(SPACES["encoded"], [3, 4], samples, SHORT, seed=0)
    assert found.validation.shape == (2, 2)
    for name in ("test", "train", "validation_figure", "test_figure"):
        assert getattr(found, name).shape == (2,)
    assert found.seconds > 0
    assert set(np.round(found.test_figure * 7, 4) % 1) <= {0.0, 1.0}  # shares of seven samples


def test_every_task_has_samples():
    assert set(LOADERS) == set(TASKS)


@pytest.mark.parametrize("name", ["wine", "bessel", "moons"])
def test_parts_are_apart_and_standardised(name):
    samples = problem(name, 3)
    every = torch.cat([samples.train.inputs, samples.validation.inputs])
    assert every.mean().abs() < 1e-5
    assert every.std().item() == pytest.approx(1, abs=0.01)
    assert samples.outputs == TASKS[name].outputs
    assert len(samples.validation.targets) == round(0.2 * len(every))
