"""The classical generators behind the interface of the circuits."""

import copy
import pickle

import pytest
import torch
from torch import nn

from diffqas import TABLE_I, QuantumTrain
from diffqas.errors import ArgumentError, DataError
from diffqas.quantum_train import GENERATORS, Lockstep, MLPMapping, movements
from diffqas.quantum_train.anchor import per_weight
from diffqas.quantum_train.vectors import HashedMapping, SubspaceMapping

CLASSICAL = [name for name in GENERATORS if name != "circuits"]
COUNT = 60
"""Numbers that every target below has weights for, and an MLP of five units needs."""


def network():
    return nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 3))


def made(generator, target=None, **choices):
    given = {"generator": generator, "numbers": COUNT} | choices
    return QuantumTrain(network() if target is None else target, **given)


def moved(model):
    with torch.no_grad():
        for number in model.generator.parameters():
            number.add_(0.1 * torch.randn_like(number))
    return model


def flat(model):
    return model.generator()


@pytest.mark.parametrize("generator", GENERATORS)
def test_all_of_them_learn(generator):
    torch.manual_seed(0)
    model = made(generator)
    x = torch.randn(64, 6)
    y = torch.stack([x[:, 0] * x[:, 1], x[:, 2], x[:, 3].abs()], -1)
    optimizer = torch.optim.Adam(model.parameter_groups(lr=0.02))
    losses = []
    for _ in range(150):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("generator", CLASSICAL)
def test_the_target_may_be_of_any_kind(case, generator):
    model = case.model(generator=generator, numbers=None, depth=2)
    output = model(case.x)
    output.square().sum().backward()
    for number in model.generator.parameters():
        assert number.grad is not None
        assert torch.isfinite(number.grad).all()
    model.eval()
    torch.testing.assert_close(model.export()(case.x), model(case.x))


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_start_has_the_means_and_spreads_of_the_target(generator):
    torch.manual_seed(0)
    target = nn.Sequential(nn.Linear(40, 40), nn.LayerNorm(40), nn.Linear(40, 2))
    weights = {k: t.detach() for k, t in made(generator, target, numbers=300).generate().items()}
    for name, own in target.named_parameters():
        if own.numel() > 100:
            assert weights[name].std().item() == pytest.approx(own.std().item(), rel=0.1)
    torch.testing.assert_close(weights["1.weight"].mean().item(), 1.0, rtol=0, atol=0.02)


@pytest.mark.parametrize("generator", CLASSICAL)
@pytest.mark.parametrize("start", ["drawn", "own"])
def test_they_move_weights_away_from_a_start(generator, start):
    target = network()
    model = made(generator, target, start=start)
    if start == "own":
        for name, tensor in model.generate().items():
            torch.testing.assert_close(tensor, target.get_parameter(name).data)
    first = flat(model).detach()
    raw = model.generator.raw().detach()
    moved(model)
    gain = per_weight(model.generator.gain, model.generator.sizes)
    torch.testing.assert_close(flat(model), first + gain * (model.generator.raw() - raw))


