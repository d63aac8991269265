"""The tensor train against the plain product of its matrices, and against the linear mapping that
it contains.
"""

import pytest
import torch
from torch import nn

from diffqas.quantum_train import LinearMapping, QuantumTrain, TensorTrainMapping

exact = {"rtol": 1e-12, "atol": 1e-12}
CODES = {"signed": (-1.0, 1.0), "binary": (0.0, 1.0)}


def by_hand(mapping, scaled):
    """One basis state after the other, one matrix after the other."""
    weights = []
    for state in range(2**mapping.n):
        first, *others = (int(bit) for bit in format(state, f"0{mapping.n}b"))
        row = mapping.first[first]
        for site, bit in enumerate(others):
            row = row @ mapping.inner[site, bit]
        base, slope = mapping.last
        weights += [
            row @ (base[place] + scaled[state] * slope[place]) for place in range(mapping.chunk)
        ]
    return torch.stack(weights)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("chunk", [1, 3])
@pytest.mark.parametrize("bond", [1, 2, 5])
def test_values_and_gradients_are_those_of_the_product(n, chunk, bond):
    mapping = TensorTrainMapping(bond).make(n, chunk).double()
    scaled = torch.randn(2**n, dtype=torch.float64, requires_grad=True)
    fast, slow = mapping(scaled), by_hand(mapping, scaled)
    torch.testing.assert_close(fast, slow, **exact)
    inputs = [scaled, *(beta for beta in mapping.parameters() if beta.numel())]
    cotangent = torch.randn_like(slow)
    expected = torch.autograd.grad(slow, inputs, cotangent)
    for got, want in zip(torch.autograd.grad(fast, inputs, cotangent), expected, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-9, atol=1e-9)
        assert want.abs().max() > 0


@pytest.mark.parametrize("n", [1, 2, 6])
@pytest.mark.parametrize("bits", CODES)
def test_a_train_of_bond_two_holds_every_linear_mapping(n, bits):
    linear = LinearMapping().make(n, 1, bits).double()
    train = TensorTrainMapping(2).make(n, 1, bits).double()
    (*slopes, gamma), bias = linear.weight.detach()[0].tolist(), linear.bias.item()
    with torch.no_grad():
        for bit, code in enumerate(CODES[bits]):
            train.first[bit] = torch.tensor([1.0, slopes[0] * code])  # a one, and the sum so far
            for site, slope in enumerate(slopes[1:]):
                train.inner[site, bit] = torch.tensor([[1.0, slope * code], [0.0, 1.0]])
        train.last.copy_(torch.tensor([[[bias, 1.0]], [[gamma, 0.0]]]))
    scaled = torch.randn(2**n, dtype=torch.float64)
    torch.testing.assert_close(train(scaled), linear(scaled), **exact)


@pytest.mark.parametrize(("n", "bond"), [(4, 1), (4, 6), (11, 4)])
def test_weights_start_at_size_one_whatever_the_number_of_qubits(n, bond):
    torch.manual_seed(0)
    mapping = TensorTrainMapping(bond).make(n, lead=(1000,))
    squares = mapping(torch.zeros(2**n).expand(len(mapping.first), -1)).detach().square()
    assert squares.mean() == pytest.approx(1.0, rel=0.2)


def test_no_tensor_of_states_times_bond_is_kept_for_the_gradient():
    n, bond = 14, 16
    mapping = TensorTrainMapping(bond).make(n)
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    scaled = torch.rand(2**n, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        mapping(scaled).square().sum().backward()
    # Base and slope, the probabilities, the weights themselves; the halves are small.
    assert sum(kept.values()) < 4 * 2**n * 6


def test_a_saved_generator_comes_back(tmp_path):
    target = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    model = QuantumTrain(target, depth=2, mapping=TensorTrainMapping(3), chunk=4)
    model.save_generator(tmp_path / "generator.safetensors")
    again = QuantumTrain.from_generator(tmp_path / "generator.safetensors", target)
    assert again.generator.mapping.choice == TensorTrainMapping(3)
    for name, tensor in model.generate().items():
        assert torch.equal(tensor, again.generate()[name])
