"""Starts that the circuits move away from."""

import math
from dataclasses import replace

import pytest
import torch
from scipy import stats
from torch import nn

from diffqas import QuantumTrain
from diffqas.errors import DiffqasError
from diffqas.quantum_train import RECIPES, Lockstep, Recipe, movements
from diffqas.quantum_train.anchor import normals, per_weight
from diffqas.quantum_train.generator import spread_of

MASK = 2**64 - 1


def network():
    return nn.Sequential(nn.Linear(30, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Linear(16, 2))


def made(start="drawn", seed=0, target=None, **choices):
    torch.manual_seed(seed)
    return QuantumTrain(target or network(), depth=3, recipe="auto", start=start, **choices)


def flat(model):
    return torch.cat([tensor.flatten() for tensor in model.generate().values()])


def moved(model, size=0.05):
    with torch.no_grad():
        for number in model.parameters():
            number.add_(size * torch.randn_like(number))
    return model


def test_normals_are_those_of_split_mix():
    def one(seed, index):
        state = ((index + 1) * 0x9E3779B97F4A7C15 + seed * 0xD1342543DE82EF95 + 1) & MASK
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            state = ((state ^ (state >> shift)) * factor) & MASK
        state ^= state >> 31
        return stats.norm.ppf(((state >> 12) + 0.5) / 2**52)

    for seed in (0, 1, 2**62 - 1):
        expected = [one(seed, index) for index in range(50)]
        torch.testing.assert_close(normals(seed, 50), torch.tensor(expected, dtype=torch.float64))


def test_normals_of_neighbouring_seeds_are_unrelated():
    draws = torch.stack([normals(seed, 20_000) for seed in range(4)])
    assert stats.kstest(draws.flatten().numpy(), "norm").pvalue > 1e-3
    correlation = torch.corrcoef(draws) - torch.eye(4, dtype=torch.float64)
    assert correlation.abs().max() < 5 / math.sqrt(20_000)


def test_a_drawn_start_has_the_means_and_spreads_of_the_target():
    target = nn.Sequential(nn.Linear(200, 40), nn.BatchNorm1d(40))
    start = made(target=target).generate()
    weight, own = start["0.weight"], target[0].weight
    assert abs(weight.std() / own.std() - 1) < 0.05
    assert (
        torch.equal(start["1.weight"], torch.ones(40)) or (start["1.weight"] - 1).abs().max() < 1e-5
    )
    assert start["1.bias"].abs().max() < 1e-5


def test_an_own_start_is_the_target():
    target = network()
    model = made("own", target=target)
    for name, tensor in model.generate().items():
        torch.testing.assert_close(tensor, target.get_parameter(name).data, rtol=0, atol=1e-5)
    x = torch.randn(7, 30)
    torch.testing.assert_close(model.eval()(x), target.eval()(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("start", ["drawn", "own"])
def test_weights_are_the_start_and_what_the_circuits_move(start):
    model = made(start).double()
    generator = model.generator
    first, begin = generator.raw().detach(), flat(model).detach()
    moved(model)
    gain = per_weight(generator.gain, generator.sizes)
    torch.testing.assert_close(flat(model), begin + gain * (generator.raw() - first))


@pytest.mark.parametrize("start", ["drawn", "own"])
def test_a_state_brings_its_start(start):
    model, other = moved(made(start)), made(start, seed=5)
    assert not torch.allclose(flat(model), flat(other))
    other.load_state_dict(model.state_dict())
    assert torch.equal(flat(model), flat(other))


def test_a_file_brings_its_start(tmp_path):
    model = moved(made("drawn"))
    model.save_generator(tmp_path / "generator.safetensors")
    found = QuantumTrain.from_generator(tmp_path / "generator.safetensors", network())
    assert torch.equal(flat(model), flat(found))
    assert found.rates == model.rates
    assert found.rates_measured


def test_a_file_of_an_own_start_needs_the_target(tmp_path):
    target = network()
    model, file = moved(made("own", target=target)), tmp_path / "generator.safetensors"
    model.save_generator(file)
    assert torch.equal(flat(model), flat(QuantumTrain.from_generator(file, target)))
    with pytest.raises(
        DiffqasError, match="must bring the weights that the generator started from"
    ):
        QuantumTrain.from_generator(file, network())
    assert flat(QuantumTrain.from_generator(file, network(), strict=False)).isfinite().all()
    model.save_generator(file, include_target=True)
    assert torch.equal(flat(model), flat(QuantumTrain.from_generator(file, network())))


@pytest.mark.parametrize("start", ["drawn", "own"])
def test_seeds_in_company_are_what_they_are_alone(start):
    models = [moved(made(start, seed)) for seed in range(3)]
    together, x = Lockstep(models), torch.randn(5, 30)
    for model, output in zip(models, together(x), strict=True):
        torch.testing.assert_close(model(x), output, rtol=1e-4, atol=1e-4)
    with torch.no_grad():
        together.circuits.angles.add_(0.1)
    expected = together(x)
    together.write_back(models)
    torch.testing.assert_close(models[2](x), expected[2], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("start", ["drawn", "own"])
@pytest.mark.parametrize("sharing", ["shared", "separate"])
def test_all_candidates_kept_are_the_mixture(start, sharing):
    model = moved(made(start, sharing=sharing, target=network().double()))
    everything = model.discretize(len(model.ranking()))
    torch.testing.assert_close(flat(everything), flat(model), rtol=1e-6, atol=1e-6)
    few = model.discretize(2)
    state = few.state_dict()
    again = model.discretize(2)
    again.load_state_dict(state)
    assert torch.equal(flat(few), flat(again))


def change(model, numbers, rate, like):
    """Root mean square movement of the weights, in the target's spreads, over random steps."""
    begin = flat(model).detach()
    kept = [number.detach().clone() for number in numbers]
    spreads = torch.stack([spread_of(tensor) for tensor in like]).double()
    spread, squares = per_weight(spreads, model.generator.sizes), []
    with torch.no_grad():
        for _ in range(30 if len(begin) < 100 else 2):
            for number, own in zip(numbers, kept, strict=True):
                number.copy_(own + rate * (torch.randint(2, number.shape) * 2 - 1))
            squares.append(((flat(model) - begin) / spread).square().mean())
        for number, own in zip(numbers, kept, strict=True):
            number.copy_(own)
    return float(torch.stack(squares).mean().sqrt())


@pytest.mark.parametrize(
    ("sizes", "seed", "leverage"),
    [
        ((4, 4), 0, 300.0),
        ((4, 4), 1, 10.0),
        ((100, 30), 0, 10.0),
        ((100, 30), 1, 300.0),
        ((1000, 1000), 0, 300.0),
    ],
)
def test_a_step_of_the_angles_moves_the_weights_by_its_rate(sizes, seed, leverage):
    torch.manual_seed(seed)
    target = nn.Linear(*sizes)
    like = [number.detach() for number in target.parameters()]
    recipe = replace(RECIPES["auto"], leverage=leverage)
    # A million weights take a while: one layer is enough to see.
    depth = 1 if sizes[0] > 100 else 3
    model = QuantumTrain(target, depth=depth, recipe=recipe).double()
    angles, *others = model.parameter_groups(lr=1e-3)
    moves = change(model, angles["params"], angles["lr"], like)
    assert moves == pytest.approx(1e-3, rel=0.1 if sizes[0] > 4 else 0.5)
    for group in others:
        of_one = change(model, group["params"], group["lr"], like)
        of_one /= math.sqrt(sum(number.numel() for number in group["params"]))
        of_angle = moves / math.sqrt(model.circuits.angles.numel())
        assert 0.2 < of_one / of_angle < 5, group["name"]


def test_rates_without_an_anchor_are_measured_too():
    target = nn.Linear(100, 30)
    like = [number.detach() for number in target.parameters()]
    recipe = Recipe(order="shuffled", calibrated=True, scale="dimension")
    model = QuantumTrain(target, depth=6, recipe=recipe).double()
    angles, *_ = model.parameter_groups(lr=1e-3)
    assert 0.1 < change(model, angles["params"], angles["lr"], like) / 3e-3 < 10


def test_probabilities_count_alike_in_every_anchored_start():
    factors = torch.stack([made(seed=seed).generator.mapping.weight[..., -1] for seed in range(4)])
    torch.testing.assert_close(factors.abs(), factors.abs().mean().expand_as(factors))
    plain = QuantumTrain(network(), depth=3).generator.mapping.weight[..., -1]
    assert plain.abs() != factors.abs().mean()


def test_movements_depend_on_choices_not_on_draws():
    first, second = made(seed=0), made(seed=1)
    assert movements(first.generator) == movements(second.generator)
    assert first.rates == second.rates


def test_dead_candidates_alone_have_rates():
    model = made(candidates=[QuantumTrain(network()).circuits.candidates[0]])
    assert all(math.isfinite(rate) and rate > 0 for rate in vars(model.rates).values())


def test_a_search_of_every_layer_has_no_anchor():
    with pytest.raises(DiffqasError, match="`start` must be none or target"):
        made(per_layer=True)


@pytest.mark.parametrize("choices", [{"recipe": "auto"}, {"generator": "subspace", "numbers": 8}])
def test_tensors_without_elements_are_left_as_they_are(choices):
    """Warnings are errors: no mean is taken of nothing."""
    target = nn.Linear(3, 2)
    target.register_parameter("none", nn.Parameter(torch.empty(2, 0)))
    weights = QuantumTrain(target, **choices).generate()
    assert weights["none"].shape == (2, 0)
    assert all(tensor.isfinite().all() for tensor in weights.values())