@pytest.mark.parametrize("generator", CLASSICAL)
@pytest.mark.parametrize("start", ["target", "drawn", "own"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_file_writes_the_same_weights(generator, start, dtype, tmp_path):
    if generator == "subspace" and start == "target":
        return  # a subspace has values of its own to start from
    target = network().to(dtype)
    model = moved(made(generator, target, start=start))
    model.save_generator(tmp_path / "g.safetensors")
    again = QuantumTrain.from_generator(tmp_path / "g.safetensors", target)
    assert torch.equal(flat(again), flat(model))
    assert again.rates == model.rates
    assert again.parameter_report() == model.parameter_report()
    if start == "own":
        with pytest.raises(ArgumentError, match="weights that the generator started from"):
            QuantumTrain.from_generator(tmp_path / "g.safetensors", network().to(dtype))


@pytest.mark.parametrize("generator", ["hashed", "subspace"])
def test_a_file_holds_the_vector_and_little_else(generator, tmp_path):
    model = made(generator, nn.Linear(100, 100), numbers=500)
    model.save_generator(tmp_path / "g.safetensors")
    assert (tmp_path / "g.safetensors").stat().st_size < 4 * 500 * 2 + 2_500


def test_a_file_with_its_target_brings_the_buffers(tmp_path):
    target = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    model = made("hashed", target, numbers=20)
    x = torch.randn(5, 1, 6, 6)
    model(x)
    model.eval().save_generator(tmp_path / "g.safetensors", include_target=True)
    fresh = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    again = QuantumTrain.from_generator(tmp_path / "g.safetensors", fresh).eval()
    assert torch.equal(again(x), model(x))


def test_a_file_whose_numbers_do_not_fit_is_one_line(tmp_path):
    path = tmp_path / "g.safetensors"
    made("hashed").save_generator(path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"hashed", b"thrown"))
    with pytest.raises(DataError, match="damaged"):
        QuantumTrain.from_generator(path, network())


@pytest.mark.parametrize("generator", CLASSICAL)
def test_copies_are_the_same_and_apart(generator):
    model = moved(made(generator, recipe="auto"))
    x = torch.randn(4, 6)
    before = model(x).detach()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(twin(x), before)
        moved(twin)
        assert torch.equal(model(x), before)
        twin.load_state_dict(model.state_dict())
        assert torch.equal(twin(x), before)


def test_models_with_anchored_circuits_can_be_pickled():
    model = QuantumTrain(network(), depth=2, recipe="auto")
    twin = pickle.loads(pickle.dumps(model))
    twin.load_state_dict(model.state_dict())
    assert torch.equal(flat(twin), flat(model))


@pytest.mark.parametrize("generator", CLASSICAL)
def test_a_state_brings_its_seed(generator):
    torch.manual_seed(1)
    model, other = moved(made(generator)), moved(made(generator))
    assert not torch.equal(flat(model), flat(other))
    other.load_state_dict(model.state_dict())
    assert torch.equal(flat(other), flat(model))


def test_states_of_other_generators_are_refused():
    state = made("hashed").state_dict()
    for other in (made("subspace"), made("uniform"), made("circuits")):
        with pytest.raises(ArgumentError, match="generator 'hashed', not"):
            other.load_state_dict(state)
    with pytest.raises(ArgumentError, match="numbers 60, not 61"):
        made("hashed", numbers=61).load_state_dict(state)


@pytest.mark.parametrize("generator", CLASSICAL)
@pytest.mark.parametrize("recipe", ["default", "auto"])
def test_seeds_train_as_one(generator, recipe):
    torch.manual_seed(0)
    models = [made(generator, recipe=recipe) for _ in range(3)]
    together, x = Lockstep(models), torch.randn(5, 6)
    assert together.structural_weights.shape == (3, 0)
    together.advance(0.5, 3, [0, 1, 2])
    torch.testing.assert_close(together(x), torch.stack([model(x) for model in models]))
    alone = Lockstep(models[:1])
    alone.compute_alone_as_together()
    torch.testing.assert_close(alone(x)[0], models[0](x))
    optimizer = torch.optim.Adam(together.parameter_groups(lr=0.1))
    together(x).square().sum().backward()
    optimizer.step()
    fresh = [made(generator, recipe=recipe) for _ in range(3)]
    together.write_back(fresh)
    torch.testing.assert_close(together(x), torch.stack([model(x) for model in fresh]))


@pytest.mark.parametrize("numbers", [61, 90, 399, 400, 10_000])
@pytest.mark.parametrize("sharing", ["shared", "separate"])
@pytest.mark.parametrize("mapping", ["linear", MLPMapping((3,))])
def test_circuits_get_the_depth_that_comes_nearest_from_below(numbers, sharing, mapping):
    choices = {"sharing": sharing, "mapping": mapping, "candidates": TABLE_I[:3]}
    depth = made("circuits", numbers=numbers, **choices).circuits.depth
    assert QuantumTrain(network(), depth, **choices).parameter_report().total <= numbers
    assert QuantumTrain(network(), depth + 1, **choices).parameter_report().total > numbers


@pytest.mark.parametrize("mapping", ["linear", MLPMapping((1,)), "mps"])
def test_a_mapping_alone_gets_the_chunk_that_comes_nearest_from_below(mapping):
    target = nn.Linear(6, 5)
    counts = {}
    for chunk in range(1, 36):
        model = QuantumTrain(target, generator="uniform", chunk=chunk, mapping=mapping)
        counts[chunk] = model.parameter_report().total
    for numbers in range(counts[1], 200, 7):
        model = made("uniform", target, numbers=numbers, mapping=mapping)
        fitting = [chunk for chunk, count in counts.items() if count <= numbers]
        assert model.generator.mapping.chunk == max(fitting)
    with pytest.raises(ArgumentError, match=f"at least {counts[1]}"):
        made("uniform", target, numbers=counts[1] - 1, mapping=mapping)


def test_a_vector_is_as_long_as_circuits_would_have_numbers():
    circuits = QuantumTrain(network(), depth=7).parameter_report()
    for generator in ("hashed", "subspace"):
        report = QuantumTrain(network(), depth=7, generator=generator).parameter_report()
        assert report.total == circuits.total
    few = QuantumTrain(nn.Linear(3, 2), generator="hashed").parameter_report()
    assert few.total == few.target == 8


def test_every_entry_of_a_hashed_vector_is_used_equally_often():
    model = made("hashed", numbers=50)
    entry, sign = model.generator.mapping.entry, model.generator.mapping.sign
    counts = entry[:243].bincount(minlength=50)
    assert counts.max() - counts.min() <= 1
    assert set(sign.tolist()) == {-1.0, 1.0}
    # The signs are none of the entries' own.
    large = HashedMapping(100).make(14)
    assert abs(float((large.sign * (large.entry - 49.5)).mean())) < 1.5


def test_directions_are_normal_and_nearly_orthogonal():
    rows = SubspaceMapping(20).make(14).directions
    assert (rows @ rows.T / 2**14 * 20 - torch.eye(20)).abs().max() < 0.05


@pytest.mark.parametrize("generator", CLASSICAL)
def test_what_needs_circuits_is_refused_with_the_reason(generator):
    model = made(generator)
    for ask in (model.ranking, model.discretize, lambda: model.circuits, lambda: model.mixture):
        with pytest.raises(ArgumentError, match=f"generator {generator} has no circuits"):
            ask()
    assert model.structural_weights.shape == (0,)
    model.progress = 0.5
    assert "no circuit" in str(model.parameter_report())
    assert "angles" not in model.parameter_report()._repr_html_()
    assert [group["name"] for group in model.parameter_groups(0.1)] == ["mapping"]
    assert model.optimizer(steps=10)


REFUSED = {
    "generator": {"generator": "hash"},
    "numbers": {"numbers": 0},
    "at most the 243": {"numbers": 244},
    "mapping": {"mapping": "mlp"},
    "chunk": {"chunk": 2},
    "scale": {"scale": "tanh"},
    "order": {"order": "shuffled"},
    "bits": {"bits": "signed"},
    "per_layer|every layer": {"per_layer": True},
    "start": {"generator": "subspace", "start": "target"},
    "depth": {"numbers": None, "depth": 0},
    "be at least 30 for these circuits": {"generator": "circuits", "numbers": 20},
    "be at least 10 for this mapping": {"generator": "uniform", "numbers": 9},
    "left out where numbers": {"generator": "uniform", "numbers": 90, "chunk": 3},
}


@pytest.mark.parametrize("words", REFUSED)
def test_wrong_choices_are_one_line(words):
    with pytest.raises(ArgumentError, match=words) as caught:
        made(**{"generator": "hashed"} | REFUSED[words])
    assert "\n" not in str(caught.value)


def test_too_many_directions_are_refused_before_they_are_drawn():
    with pytest.raises(ArgumentError, match="take the generator hashed"):
        made("subspace", nn.Linear(1000, 1000), numbers=1000)


@pytest.mark.parametrize("generator", CLASSICAL)
def test_rates_are_measured_for_them_too(generator):
    model = made(generator, recipe="auto")
    assert set(movements(model.generator)) == {"mapping"}
    assert 0 < model.rates.mapping < 0.1


@pytest.mark.parametrize("generator", CLASSICAL)
def test_gradients_of_single_samples_and_ensembles_work(generator):
    model, x = made(generator), torch.randn(5, 6)
    numbers = {name: number.detach() for name, number in model.named_parameters()}

    def output(numbers, x):
        return torch.func.functional_call(model, numbers, (x[None],)).sum()

    each = torch.func.vmap(torch.func.grad(output), (None, 0))(numbers, x)
    for name, number in numbers.items():
        assert each[name].shape == (5, *number.shape)
    many = {name: torch.stack([number, 2 * number]) for name, number in numbers.items()}
    assert torch.func.vmap(output, (0, None))(many, x[0]).shape == (2,)
    assert torch.isfinite(torch.func.functional_call(model, model.state_dict(), (x,))).all()


@pytest.mark.parametrize("generator", CLASSICAL)
def test_they_are_checked_before_training(generator):
    x = torch.randn(32, 6)
    checkup = made(generator).check(x, x[:, :3], nn.functional.mse_loss)
    assert "candidate" not in str(checkup)


def test_only_chosen_tensors_are_written():
    target = network()
    model = made("hashed", target, numbers=30, parameters="0.*")
    assert set(model.generate()) == {"0.weight", "0.bias"}
    assert model.parameter_report().target == 168


@pytest.mark.parametrize("generator", GENERATORS)
def test_the_random_state_is_used_alike_with_and_without_a_count(generator):
    depth = 4
    total = QuantumTrain(network(), depth, generator=generator).parameter_report().total
    torch.manual_seed(3)
    plain = QuantumTrain(network(), depth, generator=generator)
    torch.manual_seed(3)
    counted = QuantumTrain(network(), generator=generator, numbers=total)
    assert torch.equal(flat(plain), flat(counted))
