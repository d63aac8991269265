"""Which basis state writes which weight: any order is the index's, permuted by hand."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from diffqas import QuantumTrain
from diffqas.errors import ArgumentError
from diffqas.quantum_train import Lockstep, MLPMapping, Recipe
from diffqas.quantum_train.generator_file import KEY, _digest
from diffqas.quantum_train.order import reordered, shuffled_states


def network():
    return nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 3)).double()


def model(order, seed=0, **choices):
    torch.manual_seed(seed)
    return QuantumTrain(network(), depth=2, order=order, start="none", **choices)


@pytest.mark.parametrize("n", range(1, 15))
def test_every_state_once(n):
    assert sorted(shuffled_states(n).tolist()) == list(range(2**n))


def test_neighbours_share_no_more_bits_than_any_two():
    states = shuffled_states(17)[:108_866]
    for distance in (1, 2, 28, 784):
        differing = states[distance:] ^ states[:-distance]
        bits = torch.stack([(differing >> q) & 1 for q in range(17)]).double().mean(1)
        assert ((bits > 0.4) & (bits < 0.6)).all()


@pytest.mark.parametrize(
    "choices", [{}, {"chunk": 3}, {"mapping": MLPMapping((4,)), "chunk": 4}, {"bits": "signed"}]
)
def test_weights_are_those_of_the_index_in_another_order(choices):
    plain, shuffled = model("index", **choices), model("shuffled", **choices)
    chunk, n = choices.get("chunk", 1), plain.generator.mapping.n
    every = plain.generator.mapping(plain.generator.scale(plain.circuits(), n)).detach()
    states = shuffled_states(n)[: -(-57 // chunk)].tolist()
    by_hand = torch.cat([every[state * chunk : (state + 1) * chunk] for state in states])[:57]
    torch.testing.assert_close(shuffled.generator.raw(), by_hand, rtol=0, atol=0)


@pytest.mark.parametrize("chunk", [1, 3])
def test_signed_weights_are_the_shuffled_ones_half_of_them_turned_around(chunk):
    shuffled, signed = model("shuffled", chunk=chunk), model("signed", chunk=chunk)
    signs = signed.generator.raw() / shuffled.generator.raw()
    torch.testing.assert_close(signs.abs(), torch.ones(57, dtype=torch.float64))
    assert 15 < (signs > 0).sum() < 42
    # The weights of a basis state have one sign.
    assert all(len(set(some.sign().tolist())) == 1 for some in signs.split(chunk))


def test_no_number_of_auto_moves_all_weights_together():
    torch.manual_seed(0)
    model = QuantumTrain(nn.Linear(60, 60).double(), depth=4, recipe="auto")

    def shares(order):
        """Of each number that moves anything, |mean change| / root mean square."""
        generator = QuantumTrain(
            nn.Linear(60, 60).double(), depth=4, recipe="auto", order=order
        ).generator
        generator.load_state_dict(model.generator.state_dict())
        changes = torch.cat(
            [
                (_shifted(generator, number, index) - generator.raw()).unsqueeze(0)
                for number in generator.parameters()
                for index in range(number.numel())
            ]
        )
        sizes = changes.square().mean(1).sqrt()
        return (changes.mean(1).abs() / sizes)[sizes > 1e-10]

    assert shares("shuffled").max() > 0.99
    assert shares("signed").max() < 0.1


@torch.no_grad()
def _shifted(generator, number, index):
    """Raw weights with one number moved a little."""
    flat = number.data.view(-1)
    own = flat[index].clone()
    flat[index] += 1e-6
    weights = generator.raw()
    flat[index] = own
    return weights


@pytest.mark.parametrize("order", ["shuffled", "signed"])
def test_gradients_of_all_numbers_against_finite_differences(order):
    shuffled = model(order, chunk=2)
    names = [name for name, _ in shuffled.generator.named_parameters()]

    def written(*numbers):
        return torch.func.functional_call(
            shuffled.generator, dict(zip(names, numbers, strict=True))
        )

    assert torch.autograd.gradcheck(written, tuple(shuffled.generator.parameters()))


@pytest.mark.filterwarnings(
    "ignore:.*torch.jit.script.*:DeprecationWarning"
)  # inside torch.func.jacfwd
def test_derivatives_of_every_kind_are_index_selects():
    states = shuffled_states(4)
    rows = torch.randn(3, 16, 2, dtype=torch.float64, requires_grad=True)

    def mine(values):
        return reordered(values, states, states.argsort()).square()

    def plain(values):
        return values.index_select(-2, states).square()

    checks = {
        "check_forward_ad": True,
        "check_batched_grad": True,
        "check_batched_forward_grad": True,
    }
    assert torch.autograd.gradcheck(mine, rows, **checks)
    assert torch.autograd.gradgradcheck(mine, rows)
    torch.testing.assert_close(torch.func.vmap(mine)(rows), plain(rows))
    for transform in (torch.func.jacrev, torch.func.jacfwd):
        torch.testing.assert_close(transform(mine)(rows.detach()), transform(plain)(rows.detach()))


@pytest.mark.parametrize("order", ["shuffled", "signed"])
def test_seeds_in_lockstep_are_the_seeds_alone(order):
    models = [model(order, seed) for seed in range(3)]
    inputs = torch.randn(4, 5, dtype=torch.float64)
    torch.testing.assert_close(
        Lockstep(models)(inputs), torch.stack([one(inputs) for one in models])
    )


def test_the_start_of_the_target_is_that_of_every_order():
    torch.manual_seed(1)
    target = network()
    written = QuantumTrain(target, depth=2, order="shuffled").generate()
    for name, tensor in target.named_parameters():
        torch.testing.assert_close(written[name].mean(), tensor.mean())
        torch.testing.assert_close(written[name].std(), tensor.std())


def test_it_is_a_choice_of_the_recipe():
    assert (
        QuantumTrain(network(), depth=2, recipe=Recipe(order="shuffled")).generator.order.name
        == "shuffled"
    )
    assert (
        QuantumTrain(
            network(), depth=2, recipe=Recipe(order="shuffled"), order="index"
        ).generator.order.name
        == "index"
    )
    with pytest.raises(ArgumentError, match="`order` must be one of index, shuffled"):
        QuantumTrain(network(), depth=2, order="random")


def test_a_discretised_model_keeps_it():
    assert model("shuffled").discretize(1).generator.order.name == "shuffled"


def test_a_file_keeps_it_and_one_from_before_has_the_index(tmp_path):
    for order in ("index", "shuffled", "signed"):
        first = model(order)
        first.save_generator(tmp_path / order)
        again = QuantumTrain.from_generator(tmp_path / order, network())
        assert torch.equal(first.generator(), again.generator())
    with safe_open(tmp_path / "index", framework="pt") as file:
        header = json.loads(file.metadata()[KEY])
    del header["choices"]["order"], header["digest"]
    numbers = load_file(tmp_path / "index")
    header["digest"] = _digest(header, numbers)
    save_file(numbers, tmp_path / "old", {KEY: json.dumps(header)})
    old = QuantumTrain.from_generator(tmp_path / "old", network())
    assert torch.equal(old.generator(), model("index").generator())
