"""Targets of unusual make: each gives what the plain module gives with the generated weights in it,
and what is exported, copied, saved and loaded gives the same.
"""

import copy

import pytest
import torch
from unusual_targets import UNUSUAL, unusual

from diffqas.quantum_train import QuantumTrain

STATIC = sorted(UNUSUAL.keys() - {"counter", "compiled", "compiled_inside"})
"""Those whose outputs depend on nothing but inputs, weights and buffers, and that are no code."""


pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated"),
    pytest.mark.filterwarnings("ignore:`torch.nn.utils.spectral_norm` is deprecated"),
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf"),
]


@pytest.fixture(params=UNUSUAL)
def kind(request):
    return unusual(request.param)


def plain_with(kind, weights):
    """The plain module with these weights, written into its own parameters."""
    plain = kind.make()
    named = dict(plain.named_parameters(remove_duplicate=False))
    with torch.no_grad():
        for name, tensor in weights.items():
            named[name].copy_(tensor)
    return plain


def outputs(module, x, times=1):
    """Of the last of several calls, with the same random numbers whenever this is called."""
    torch.manual_seed(9)
    for _ in range(times):
        result = module(x)
    return result


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_values_gradients_and_buffers_are_those_of_the_plain_module(kind, training):
    model = kind.model().train(training)
    weights = model.generate()
    plain = plain_with(kind, weights).train(training)
    for _ in range(2):
        ours, theirs = outputs(model, kind.x), outputs(plain, kind.x)
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)
        with torch.no_grad():  # what the plain module changed in place is written anew in ours
            for name, tensor in weights.items():
                dict(plain.named_parameters(remove_duplicate=False))[name].data.copy_(tensor)
    model.zero_grad()
    outputs(model, kind.x).square().sum().backward()
    plain.zero_grad()
    outputs(plain, kind.x).square().sum().backward()
    named = dict(plain.named_parameters(remove_duplicate=False))
    slots = model.target.layout.slots
    # Two parameters on one memory have a gradient each; a written tensor has their sum.
    sums = []
    for slot in slots:
        parameters = {id(named[name]): named[name] for name in slot.names}.values()
        own = [
            p.grad.to_dense() if p.grad.is_sparse else p.grad
            for p in parameters
            if p.grad is not None
        ]
        sums.append(sum(own) if own else torch.zeros(slot.shape, dtype=torch.float64))
    tensors = [weights[slot.names[0]] for slot in slots]
    numbers = list(model.generator.parameters())
    expected = torch.autograd.grad(tensors, numbers, sums, materialize_grads=True)
    for parameter, gradient in zip(numbers, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-7, atol=1e-9)
    buffers = dict(model.target.module.named_buffers())
    for name, tensor in plain.named_buffers():
        if name in buffers and not tensor.is_sparse:
            torch.testing.assert_close(buffers[name], tensor, rtol=1e-9, atol=1e-11)


def test_trained_numbers_arrive(kind):
    model = kind.model().eval()
    before = outputs(model, kind.x)
    with torch.no_grad():
        next(model.generator.mapping.parameters()).add_(1.0)
    assert not torch.equal(before, outputs(model, kind.x))


def used(kind):
    """A model that a step of training has gone through, in evaluation."""
    model = kind.model()
    outputs(model, kind.x).square().sum().backward()
    return model.eval()


@pytest.mark.parametrize("name", STATIC)
def test_an_export_gives_the_models_outputs(name):
    kind = unusual(name)
    model, target = used(kind), kind.make()
    plain = model.export()
    # A class that is made anew for every module is another one.
    assert type(plain).__name__ == type(target).__name__ or "fx" in name
    assert list(plain.state_dict()) == list(target.state_dict())
    torch.testing.assert_close(
        outputs(plain, kind.x), outputs(model, kind.x), rtol=1e-9, atol=1e-11
    )
    assert (
        all("diffqas" not in type(part).__module__ for part in plain.modules()) or name == "nested"
    )
    before = [p.detach().clone() for p in plain.parameters()]
    outputs(plain.train(), kind.x).square().sum().backward()
    torch.optim.SGD([p for p in plain.parameters() if p.requires_grad], lr=0.1).step()
    changed = [not torch.equal(p, old) for p, old in zip(plain.parameters(), before, strict=True)]
    assert any(changed)


@pytest.mark.parametrize("name", sorted({*STATIC} - {"buffer_assigned"}))
def test_copies_are_independent(name):
    kind = unusual(name)
    model = used(kind)
    twin = copy.deepcopy(model)
    before = outputs(model, kind.x)
    assert torch.equal(outputs(twin, kind.x), before)
    with torch.no_grad():
        for parameter in twin.generator.parameters():
            parameter.add_(0.5)
    assert torch.equal(outputs(model, kind.x), before)
    assert not torch.equal(outputs(twin, kind.x), before)


@pytest.mark.parametrize("name", STATIC)
def test_a_generator_with_its_target_is_saved_and_loaded(name, tmp_path):
    kind = unusual(name)
    model = used(kind)
    model.save_generator(tmp_path / "g.safetensors", include_target=True)
    torch.manual_seed(77)
    again = QuantumTrain.from_generator(tmp_path / "g.safetensors", kind.make()).eval()
    torch.testing.assert_close(
        outputs(again, kind.x), outputs(model, kind.x), rtol=1e-9, atol=1e-11
    )
    fresh = kind.model().eval()
    fresh.load_state_dict(model.state_dict())
    torch.testing.assert_close(
        outputs(fresh, kind.x), outputs(model, kind.x), rtol=1e-9, atol=1e-11
    )
