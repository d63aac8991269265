"""A searched layer measured by finite shots: mean, variance, seeds, and what is refused."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import vmap

from diffqas import QLSTM_SPACE, Candidate, Diagonal, Hermitian, PauliStrings, QuantumLayer, Z
from diffqas.errors import ArgumentError, DiffqasError
from diffqas.runs.noise.layer import LayerReading
from diffqas.runs.noise.measured import weighted

FEW = tuple(QLSTM_SPACE[index] for index in (0, 7, 20, 28))
KINDS = [
    {"observables": Z((1, 0))},
    {"observables": Hermitian(2), "uploads": 2, "input_scale": "trained"},
    {"observables": Diagonal(2), "sharing": "separate", "structure": "output"},
    {"observables": PauliStrings(("ZII", "XXI"), trained=True), "inputs": 4, "qubits": 3},
]
every_kind = pytest.mark.parametrize("choices", KINDS, ids=str)


def make(randomise, seed=0, **choices):
    sizes = {"inputs": 3, "outputs": 2, "depth": 2, "candidates": FEW}
    return randomise(QuantumLayer(**{**sizes, **choices}).double(), seed)


@every_kind
def test_the_mean_is_the_exact_output_and_the_variance_falls_as_shots_rise(
    choices, randomise, normal
):
    layer = make(randomise, **choices)
    x = normal(1, 2, layer.inputs)
    exact = layer(x).detach()
    many = x.expand(1000, -1, -1)
    few, more = (layer.measure(many, shots, seed=0) for shots in (10, 160))
    spread = few.std(0)
    # 1,000 means: a deviation of five standard errors does not happen by chance.
    assert ((few.mean(0) - exact).abs() <= 5 * spread / 1000**0.5 + 1e-9).all()
    torch.testing.assert_close(more.var(0), few.var(0) / 16, rtol=0.3, atol=1e-9)


def test_the_variance_of_one_circuit_is_known(randomise, normal):
    circuit = Candidate(entangler="ring", encoding="ry")
    layer = make(randomise, candidates=circuit)
    with torch.no_grad():
        layer.structure.fill_(2.0)
    x = normal(1, 3)
    z = layer(x).detach() / 2
    found = layer.measure(x.expand(4000, -1), 50, seed=1)
    torch.testing.assert_close(found.var(0), 4 * (1 - z.square()) / 50, rtol=0.15, atol=1e-9)


@every_kind
def test_it_is_what_noise_draws(choices, randomise, normal):
    layer = make(randomise, **choices)
    x = normal(1, 5, layer.inputs)
    expected = weighted(LayerReading(layer, x), 30, np.random.default_rng(7))
    assert torch.equal(layer.measure(x, 30, seed=7), expected)


def test_constants_are_known_without_shots(randomise, normal):
    findings = QuantumLayer(3, 2).audit()
    constant = next(finding.candidate for finding in findings if finding.constant is not None)
    layer = make(randomise, candidates=constant)
    x = normal(1, 5, 3)
    torch.testing.assert_close(layer.measure(x, 1, seed=0), layer(x))


def test_a_model_in_evaluation_measures(randomise, normal):
    layer = make(randomise, observables=Diagonal(2))
    model = nn.Sequential(nn.Linear(5, 3), layer, nn.Linear(2, 1)).double().eval()
    x = normal(1, 4, 6, 5)
    with torch.no_grad():
        exact = model(x)
        layer.shots = 100
        torch.manual_seed(0)
        first, second = model(x), model(x)
        torch.manual_seed(0)
        again = copy.deepcopy(model)(x)
        layer.shots = None
        assert torch.equal(model(x), exact)
    assert first.shape == exact.shape
    assert not torch.equal(first, exact)
    assert not torch.equal(first, second)
    assert torch.equal(first, again)
    assert QuantumLayer(2, 2, shots=10).discretize().shots == 10


def test_a_generator_draws(randomise, normal):
    layer, x = make(randomise), normal(1, 4, 3)
    draws = [torch.Generator().manual_seed(3) for _ in range(2)]
    first, second = (layer.measure(x, 20, draw) for draw in draws)
    assert torch.equal(first, second)
    assert not torch.equal(layer.measure(x, 20, draws[0]), first)


def test_gradients_and_training_are_refused(randomise, normal):
    layer = make(randomise, shots=10)
    x = normal(1, 4, 3)
    with pytest.raises(DiffqasError, match="measures shots in evaluation: call"):
        layer(x)
    outputs = layer.eval()(x)
    with pytest.raises(DiffqasError, match="Outputs of finite shots have no gradient"):
        outputs.square().sum().backward()
    assert not layer.measure(x, 10).requires_grad
    assert layer(x[:0]).shape == (0, 2)
    with pytest.raises(DiffqasError, match=r"Shots cannot be drawn under torch\.func"):
        vmap(layer)(x)


@pytest.mark.parametrize(
    ("shots", "seed", "message"),
    [
        (0, 0, "`shots` must be a whole number of at least 1"),
        (2.0, 0, "`shots` must be a whole number of at least 1"),
        (None, 0, "`shots` must be a whole number of at least 1"),
        (10**25, 0, "`shots` must be at most 1,000,000,000,000,000"),
        (10, -1, "`seed` must be a whole number of at least 0"),
        (10, "a", "`seed` must be a whole number of at least 0"),
        (10, True, "`seed` must be a whole number of at least 0"),
    ],
)
def test_wrong_arguments(shots, seed, message, randomise, normal):
    layer, x = make(randomise), normal(1, 4, 3)
    with pytest.raises(ArgumentError, match=message):
        layer.measure(x, shots, seed)


def test_wrong_layers_and_inputs(randomise, normal):
    layer, x = make(randomise), normal(1, 4, 3)
    with pytest.raises(ArgumentError, match="`shots` must be a whole number of at least 1, or"):
        QuantumLayer(2, 2, shots=0)
    with pytest.raises(ArgumentError, match="`shots` must be a whole number"):
        layer.shots = 1.5
    with pytest.raises(ArgumentError, match="`x` must be finite where shots are drawn"):
        layer.measure(x * float("inf"), 10)
    with pytest.raises(ArgumentError, match="`layer` must be a single one"):
        QuantumLayer.stacked([layer, layer]).measure(x.expand(2, 4, 3), 10)
