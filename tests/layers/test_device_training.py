"""A searched layer trained as a device reads it, against the readings of `diffqas noise`."""

import math

import pytest
import torch

from diffqas import (
    QLSTM_SPACE,
    Candidate,
    Diagonal,
    Hermitian,
    PauliStrings,
    QuantumLayer,
    Z,
)
from diffqas.architecture import DeviceErrors, shot_generators
from diffqas.errors import ArgumentError
from diffqas.layers import HybridLockstep, HybridModel, LayerReadings
from diffqas.layers.device_training import run_places

# The second candidate is blind, so that nothing is run of it.
FEW = (
    QLSTM_SPACE[0],
    Candidate(entangler="none", encoding="rz", rotation="rz"),
    QLSTM_SPACE[20],
    Candidate(entangler="cz-ring", encoding="ry"),
)

RATES = {"readout": 0.03, "depolarising": 0.004}
STRINGS = PauliStrings(("ZII", "XXI", "III", "IYZ"), trained=True)
KINDS = [
    {"observables": Z((1, 0))},
    {"observables": PauliStrings(("ZZI", "IXY")), "relaxation": "softmax"},
    {"observables": STRINGS, "input_scale": "trained", "uploads": 2},
    {"observables": Diagonal(2), "sharing": "separate", "structure": "output"},
]
every_kind = pytest.mark.parametrize("choices", KINDS, ids=str)


def make(randomise, seed=0, **choices):
    sizes = {"inputs": 3, "outputs": 2, "depth": 2, "candidates": FEW}
    return randomise(QuantumLayer(**{**sizes, **choices}).double(), seed)


def as_noise_reads(layer, x, errors):
    """Outputs by the probabilities that `diffqas noise` makes of every circuit."""
    readings = LayerReadings(layer, x)
    p, run = readings.probabilities, run_places(layer)
    uploads = layer.uploads * layer.encodings
    few = [layer.candidates[place] for place in run]
    shares = torch.tensor(errors.untouched(few, layer.n, layer.depth, uploads))
    rows = p[run].movedim(0, -2)
    p[run] = errors.disturbed(rows, shares.double()).movedim(-2, 0)
    return readings.outputs(p)


@every_kind
def test_the_closed_form_is_what_noise_reads(choices, randomise, normal):
    layer = make(randomise, **choices)
    x = normal(1, 5, 3)
    layer.measure_in_training(**RATES)
    assert len(run_places(layer)) == 3
    expected = as_noise_reads(layer, x, DeviceErrors(**RATES))
    torch.testing.assert_close(layer(x), expected)
    assert not torch.allclose(layer.eval()(x), expected, atol=1e-4)


def test_hermitian_observables_are_depolarised(randomise, normal):
    layer = make(randomise, observables=Hermitian(2))
    layer.measure_in_training(depolarising=0.01)
    x = normal(1, 5, 3)
    expected = as_noise_reads(layer, x, DeviceErrors(depolarising=0.01))
    torch.testing.assert_close(layer(x), expected)
    with pytest.raises(ArgumentError, match="`readout` must be 0 in training with hermitian"):
        layer.measure_in_training(readout=0.01)


@every_kind
def test_gradients_are_those_of_small_differences(choices, randomise, normal):
    layer = make(randomise, **choices)
    layer.measure_in_training(**RATES)
    x = normal(2, 2, 3).requires_grad_()
    names = [name for name, number in layer.named_parameters() if number.requires_grad]

    def outputs(x, *numbers):
        own = dict(zip(names, numbers, strict=True))
        return torch.func.functional_call(layer, own, (x,))

    numbers = [layer.get_parameter(name) for name in names]
    assert torch.autograd.gradcheck(outputs, (x, *numbers))


@every_kind
def test_shots_have_the_mean_and_the_gradient_of_the_closed_form(choices, randomise, normal):
    layer = make(randomise, **choices)
    x, upstream = normal(3, 2, 3), normal(4, 2, 2)
    layer.measure_in_training(**RATES)
    exact = layer(x)
    (exact * upstream).sum().backward()
    gradients = [number.grad.clone() for number in layer.parameters() if number.requires_grad]
    layer.measure_in_training(shots=40, **RATES)
    drawn = []
    for step in range(200):
        layer.draws = shot_generators([0], step)
        found = layer(x)
        drawn.append(found.detach())
    error = torch.stack(drawn).std(0) / math.sqrt(len(drawn))
    assert ((torch.stack(drawn).mean(0) - exact).abs() <= 5 * error + 1e-12).all()
    layer.zero_grad()
    # Straight through: of a linear loss the gradient is that of infinitely many shots.
    (found * upstream).sum().backward()
    again = [number.grad for number in layer.parameters() if number.requires_grad]
    for one, other in zip(again, gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_bases_of_hermitian_observables_are_measured(randomise, normal):
    layer = make(randomise, observables=Hermitian(2))
    x = normal(3, 2, 3)
    exact = layer(x).detach()
    layer.measure_in_training(shots=10**6)
    torch.testing.assert_close(layer(x).detach(), exact, atol=0.05, rtol=0)


def test_without_noise_not_a_bit_changes(randomise, normal):
    layer = make(randomise)
    x = normal(1, 5, 3)
    exact = layer(x).detach()
    layer.measure_in_training(shots=None, readout=0.0, depolarising=0.0)
    assert torch.equal(layer(x), exact)


def test_seeds_in_company_draw_what_they_draw_alone(randomise, normal):
    def model(seed):
        layer = make(randomise, seed)
        layer.measure_in_training(shots=30, **RATES)
        return HybridModel(layer, classes=2).double()

    models = [model(0), model(1)]
    x = normal(1, 6, 3)
    both, alone = HybridLockstep(models), HybridLockstep(models[1:])
    both.advance(0.0, 7, [0, 1])
    alone.advance(0.0, 7, [1])
    assert both.new_in_each_step == "finite shots are drawn on the host"
    torch.testing.assert_close(both(x)[1], alone(x)[0])


def test_noise_goes_on_to_fewer_candidates(randomise, normal):
    layer = make(randomise)
    layer.measure_in_training(shots=30, **RATES)
    assert layer.discretize(k=2).training_noise == layer.training_noise
    with pytest.raises(ArgumentError, match="`added` must be None in training as on a device"):
        layer(normal(1, 4, 3), added=normal(2, 4, 2, 3))
