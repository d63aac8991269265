"""Twenty steps in lockstep are twenty steps of each model by itself."""

import pytest
import torch

from diffqas.quantum_train import Lockstep

OPTIMIZERS = {
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, alpha=0.99, eps=1e-8),
    "adam": torch.optim.Adam,
}


def train(model, x, y, optimizer, steps=20):
    optimizer = OPTIMIZERS[optimizer](model.parameter_groups(0.01))
    model.train()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (model(x) - y).square().mean(tuple(range(-y.dim(), 0)))
        loss.sum().backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses)


@pytest.fixture(params=["mlp", "batch-norm", "lstm"])
def trained(request, one_case):
    """A function that trains three models together and alone: (population, models that were trained
    alone).
    """
    case = one_case(request.param)

    def run(optimizer):
        models = [case.model() for _ in range(3)]
        y = torch.randn_like(models[0](case.x))
        for model in models:  # the call above has moved the first one's statistics
            model.target.load_state_dict(models[1].target.state_dict())
        population = Lockstep(models)
        together = train(population, case.x, y, optimizer)
        alone = torch.stack([train(model, case.x, y, optimizer) for model in models], -1)
        torch.testing.assert_close(together, alone, rtol=1e-9, atol=1e-9)
        assert (together[-1] < together[0]).all()
        return case, population, models

    return run


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_twenty_steps_equal_those_of_each_model(trained, optimizer):
    case, population, models = trained(optimizer)
    for name, tensor in population.generator.state_dict().items():
        alone = torch.stack([model.generator.state_dict()[name] for model in models])
        torch.testing.assert_close(tensor, alone, rtol=1e-9, atol=1e-9)
    outputs = torch.stack([model.eval()(case.x) for model in models])
    torch.testing.assert_close(population.eval()(case.x), outputs, rtol=1e-9, atol=1e-9)


def test_write_back_makes_the_models_those_of_the_population(trained):
    case, population, models = trained("adam")
    population.circuits.progress = 0.75
    fresh = [case.model() for _ in models]
    population.write_back(fresh)
    for model, alone in zip(fresh, models, strict=True):
        assert model.circuits.progress == 0.75
        alone.progress = 0.75
        assert list(model.state_dict()) == list(alone.state_dict())
        for name, tensor in alone.state_dict().items():
            torch.testing.assert_close(model.state_dict()[name], tensor, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(model.eval()(case.x), alone.eval()(case.x), rtol=1e-9, atol=1e-9)


def test_models_written_back_share_no_memory_with_the_population(one_case):
    case = one_case("batch-norm")
    models = [case.model().eval() for _ in range(2)]
    population = Lockstep(models)
    population.write_back(models)
    before = [model(case.x) for model in models]
    with torch.no_grad():
        for tensor in (*population.parameters(), *population.buffers()):
            tensor.zero_()
    assert all(torch.equal(model(case.x), old) for model, old in zip(models, before, strict=True))


def test_seeds_do_not_disturb_each_other(one_case):
    case = one_case("mlp")
    models = [case.model() for _ in range(3)]
    y = torch.randn(6, 3, dtype=torch.float64)
    calm, wild = Lockstep(models), Lockstep(models)
    wild.generator.mapping.bias.data[1] = 1e8
    losses = [train(population, case.x, y, "adam") for population in (calm, wild)]
    torch.testing.assert_close(losses[0][:, [0, 2]], losses[1][:, [0, 2]], rtol=1e-9, atol=1e-9)
    assert not torch.allclose(losses[0][:, 1], losses[1][:, 1])
