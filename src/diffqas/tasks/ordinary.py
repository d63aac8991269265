"""The ordinary small network of a task: as many weights as a search trains numbers.

A network that a generator writes from a few hundred numbers should be compared with an ordinary one
of a few hundred weights. This network is

- for a series the `SeriesLSTM` with the largest hidden size that has at most so many weights;
- for images the `SmallCNN` with the most channels;
- for a task with a `small`, the network that this function makes;
- for any other task, such as a table, the `SmallMLP` with the most hidden units, or a linear layer
  if one hidden unit would be too many.

`training.choose_rate` chooses its learning rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from diffqas.architecture import forked_draws
from diffqas.errors import ArgumentError, require
from diffqas.tasks.images import SmallCNN
from diffqas.tasks.series import SeriesLSTM
from diffqas.tasks.task import Task

FEW = 2
"""Samples that the target predicts, to see what an output is."""
LEAST_PIXELS = 4
"""Height and width from which on a `SmallCNN` has something to average."""


@dataclass(frozen=True)
class OrdinaryNetwork:
    """An ordinary network, whose weights are trained themselves.

    Attributes:
        name: a short description, such as `LSTM, hidden 4`.
        numbers: the number of its weights, all of which are trained.
        make: a function that makes a fresh network.
    """

    name: str
    numbers: int
    make: Callable[[], nn.Module]


class SmallMLP(nn.Module):
    """A perceptron with one hidden layer of tanh, inputs (batch, ...) -> (batch, *shape).

    Args:
        inputs: the numbers of one sample, whose dimensions are flattened.
        hidden: the units of the hidden layer; 0: a single linear layer.
        shape: the shape of one output; empty: a single number.

    Raises:
        ArgumentError: `inputs` is below 1 or `hidden` below 0.

    >>> SmallMLP(13, 7, (3,))(torch.zeros(5, 13)).shape, SmallMLP.count(13, 7, 3)
    (torch.Size([5, 3]), 122)
    """

    def __init__(self, inputs: int, hidden: int, shape: tuple[int, ...] = ()) -> None:
        super().__init__()
        require(inputs >= 1, "inputs", "be at least 1", inputs)
        require(hidden >= 0, "hidden", "not be negative", hidden)
        self.shape = shape
        outputs = math.prod(shape)
        if hidden == 0:
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(inputs, outputs))
        else:
            first, second = nn.Linear(inputs, hidden), nn.Linear(hidden, outputs)
            self.layers = nn.Sequential(nn.Flatten(), first, nn.Tanh(), second)

    def forward(self, inputs: Tensor) -> Tensor:
        """One output of the shape per sample."""
        return self.layers(inputs).reshape(len(inputs), *self.shape)

    @staticmethod
    def count(inputs: int, hidden: int, outputs: int = 1) -> int:
        """How many weights it has."""
        if hidden == 0:
            return (inputs + 1) * outputs
        return (inputs + 1) * hidden + (hidden + 1) * outputs


def largest_size(count: Callable[[int], int], numbers: int) -> int:
    """The largest size of at least 1 whose count is at most `numbers`; 0 if there is none.

    >>> largest_size(SeriesLSTM.count, 135)
    4
    """
    size = 0
    while count(size + 1) <= numbers:
        size += 1
    return size


def ordinary_network(task: Task, numbers: int) -> OrdinaryNetwork:
    """The ordinary network of a task's family with at most so many weights.

    Args:
        task: what it is to learn.
        numbers: the most that it may have.

    Raises:
        ArgumentError: no network of the family is so small, or that of `task.small` does not fit.

    >>> from diffqas.tasks import load_series, series_task
    >>> found = ordinary_network(series_task(load_series("bessel")), 135)
    >>> found.name, found.numbers
    ('LSTM, hidden 4', 101)
    """
    require(numbers >= 1, "numbers", "be at least 1", numbers)
    if task.small is not None:
        return _of_the_person(task, task.small, numbers)
    shape = output_shape(task)
    sample = task.train.inputs.shape[1:]
    if task.kind == "series" and shape == () and len(sample) in (1, 2):
        return _lstm(1 if len(sample) == 1 else sample[1], numbers)
    is_image = len(sample) == 3 and min(sample[1:]) >= LEAST_PIXELS
    if task.kind == "images" and is_image and len(shape) == 1:
        return _cnn(sample[0], shape[0], numbers)
    return _mlp(task, shape, numbers)


def _lstm(features: int, numbers: int) -> OrdinaryNetwork:
    count = partial(SeriesLSTM.count, input_size=features)
    hidden = largest_size(count, numbers)
    _require_one(hidden, "an LSTM", count(1), numbers)
    make = partial(SeriesLSTM, features, hidden)
    return OrdinaryNetwork(f"LSTM, hidden {hidden}", count(hidden), make)


def _cnn(channels: int, classes: int, numbers: int) -> OrdinaryNetwork:
    count = partial(SmallCNN.count, classes=classes, channels=channels)
    width = largest_size(count, numbers)
    _require_one(width, "a convolutional network", count(1), numbers)
    make = partial(SmallCNN, width, classes, channels)
    return OrdinaryNetwork(f"convolutional network, width {width}", count(width), make)


def _mlp(task: Task, shape: tuple[int, ...], numbers: int) -> OrdinaryNetwork:
    inputs = task.train.inputs
    rule = "come with `small=` where samples are no real numbers, such as words by their index"
    require(inputs.is_floating_point(), "task", rule, f"inputs of {inputs.dtype}")
    size, outputs = inputs[0].numel(), math.prod(shape)

    def count(hidden: int) -> int:
        return SmallMLP.count(size, hidden, outputs)

    hidden = largest_size(count, numbers)
    if hidden == 0:
        return _linear(size, shape, numbers)
    make = partial(SmallMLP, size, hidden, shape)
    return OrdinaryNetwork(f"MLP, hidden {hidden}", count(hidden), make)


def _linear(size: int, shape: tuple[int, ...], numbers: int) -> OrdinaryNetwork:
    """A linear layer, where a hidden unit would be too many: it is smaller with one output."""
    outputs = math.prod(shape)
    alone, unit = (SmallMLP.count(size, hidden, outputs) for hidden in (0, 1))
    if unit < alone:
        _require_one(0, "a single hidden unit", unit, numbers)
    _require_one(int(alone <= numbers), "a linear layer", alone, numbers)
    return OrdinaryNetwork("linear layer", alone, partial(SmallMLP, size, 0, shape))


def _of_the_person(task: Task, small: Callable[[int], nn.Module], numbers: int) -> OrdinaryNetwork:
    """What the task's own `small` gives, counted."""
    with forked_draws():
        network = small(numbers)
    found = sum(parameter.numel() for parameter in network.parameters())
    rule = f"give a network of at most {numbers:,} weights"
    require(1 <= found <= numbers, "small", rule, f"{found:,}")
    name = f"small {type(network).__name__}"
    return OrdinaryNetwork(name, found, partial(small, numbers))


def output_shape(task: Task) -> tuple[int, ...]:
    """The shape of the target's prediction of one sample."""
    inputs = task.train.inputs[:FEW]
    with forked_draws(), torch.no_grad():
        network = task.target().to(inputs.device)
        if inputs.is_floating_point():
            network = network.to(inputs.dtype)
        prediction = network.eval()(inputs)
    return tuple(prediction.shape[1:])


def _require_one(size: int, family: str, least: int, numbers: int) -> None:
    """Refuse a size of 0: not even the smallest of a family fits."""
    if size == 0:
        raise ArgumentError(
            f"Argument `numbers` must be at least {least:,} for {family} of this task, "
            f"but got {numbers:,}."
        )
