"""Calls that meet: threads, transforms of `torch.func`, models around one target, kept results."""

import copy
import inspect
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

from diffqas import QLSTM, QuantumTrain
from diffqas.architecture import Gumbel
from diffqas.circuits import Candidate
from diffqas.layers import Forecaster


class Slow(nn.Module):
    """Two layers, with time for another thread between them."""

    def __init__(self):
        super().__init__()
        self.a, self.norm, self.b = nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)

    def forward(self, x):
        hidden = self.norm(self.a(x))
        threading.Event().wait(0.002)
        return self.b(hidden)


def test_threads_call_one_model():
    model = QuantumTrain(Slow(), depth=2).eval()
    batches = [torch.randn(3, 5) for _ in range(12)]
    alone = [model(x) for x in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(model, batches))
    assert all(torch.equal(one, other) for one, other in zip(alone, together, strict=True))


def test_threads_with_weights_of_their_own():
    """Noise makes every call's weights others; each call's gradients are those of its own."""
    model = QuantumTrain(Slow(), depth=2, relaxation=Gumbel()).train()
    weights = [model.generate() for _ in range(8)]
    x = torch.randn(3, 5)

    def work(tensors):
        return model.target.call(tensors, (x,), {})

    alone = [work(tensors) for tensors in weights]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(work, weights))
    assert all(torch.equal(one, other) for one, other in zip(alone, together, strict=True))
    assert not torch.equal(alone[0], alone[1])


CHOICES = [
    {},
    {"sharing": "separate", "relaxation": "softmax"},
    {"mapping": "mps", "order": "shuffled"},
    {"mapping": "mlp", "chunk": 2},
    {"per_layer": True},
    {"candidates": [Candidate(rotation="rx"), Candidate(hadamard=True, rotation=("rz", "ry"))]},
]


def models():
    for choices in CHOICES:
        net = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1)).double()
        yield QuantumTrain(net, depth=2, **choices).eval()
    for reservoir in (False, True):
        yield Forecaster(QLSTM(1, 2, depth=1, reservoir=reservoir)).double()


@pytest.mark.parametrize("compiled", ["1", "0"], ids=["compiled", "plain"])
def test_gradients_of_single_samples_and_ensembles(compiled, monkeypatch):
    monkeypatch.setenv("DIFFQAS_COMPILED", compiled)
    x = torch.randn(3, 4, dtype=torch.float64)
    for model in models():
        numbers = {name: p.detach() for name, p in model.named_parameters()}

        def one(numbers, x, model=model):
            return functional_call(model, numbers, (x[None],)).square().sum()

        samples = vmap(grad(one), (None, 0))(numbers, x)
        singles = [grad(one)(numbers, row) for row in x]
        ensemble = {name: torch.stack([p, p + 0.1, p - 0.2]) for name, p in numbers.items()}
        together = vmap(grad(one), (0, None))(ensemble, x[0])
        members = [{name: p[k] for name, p in ensemble.items()} for k in range(3)]
        apart = [grad(one)(numbers, x[0]) for numbers in members]
        for name in numbers:
            alone = torch.stack([single[name] for single in singles])
            torch.testing.assert_close(samples[name], alone, rtol=1e-8, atol=1e-10)
            alone = torch.stack([member[name] for member in apart])
            torch.testing.assert_close(together[name], alone, rtol=1e-8, atol=1e-10)


def test_two_models_around_one_target_are_independent():
    target, x = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4)), torch.randn(6, 5)
    before = copy.deepcopy(target.state_dict())
    one, other = QuantumTrain(target, depth=1), QuantumTrain(target, depth=2)
    expected = other(x)
    one(x).sum().backward()
    assert all(p.grad is None for p in other.parameters())
    other.target.module[1].reset_running_stats()
    assert torch.equal(other(x), expected)
    assert all(torch.equal(value, before[name]) for name, value in target.state_dict().items())


def test_what_a_frozen_model_gives_may_be_changed():
    model = QuantumTrain(nn.Linear(5, 4), depth=2).requires_grad_(False)
    p, x = model.circuits(), torch.randn(2, 5)
    before = model(x)
    p.zero_()
    model.structural_weights.zero_()
    for tensor in model.generate().values():
        tensor.clone().zero_()
    for p in model.export().parameters():
        p.data.zero_()
    assert torch.equal(model(x), before)
    assert before.any()


def test_the_arguments_are_those_of_the_targets_forward():
    class Named(nn.Linear):
        def forward(self, pixels, labels=None, *, scale: float = 1.0):
            return scale * super().forward(pixels)

    model = QuantumTrain(Named(5, 4), depth=1)
    expected = inspect.signature(Named(5, 4).forward)
    x = torch.randn(2, 5)
    for one in (model, copy.deepcopy(model), model.discretize(1)):
        assert inspect.signature(one.forward) == expected
        assert torch.equal(one.forward(x, scale=2.0), 2 * one(x))
    assert model.forward.__self__ is model

    class Around(QuantumTrain):
        def forward(self, *args, **kwargs):
            return super().forward(*args, **kwargs) + 1

    around = Around(Named(5, 4), depth=1)
    assert around(x).shape == (2, 4)


def test_a_used_model_with_kept_activations_is_pickled():
    model = QuantumTrain(Keeping(), depth=1)
    x = torch.randn(2, 5)
    model(x).sum().backward()
    again = pickle.loads(pickle.dumps(model))
    assert torch.equal(again(x), model(x))
    assert model.target.module.last.requires_grad


class Keeping(nn.Linear):
    """Keeps its last output, as modules with a loss of their own do."""

    def __init__(self):
        super().__init__(5, 4)

    def forward(self, x):
        self.last = super().forward(x)
        return self.last
