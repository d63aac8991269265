"""Weights that are asked for again and again without gradients are written once."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

from diffqas import QuantumTrain

X = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def model():
    torch.manual_seed(0)
    return QuantumTrain(nn.Linear(6, 3), depth=2)


@pytest.fixture
def calls(model, monkeypatch):
    seen = []
    raw = type(model.generator).raw
    monkeypatch.setattr(
        type(model.generator), "raw", lambda *args: seen.append("written") or raw(*args)
    )
    return seen


def outputs(model):
    with torch.no_grad():
        return model(X)


@pytest.mark.parametrize("training", [True, False])
def test_a_second_call_writes_nothing(model, calls, training):
    model.train(training)
    assert torch.equal(outputs(model), outputs(model))
    assert len(calls) == 1
    assert torch.equal(outputs(model), model(X).detach())


def test_with_gradients_weights_are_written_in_every_call(model, calls):
    model(X).sum().backward()
    model(X).sum().backward()
    assert len(calls) == 2


def changes():
    def step(model):
        model(X).sum().backward()
        torch.optim.Adam(model.parameter_groups(lr=0.1)).step()

    def load(model):
        torch.manual_seed(1)
        model.load_state_dict(QuantumTrain(nn.Linear(6, 3), depth=2).state_dict())

    def offset(model):
        model.generator.offset += 1

    return {"step": step, "load": load, "offset": offset, "precision": nn.Module.double}


@pytest.mark.parametrize("change", changes().values(), ids=changes())
def test_changed_numbers_write_other_weights(model, change):
    before = outputs(model)
    change(model)
    x = X.to(model.generator.gain)
    with torch.no_grad():
        after = model(x)
    torch.testing.assert_close(after, model(x).detach(), rtol=0, atol=0)
    assert after.dtype != before.dtype or not torch.equal(after, before)


def test_a_caller_may_change_the_weights(model):
    expected = outputs(model)
    with torch.no_grad():
        for tensor in model.generate().values():
            tensor.zero_()
    assert torch.equal(outputs(model), expected)


def test_noise_is_drawn_in_every_call():
    model = QuantumTrain(nn.Linear(6, 3), depth=2, relaxation="gumbel")
    with torch.no_grad():
        model.circuits.structure.copy_(torch.arange(12.0))
    assert not torch.equal(outputs(model), outputs(model))
    model.eval()
    before = outputs(model)
    assert torch.equal(before, outputs(model))
    model.circuits.progress = 1.0
    assert not torch.equal(before, outputs(model))


def test_other_numbers_in_the_model_s_place_are_not_mistaken(model):
    outputs(model)
    others = {name: number + 0.1 for name, number in model.named_parameters()}
    with torch.no_grad():
        assert not torch.equal(functional_call(model, others, X), model(X))


def test_a_batch_of_models_without_gradients():
    models = [QuantumTrain(nn.Linear(6, 3), depth=2).eval() for _ in range(3)]
    numbers, buffers = stack_module_state(models)
    with torch.no_grad():
        found = vmap(lambda *state: functional_call(models[0], state, X))(numbers, buffers)
    torch.testing.assert_close(found, torch.stack([outputs(model) for model in models]))
