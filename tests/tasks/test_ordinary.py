"""The ordinary network of a task is of its family, and the largest that a budget allows."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from diffqas.errors import ArgumentError
from diffqas.tasks import (
    SeriesLSTM,
    SmallCNN,
    SmallMLP,
    Split,
    Task,
    image_task,
    load_images,
    load_series,
    ordinary_network,
    series_task,
)

BESSEL = series_task(load_series("bessel"))


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def own(sample: tuple[int, ...], target: nn.Module, **changes) -> Task:
    part = Split(torch.zeros(4, *sample), torch.zeros(4))
    task = Task("own", part, part, lambda: target, mse_loss, {"mse": mse_loss}, {})
    return replace(task, **changes)


def images(channels: int, classes: int) -> Task:
    head = nn.Sequential(nn.Flatten(), nn.Linear(channels * 64, classes))
    return own((channels, 8, 8), head, kind="images", loss=cross_entropy)


@given(st.integers(14, 3_000))
def test_the_lstm_is_the_largest_that_fits(numbers):
    found = ordinary_network(BESSEL, numbers)
    network = found.make()
    assert isinstance(network, SeriesLSTM)
    assert (
        found.numbers == count(network) <= numbers < count(SeriesLSTM(1, network.hidden_size + 1))
    )
    assert found.name == f"LSTM, hidden {network.hidden_size}"


@given(st.integers(100, 3_000), st.integers(1, 3), st.integers(2, 10))
def test_the_convolutional_network_is_the_largest_that_fits(numbers, channels, classes):
    task = images(channels, classes)
    found = ordinary_network(task, numbers)
    network = found.make()
    assert isinstance(network, SmallCNN)
    assert found.numbers == count(network) <= numbers
    width = network[0].out_channels
    assert count(SmallCNN(width + 1, classes, channels)) > numbers
    assert network(task.train.inputs).shape == (4, classes)


@given(st.integers(1, 12), st.lists(st.integers(1, 3), max_size=2), st.integers(1, 400))
def test_the_perceptron_predicts_what_the_target_does(size, shape, numbers):
    outputs = math.prod(shape)
    target = nn.Sequential(nn.Linear(size, outputs), Reshaped(tuple(shape)))
    task = own((size,), target)
    # One output: a linear layer is the smallest; several: it may be a single hidden unit.
    least = min(SmallMLP.count(size, hidden, outputs) for hidden in (0, 1))
    if numbers < least:
        with pytest.raises(ArgumentError, match="`numbers` must be at least"):
            ordinary_network(task, numbers)
        return
    found = ordinary_network(task, numbers)
    network = found.make()
    assert found.numbers == count(network) <= numbers
    assert network(task.train.inputs).shape == (4, *shape)


class Reshaped(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.reshape(len(x), *self.shape)


def test_known_sizes():
    digits = image_task(load_images("digits"))
    pair = images(1, 2)
    found = {
        "series": ordinary_network(BESSEL, 135),
        "digits": ordinary_network(digits, 296),
        "pair": ordinary_network(pair, 286),
        "wine": ordinary_network(own((13,), nn.Linear(13, 3)), 135),
    }
    assert {name: (network.name, network.numbers) for name, network in found.items()} == {
        "series": ("LSTM, hidden 4", 101),
        "digits": ("convolutional network, width 3", 244),
        "pair": ("convolutional network, width 4", 222),
        "wine": ("MLP, hidden 7", 122),
    }


def test_a_series_of_several_values_has_an_lstm_of_as_many():
    class Last(nn.Module):
        def forward(self, x):
            return x[:, -1, 0]

    found = ordinary_network(own((6, 3), Last(), kind="series"), 200)
    assert found.make().input_size == 3
    assert found.make()(torch.zeros(4, 6, 3)).shape == (4,)


def test_the_networks_leave_the_random_state():
    task = own((3,), nn.Linear(3, 1), small=lambda numbers: nn.Linear(3, 1))
    before = torch.get_rng_state()
    ordinary_network(BESSEL, 135)
    ordinary_network(task, 9)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_task_may_bring_its_own():
    asked = []

    def small(numbers):
        asked.append(numbers)
        return nn.Linear(3, 1)

    task = own((3,), nn.Linear(3, 1), small=small)
    found = ordinary_network(task, 50)
    assert (found.name, found.numbers, set(asked)) == ("small Linear", 4, {50})
    with pytest.raises(ArgumentError, match="`small` must give a network of at most 3 weights"):
        ordinary_network(task, 3)


@pytest.mark.parametrize(
    ("task", "numbers", "words"),
    [
        (BESSEL, 13, "`numbers` must be at least 14 for an LSTM of this task, but got 13"),
        (BESSEL, 0, "`numbers` must be at least 1"),
        (images(1, 2), 20, "at least 30 for a convolutional network"),
        (own((784,), nn.Linear(784, 2)), 286, "at least 789 for a single hidden unit"),
        (own((784,), nn.Linear(784, 1)), 286, "at least 785 for a linear layer"),
    ],
)
def test_too_few_numbers_are_told(task, numbers, words):
    with pytest.raises(ArgumentError, match=words):
        ordinary_network(task, numbers)


def test_words_by_their_index_need_a_network_of_the_person():
    embedded = nn.Sequential(nn.Embedding(5, 2), nn.Flatten(), nn.Linear(8, 1))
    task = own((4,), embedded)
    part = Split(torch.zeros(4, 4, dtype=torch.long), torch.zeros(4))
    with pytest.raises(ArgumentError, match="come with `small=` where samples are no real numbers"):
        ordinary_network(replace(task, train=part), 500)
