"""Copies, pickles and states of optimisers."""

import copy
import pickle

import pytest
import torch
from torch import nn

from diffqas import QuantumTrain
from diffqas.errors import ArgumentError
from diffqas.optim import SOAP, Kalman, recommended

torch.manual_seed(0)
X = torch.randn(20, 3)
Y = X.sum(1, keepdim=True)


def line(inputs=3):
    torch.manual_seed(0)
    return nn.Linear(inputs, 1)


def step(network, optimizer):
    """One step of any of them."""
    if isinstance(optimizer, Kalman):
        optimizer.step(lambda: network(X) - Y)
        return
    optimizer.zero_grad()
    (network(X) - Y).square().mean().backward()
    optimizer.step()


def soap(network):
    return SOAP(network.parameters(), lr=0.05, warm_up=2)


def kalman(network):
    return Kalman(network.parameters(), steps=9)


def falling_soap(network):
    return recommended([{"params": list(network.parameters()), "lr": 0.05}], steps=9)


def falling_adam(network):
    # What is never in the graph makes many numbers of a few.
    idle = nn.Parameter(torch.zeros(2048))
    return recommended([{"params": [*network.parameters(), idle], "lr": 0.05}], steps=9)


EVERY = [soap, kalman, falling_soap, falling_adam]


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize("way", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))])
def test_a_copy_goes_on_alike_and_apart(make, way):
    network = line()
    optimizer = make(network)
    for _ in range(3):
        step(network, optimizer)
    # twice: a copy of a copy
    other, copied = way(way((network, optimizer)))
    before = other.weight.clone()
    for _ in range(4):
        step(network, optimizer)
    assert torch.equal(other.weight, before)
    for _ in range(4):
        step(other, copied)
    assert torch.equal(other.weight, network.weight)
    assert not torch.equal(other.weight, before)
    assert [g["lr"] for g in copied.param_groups] == [g["lr"] for g in optimizer.param_groups]


def test_a_copy_of_a_recommended_one_ends_at_a_rate_of_zero():
    model = QuantumTrain(line(), depth=2, recipe="auto")
    optimizer = copy.deepcopy(model.optimizer(steps=3))
    for _ in range(3):
        optimizer.step()
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0, 0, 0])


@pytest.mark.parametrize("make", [soap, kalman])
def test_the_state_of_another_optimiser_is_refused(make):
    network = line()
    optimizer, name = make(network), make(network).__class__.__name__
    for other in (torch.optim.Adam(network.parameters()), soap(network), kalman(network)):
        if type(other) is not type(optimizer):
            with pytest.raises(ArgumentError, match=f"`state_dict` must be that of a {name}, but"):
                optimizer.load_state_dict(other.state_dict())


@pytest.mark.parametrize("make", [soap, kalman])
def test_the_state_of_other_numbers_is_refused(make):
    larger = make(line(5))
    optimizer = make(line())
    before = optimizer.state_dict()["shared"]
    with pytest.raises(ArgumentError, match=r"of as many numbers: .* but got the shape \(6"):
        optimizer.load_state_dict(larger.state_dict())
    torch.testing.assert_close(optimizer.state_dict()["shared"], before)


def test_rates_fall_from_the_state_of_an_optimiser_whose_rates_do_not():
    network = line()
    optimizer = falling_soap(network)
    optimizer.load_state_dict(soap(network).state_dict())
    for _ in range(9):
        step(network, optimizer)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0)


@pytest.mark.parametrize("make", [soap, kalman])
def test_complex_numbers_are_refused(make):
    network = nn.Linear(3, 1, dtype=torch.complex64)
    with pytest.raises(ArgumentError, match="`params` must be real numbers"):
        make(network)


@pytest.mark.parametrize("make", [soap, kalman])
def test_sparse_gradients_are_those_of_dense_ones(make):
    rows = torch.tensor([1, 3])
    found = []
    for sparse in (False, True):
        torch.manual_seed(0)
        table = nn.Embedding(5, 2, sparse=sparse)
        optimizer = make(table)
        if isinstance(optimizer, Kalman):
            optimizer.step(lambda table=table: table(rows) - 1)
        else:
            (table(rows) - 1).square().sum().backward()
            optimizer.step()
        found.append(table.weight.detach())
    torch.testing.assert_close(*found)
