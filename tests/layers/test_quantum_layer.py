"""A searched layer is the sum that its docstring says: values and gradients on dense matrices."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffqas import (
    ENCODED_SPACE,
    QLSTM_SPACE,
    Candidate,
    Diagonal,
    Hermitian,
    PauliStrings,
    QuantumLayer,
    Z,
)

FEW = tuple(QLSTM_SPACE[index] for index in (0, 7, 20, 28))
TURNED = (
    Candidate(hadamard=True, entangler="chain", rotation=("rz", "ry"), encoding="ry"),
    Candidate(entangler="none", rotation="rx", encoding="rx"),
)
FURTHER = (
    Candidate(True, "cz-ring", ("ry", "rz"), ("ry", "rz")),
    Candidate(False, "all", "rx", ("rx", "ry")),
)
SPACES = {"few": FEW, "more rotations": TURNED, "further ones": FURTHER}
SIZES = {"inputs": 3, "outputs": 2, "qubits": 3, "depth": 2}
OBSERVABLES = [
    Z(),
    Z((2, 0)),
    PauliStrings(("ZIZ", "XYI")),
    PauliStrings(("ZIZ", "XYI", "IIZ"), trained=True),
    Diagonal(2),
    Diagonal(2, "pairwise"),
    Hermitian(2),
]
CHOICES = [
    {},
    {"sharing": "separate"},
    {"structure": "output"},
    {"sharing": "separate", "structure": "output", "relaxation": "softmax"},
    {"uploads": 2},
    {"uploads": 2, "input_scale": "trained"},
    {"inputs": 2},
    {"inputs": 5, "depth": 1, "input_scale": "trained"},
    {"inputs": 4, "uploads": 2, "input_scale": "trained"},
]


def make(randomise, space=FEW, **choices):
    layer = QuantumLayer(**{**SIZES, "candidates": space, **choices})
    return randomise(layer.double())


def gradients(layer, outputs, x):
    numbers = [x, *(p for p in layer.parameters() if p.requires_grad)]
    return torch.autograd.grad(outputs.square().sum(), numbers, materialize_grads=True)


def assert_slow(layer, slow, normal):
    x = normal(3, 2, layer.inputs).requires_grad_()
    found = layer(x)
    expected = torch.stack([slow(layer, sample) for sample in x])
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    of_found, of_expected = gradients(layer, found, x), gradients(layer, expected, x)
    for got, wanted in zip(of_found, of_expected, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("observables", OBSERVABLES, ids=str)
def test_observables(observables, slow_quantum_layer, normal, randomise):
    layer = make(randomise, observables=observables, structure="output")
    assert_slow(layer, slow_quantum_layer, normal)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_choices(data, slow_quantum_layer, normal, randomise):
    """Sizes and choices that nobody thought of."""
    draw = data.draw
    n, uploads = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    local = st.integers(1, n)
    strings = st.lists(st.text("IXYZ", min_size=n, max_size=n), min_size=1, max_size=3, unique=True)
    observables = draw(
        st.builds(Diagonal, local, st.sampled_from(["sliding", "pairwise"]))
        | st.builds(Hermitian, local, st.sampled_from(["sliding", "pairwise"]))
        | st.builds(PauliStrings, strings, st.booleans())
        | st.just(Z())
    )
    choices = {
        "inputs": draw(st.integers(1, 4)),
        "outputs": draw(st.integers(1, observables.count(n))),
        "qubits": n,
        "depth": uploads * draw(st.integers(1, 2)),
        "uploads": uploads,
        "observables": observables,
        "input_scale": draw(st.sampled_from(["fixed", "trained"])),
        "relaxation": draw(st.sampled_from(["raw", "softmax"])),
        "sharing": draw(st.sampled_from(["shared", "separate"])),
        "structure": draw(st.sampled_from(["layer", "output"])),
    }
    space = draw(st.lists(st.sampled_from(ENCODED_SPACE), min_size=1, max_size=3, unique=True))
    assert_slow(make(randomise, space, **choices), slow_quantum_layer, normal)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_choices(choices, space, slow_quantum_layer, normal, randomise):
    layer = make(randomise, space, observables=Diagonal(2), **choices)
    assert_slow(layer, slow_quantum_layer, normal)


@pytest.mark.parametrize("choices", [{}, {"uploads": 2, "structure": "output"}], ids=str)
def test_circuits_of_ones_own(choices, designed, slow_quantum_layer, normal, randomise):
    layer = make(randomise, (FEW[0], designed), observables=Hermitian(2), **choices)
    assert_slow(layer, slow_quantum_layer, normal)
    assert_slow(layer.discretize(), slow_quantum_layer, normal)


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_a_discretized_layer(choices, slow_quantum_layer, normal, randomise):
    layer = make(randomise, **choices)
    assert_slow(layer.discretize(2), slow_quantum_layer, normal)


@pytest.mark.parametrize("lead", [(), (1,), (4,), (2, 3), (2, 1, 3)])
@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_batch_dimensions_are_those_of_the_input(choices, lead, normal, randomise):
    layer = make(randomise, **choices)
    x = normal(2, *lead, layer.inputs)
    found = layer(x)
    assert found.shape == (*lead, layer.outputs)
    one_by_one = [layer(sample) for sample in x.reshape(-1, layer.inputs)]
    torch.testing.assert_close(found.reshape(-1, layer.outputs), torch.stack(one_by_one))


def test_an_empty_batch_gives_an_empty_result(normal, randomise):
    layer = make(randomise)
    assert layer(torch.zeros(0, 3, dtype=torch.float64)).shape == (0, 2)
    assert layer(torch.zeros(4, 0, 3, dtype=torch.float64)).shape == (4, 0, 2)


def test_float32_is_float64_rounded(normal, randomise):
    layer = make(randomise, observables=Hermitian(2), uploads=2, input_scale="trained")
    x = normal(1, 3, 3)
    double = layer(x)
    single = layer.float()(x.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-4)


def test_a_sample_that_is_not_finite_spoils_no_other(normal, randomise):
    layer = make(randomise)
    x = normal(1, 3, 3)
    spoilt = x.clone()
    spoilt[1, 0] = torch.nan
    found = layer(spoilt)
    assert found[1].isnan().all()
    torch.testing.assert_close(found[[0, 2]], layer(x)[[0, 2]])


@pytest.mark.parametrize(
    ("inputs", "qubits", "places"),
    [
        (3, 3, [0, 1, 2]),
        (1, 3, [0, 0, 0]),
        (2, 5, [0, 1, 0, 1, 0]),
        (4, 2, [0, 1, 2, 3]),
        (5, 3, [0, 1, 2, 3, 4, 0]),
    ],
)
def test_where_the_inputs_go(inputs, qubits, places):
    layer = QuantumLayer(inputs, 1, qubits, 1, FEW, uploads=1)
    x = torch.arange(1.0, inputs + 1)
    expected = x[places].reshape(-1, qubits)
    assert torch.equal(layer.encoded(x), expected)
    assert layer.depth == len(expected)
    twice = QuantumLayer(inputs, 1, qubits, 2, FEW, uploads=2, input_scale="trained")
    with torch.no_grad():
        twice.factors[1] = 2
    assert torch.equal(twice.encoded(x), torch.cat([expected, 2 * expected]))


def test_as_many_qubits_as_inputs_unless_told():
    assert QuantumLayer(3, 2, candidates=FEW).n == 3


def test_the_start_follows_from_the_seed():
    layers = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        layers.append(QuantumLayer(5, 5, depth=20, candidates=FEW, observables=Diagonal(2)))
    for name in ("angles", "coefficients"):
        one, same, other = (getattr(layer, name) for layer in layers)
        assert torch.equal(one, same)
        assert not torch.equal(one, other)
    assert 0.08 < layers[0].angles.std() < 0.12


def test_gumbel_is_noisy_in_training_only(normal, randomise):
    layer = make(randomise, relaxation="gumbel")
    x = normal(1, 4, 3)
    assert not torch.equal(layer(x), layer(x))
    layer.noise = torch.full_like(layer.structure, 0.5)
    assert torch.equal(layer(x), layer(x))
    layer.noise = None
    layer.eval()
    assert torch.equal(layer(x), layer(x))


class Turned:
    """A layer with other angles."""

    def __init__(self, layer, difference):
        self.layer = layer
        self.angles = layer.angles + difference

    def __getattr__(self, name):
        return getattr(self.layer, name)


@pytest.mark.parametrize("choices", [{}, {"sharing": "separate"}, {"uploads": 2}], ids=str)
def test_each_sample_may_have_angles_of_its_own(choices, slow_quantum_layer, normal, randomise):
    layer = make(randomise, **choices)
    x, added = normal(3, 4, 3), normal(5, 4, 2, 3).requires_grad_()
    found = layer(x, added)
    pairs = zip(x, added, strict=True)
    expected = torch.stack(
        [slow_quantum_layer(Turned(layer, difference), sample) for sample, difference in pairs]
    )
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    leaves = [added, *(p for p in layer.parameters() if p.requires_grad)]
    for got, wanted in zip(
        torch.autograd.grad(found.square().sum(), leaves),
        torch.autograd.grad(expected.square().sum(), leaves),
        strict=True,
    ):
        torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(layer(x, torch.zeros_like(added)), layer(x))


def test_a_ranking_that_is_not_there_names_those_that_are():
    """A model has one list, a layer a table for each row of weights."""
    rankings = QuantumLayer(inputs=2, outputs=2, structure="output").ranking()
    assert list(rankings) == ["output_0", "output_1"]
    for wrong in (0, slice(3), "all"):
        with pytest.raises(KeyError, match=r"'output_0', 'output_1'.*ranking\(\)\['output_0'\]"):
            rankings[wrong]
