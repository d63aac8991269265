"""A generator's file: the identical network from it, and one line for every way in which it cannot
be used.
"""

import json
from contextlib import suppress

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import nn

from diffqas import QuantumTrain
from diffqas.architecture import Gumbel
from diffqas.errors import ArgumentError, DataError
from diffqas.quantum_train import MLPMapping, TanhScale, generator_file
from diffqas.tasks.images import MLP


def network(width=5):
    return nn.Sequential(nn.Linear(4, width), nn.Tanh(), nn.Linear(width, 3))


def same_weights(one, other):
    weights = (one.generate(), other.generate())
    assert weights[0].keys() == weights[1].keys()
    return all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.fixture
def saved(tmp_path):
    model = QuantumTrain(network(), depth=2)
    path = tmp_path / "generator.safetensors"
    model.save_generator(path)
    return model, path


def test_every_kind_of_target_is_regenerated_bit_by_bit(case, tmp_path):
    model = case.model()
    model(case.x)  # batch norm's statistics have moved
    model.save_generator(tmp_path / "g.safetensors", include_target=True)
    again = QuantumTrain.from_generator(tmp_path / "g.safetensors", target=case.make())
    assert same_weights(model, again)
    assert torch.equal(model.eval()(case.x), again.eval()(case.x))
    states = model.export().state_dict(), again.export().state_dict()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize(
    "choices",
    [
        {"sharing": "separate", "bits": "signed", "start": "none"},
        {"relaxation": Gumbel(2.0, 0.5), "scale": TanhScale(0.5), "recipe": "paper"},
        {"mapping": MLPMapping((3,)), "chunk": 4},
    ],
)
def test_all_choices_come_back(choices, tmp_path):
    model = QuantumTrain(network(), depth=3, **choices).eval()
    model.circuits.progress = 0.5
    model.circuits.structure.requires_grad_(False)
    model.save_generator(tmp_path / "g.safetensors")
    again = QuantumTrain.from_generator(tmp_path / "g.safetensors", target=network()).eval()
    assert same_weights(model, again)
    assert repr(again) == repr(model)
    groups = [[(g["name"], g["lr"]) for g in each.parameter_groups(0.1)] for each in (model, again)]
    assert groups[0] == groups[1]
    assert str(again.parameter_report()) == str(model.parameter_report())
    assert not again.circuits.structure.requires_grad


def test_a_discretised_model_is_regenerated(tmp_path):
    model = QuantumTrain(network(), depth=2).discretize(2)
    model.save_generator(tmp_path / "g.safetensors")
    again = QuantumTrain.from_generator(tmp_path / "g.safetensors", target=network())
    assert same_weights(model, again)
    assert [e.candidate for e in again.ranking()] == [e.candidate for e in model.ranking()]


def test_the_papers_classifier_needs_a_hundredth_of_the_bytes(tmp_path):
    model = QuantumTrain(MLP(), depth=15)
    model.save_generator(tmp_path / "g.safetensors")
    numbers = load_file(tmp_path / "g.safetensors")
    trained = sum(p.numel() for p in model.parameters())
    assert (trained, model.parameter_report().target) == (286, 108_866)
    assert (
        sum(t.numel() for t in numbers.values()) == trained + 2 * 6
    )  # gain and offset of six tensors
    assert (tmp_path / "g.safetensors").stat().st_size < 108_866 * 4 / 100


def test_the_file_is_the_same_each_time_and_holds_no_target(saved, tmp_path):
    model, path = saved
    model.save_generator(tmp_path / "again.safetensors")
    assert path.read_bytes() == (tmp_path / "again.safetensors").read_bytes()
    assert not [name for name in load_file(path) if name.startswith("target.")]
    assert {p.name for p in tmp_path.iterdir()} == {path.name, "again.safetensors"}


def test_loading_leaves_the_random_state_and_the_target_alone(saved):
    _, path = saved
    target = network()
    before = {name: tensor.clone() for name, tensor in target.state_dict().items()}
    state = torch.get_rng_state()
    QuantumTrain.from_generator(path, target)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(tensor, before[name]) for name, tensor in target.state_dict().items())


@pytest.mark.parametrize(
    ("target", "named"),
    [
        (network(width=6), r"`0\.weight` of shape \(5, 4\).*got shape \(6, 4\)"),
        (nn.Sequential(nn.Linear(4, 5)), r"`2\.weight` .* got a module without it"),
        (nn.Sequential(*network(), nn.Linear(3, 3)), r"got `3\.weight` in addition"),
        (nn.Sequential(nn.Linear(4, 5, bias=False), nn.Tanh(), nn.Linear(5, 3)), r"`0\.bias`"),
    ],
)
def test_a_target_of_another_layout_is_refused_by_its_first_tensor(saved, target, named):
    with pytest.raises(ArgumentError, match=named) as caught:
        QuantumTrain.from_generator(saved[1], target)
    assert "\n" not in str(caught.value)


