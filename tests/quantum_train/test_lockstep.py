"""Several models as one: the same outputs and gradients as each by itself, for any target."""

import pytest
import torch
from torch import nn

from diffqas.architecture import Gumbel
from diffqas.quantum_train import Lockstep, QuantumTrain

VECTORISED = {"mlp", "nested", "transformer", "tied", "twice"}
SEEDS = 3
slow_attention = pytest.mark.filterwarnings(
    "ignore:There is a performance drop"
)  # vmap, seed by seed
close = {"rtol": 1e-9, "atol": 1e-9}


def make(case, **choices):
    models = [case.model(**choices) for _ in range(SEEDS)]
    for model in models:
        model.circuits.structure.data.normal_()
    return models


@slow_attention
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("sharing", ["shared", "separate"])
def test_outputs_and_gradients_are_those_of_each_model(case, training, sharing):
    models = [model.train(training) for model in make(case, sharing=sharing)]
    population = Lockstep(models).train(training)
    together = population(case.x)
    alone = torch.stack([model(case.x) for model in models])
    torch.testing.assert_close(together, alone, **close)
    cotangent = torch.randn_like(alone)
    (together * cotangent).sum().backward()
    (alone * cotangent).sum().backward()
    assert len(population) == SEEDS
    assert population.vectorised == (case.name in VECTORISED)
    for name, parameter in population.generator.named_parameters():
        grads = torch.stack([model.generator.get_parameter(name).grad for model in models])
        torch.testing.assert_close(parameter.grad, grads, **close)
        assert grads.abs().max() > 0


@pytest.mark.parametrize("training", [True, False])
def test_given_noise_reaches_each_model(one_case, training):
    case = one_case("mlp")
    models = [model.train(training) for model in make(case, relaxation=Gumbel(1.0, 0.3))]
    population = Lockstep(models).train(training)
    population.circuits.noise = torch.rand(SEEDS, 12, dtype=torch.float64)
    population.circuits.progress = 0.5
    for model, noise in zip(models, population.circuits.noise, strict=True):
        model.circuits.noise, model.circuits.progress = noise, 0.5
    torch.testing.assert_close(
        population(case.x), torch.stack([model(case.x) for model in models]), **close
    )
    torch.testing.assert_close(
        population.circuits.weights, torch.stack([m.circuits.weights for m in models]), **close
    )


@pytest.mark.parametrize("count", [1, 4])
def test_any_number_of_models(one_case, count):
    case = one_case("mlp")
    models = [case.model(chunk=3) for _ in range(count)]
    torch.testing.assert_close(
        Lockstep(models)(case.x), torch.stack([m(case.x) for m in models]), **close
    )


def test_every_model_keeps_its_own_frozen_parameters_and_buffers(one_case):
    for name in ("frozen", "batch-norm"):
        case = one_case(name)
        models = make(case)
        with torch.no_grad():
            for index, model in enumerate(models):
                for tensor in (*model.target.parameters(), *model.target.buffers()):
                    tensor.add_(index)
        population = Lockstep(models).eval()
        alone = torch.stack([model.eval()(case.x) for model in models])
        torch.testing.assert_close(population(case.x), alone, **close)


class Shifted(nn.Linear):
    """A layer whose buffer is not saved."""

    def __init__(self) -> None:
        super().__init__(4, 3)
        self.register_buffer("shift", torch.randn(3), persistent=False)

    def forward(self, x):
        return super().forward(x) + self.shift


def test_buffers_that_are_not_saved_stay_each_models_own():
    models = [QuantumTrain(Shifted(), depth=2) for _ in range(SEEDS)]
    x = torch.randn(5, 4)
    torch.testing.assert_close(Lockstep(models)(x), torch.stack([model(x) for model in models]))


def test_dropout_drops_different_units_in_each_model():
    model = QuantumTrain(nn.Sequential(nn.Linear(4, 50), nn.Dropout()), depth=2)
    output = Lockstep([model, model]).train()(torch.ones(3, 4))
    assert not torch.equal(output[0] == 0, output[1] == 0)
    assert 0.2 < float((output == 0).float().mean()) < 0.8


def test_frozen_parts_of_the_generator_stay_frozen(one_case):
    models = make(one_case("mlp"))
    for model in models:
        model.circuits.angles.requires_grad_(False)
    population = Lockstep(models)
    assert [group["name"] for group in population.parameter_groups(0.1)] == ["structure", "mapping"]


def test_making_one_uses_no_random_numbers_and_leaves_the_models_alone(one_case):
    case = one_case("batch-norm")
    models = make(case)
    expected = torch.stack([model.eval()(case.x) for model in models])
    state = torch.get_rng_state()
    population = Lockstep(models)
    assert torch.equal(torch.get_rng_state(), state)
    population.train()(case.x)
    population.float()
    with torch.no_grad():
        population.generator.circuits.angles.zero_()
    assert torch.equal(torch.stack([model(case.x) for model in models]), expected)