def test_untied_tensors_are_refused_where_tied_ones_were(one_case, tmp_path):
    model = one_case("tied").model()
    model.save_generator(tmp_path / "g.safetensors")
    target = one_case("tied").make()
    target.second.weight = nn.Parameter(target.first.weight.detach().clone())
    with pytest.raises(ArgumentError, match=r"`second\.weight` tied to `first\.weight`"):
        QuantumTrain.from_generator(tmp_path / "g.safetensors", target)


def test_what_the_target_brings_must_be_what_it_was(one_case, tmp_path):
    case, path = one_case("batch-norm"), tmp_path / "g.safetensors"
    model = case.model()
    model(case.x)
    model.save_generator(path)
    with pytest.raises(
        ArgumentError, match=r"include_target=True.*other values in `1\.running_mean`"
    ):
        QuantumTrain.from_generator(path, case.make())
    assert same_weights(QuantumTrain.from_generator(path, case.make(), strict=False), model)
    assert torch.equal(QuantumTrain.from_generator(path, model.export())(case.x), model(case.x))


@pytest.mark.parametrize("place", [0, 3, 60, 700, -300, -1])
def test_a_flipped_byte_is_told(saved, place):
    _, path = saved
    content = bytearray(path.read_bytes())
    content[place] ^= 0x04
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"g.*safetensors") as caught:
        QuantumTrain.from_generator(path, network())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no tensors at all", json.dumps({"a": 1}).encode()])
def test_another_file_is_told(tmp_path, content):
    path = tmp_path / "other.safetensors"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"Cannot read .*other"):
        QuantumTrain.from_generator(path, network())


def test_a_networks_file_is_no_generator(tmp_path):
    from safetensors.torch import save_file

    save_file(network().state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(DataError, match="holds no generator"):
        QuantumTrain.from_generator(tmp_path / "model.safetensors", network())
    with pytest.raises(DataError, match="There is no file"):
        QuantumTrain.from_generator(tmp_path / "nothing.safetensors", network())


def test_what_cannot_be_stored_leaves_no_file(tmp_path):
    model = QuantumTrain(network(), depth=2, scale=lambda p, n: p)
    with pytest.raises(ArgumentError, match="cannot store"):
        model.save_generator(tmp_path / "g.safetensors")
    with pytest.raises(DataError, match="Cannot write"):
        QuantumTrain(network(), depth=2).save_generator(tmp_path / "no" / "g.safetensors")
    assert not list(tmp_path.iterdir())


def test_without_the_compiled_kernels_the_weights_agree_to_round_off(saved, monkeypatch):
    model, path = saved
    expected = model.generate()
    monkeypatch.setenv("DIFFQAS_COMPILED", "0")
    weights = QuantumTrain.from_generator(path, network()).generate()
    for name, tensor in expected.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-4, atol=1e-6)


def changed(value, place=()):
    """Places in a JSON value, outer ones first."""
    yield place
    if isinstance(value, dict):
        parts = list(value.items())
    else:
        parts = list(enumerate(value[:2])) if isinstance(value, list) else []
    for name, part in parts:
        yield from changed(part, (*place, name))


ODD = [None, True, -1, 1.5, 10**30, float("nan"), "x", "\x1b[2J", [], ["a"], [[["a"], [3]]], {}]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_header_in_which_anything_is_changed_is_told_though_its_checksum_fits(tmp_path, odd):
    """A checksum tells damage, not intent: who writes a file can write one that fits."""

    def target():
        return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))

    path = tmp_path / "g.safetensors"
    QuantumTrain(target(), depth=1).save_generator(path, include_target=True)
    with safe_open(path, framework="pt") as file:
        text = file.metadata()[generator_file.KEY]
    numbers = load_file(path)
    header = json.loads(text)
    del header["digest"]
    for *way, last in list(changed(header))[1:]:
        edited = json.loads(text)
        del edited["digest"]
        inner = edited
        for name in way:
            inner = inner[name]
        inner[last] = odd
        edited["digest"] = generator_file._digest(edited, numbers)
        path.write_bytes(save(numbers, {generator_file.KEY: json.dumps(edited)}))
        with suppress(ArgumentError, DataError):
            model = QuantumTrain.from_generator(path, target())
            assert model(torch.zeros(3, 2)).shape == (3, 2)


def rewritten(path, numbers):
    """The same file with other tensors, and a checksum that fits."""
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()[generator_file.KEY])
    del header["digest"]
    header["digest"] = generator_file._digest(header, numbers)
    path.write_bytes(save(numbers, {generator_file.KEY: json.dumps(header)}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("target.1.running_mean", torch.zeros(5)),
        ("target.1.running_mean", None),
        ("target.1.more", torch.zeros(2)),
    ],
)
def test_stored_tensors_of_the_target_fill_all_of_it_or_none(tmp_path, name, value):
    """One that was left out would silently keep the fresh target's values."""
    path = tmp_path / "g.safetensors"
    target = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    QuantumTrain(target, depth=1).save_generator(path, include_target=True)
    numbers = load_file(path)
    numbers.pop(name, None)
    if value is not None:
        numbers[name] = value
    rewritten(path, numbers)
    with pytest.raises(DataError, match=name):
        QuantumTrain.from_generator(path, target)
