"""The tasks of the benchmark as plain tensors: three parts, few inputs, one loss per model.

A circuit of four qubits takes four numbers. Wider rows are projected on the four leading principal
components of the training rows, each divided by its standard deviation there, so that nothing in
front of the circuit has to be trained and every architecture sees the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from diffqas.errors import choose
from diffqas.strategies.catalogue import HELD_OUT, TASKS
from diffqas.tasks import load_images, load_named, load_series

Floats = NDArray[np.float64]

FOLDS = 5
"""Folds of a table; seed s has fold s modulo 5."""


@dataclass(frozen=True, eq=False)
class Part:
    """Samples: inputs (count, inputs) and targets (count,)."""

    inputs: Tensor
    targets: Tensor


@dataclass(frozen=True, eq=False)
class Problem:
    """A task of the benchmark as one seed sees it.

    Attributes:
        train: samples to learn from.
        validation: samples that a searcher may look at.
        test: samples that only the final judgement looks at.
        classes: how many; 0: values are predicted, by the mean squared error.
    """

    train: Part
    validation: Part
    test: Part
    classes: int

    @property
    def outputs(self) -> int:
        """Numbers that a model gives for a sample."""
        return max(1, self.classes)

    def losses(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of every model: (models, batch, outputs), (batch,) -> (models,).

        The cross-entropy of classes, the mean squared error of values.
        """
        if not self.classes:
            return (predictions.squeeze(-1) - targets).square().mean(1)
        models, batch, _ = predictions.shape
        repeated = targets.expand(models, batch).flatten()
        each = cross_entropy(predictions.flatten(0, 1), repeated, reduction="none")
        return each.view(models, batch).mean(1)

    def figures(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """What people read, (models,): the accuracy of classes, the mean squared error."""
        if not self.classes:
            return self.losses(predictions, targets)
        return (predictions.argmax(-1) == targets).float().mean(1)


def principal(train: Floats, test: Floats, count: int) -> tuple[Floats, Floats]:
    """Both parts in the leading principal components of the first, each of variance 1 there.

    >>> rows = np.random.default_rng(0).normal(size=(50, 6))
    >>> found, _ = principal(rows, rows[:3], 4)
    >>> np.allclose(found.T @ found / 50, np.eye(4))
    True
    """
    centre = train.mean(0)
    _, sizes, axes = np.linalg.svd(train - centre, full_matrices=False)
    # An axis is known up to its sign: the largest entry is made positive on every machine.
    leading = axes[:count]
    largest = np.abs(leading).argmax(1)
    signs = np.sign(leading[np.arange(count), largest])
    basis = (signs[:, None] * leading).T / (sizes[:count] / np.sqrt(len(train)))
    return (train - centre) @ basis, (test - centre) @ basis


def _table(name: str, seed: int) -> Problem:
    data = load_named(name, fold=seed % FOLDS)
    rows = data.train_inputs, data.test_inputs
    if rows[0].shape[1] > 4:
        rows = principal(*rows, 4)
    targets = data.train_targets.astype(np.int64), data.test_targets.astype(np.int64)
    return _split(rows, targets, data.outputs)


def _series(name: str, seed: int) -> Problem:
    """Windows of four values and the next one, both standardised by the training windows."""
    data = load_series(name)
    inputs, targets, cut = data.inputs, data.targets, data.boundary
    inputs = (inputs - inputs[:cut].mean()) / inputs[:cut].std()
    targets = (targets - targets[:cut].mean()) / targets[:cut].std()
    return _split((inputs[:cut], inputs[cut:]), (targets[:cut], targets[cut:]), 0)


def _digits(components: int | None, seed: int) -> Problem:
    """Images of 8x8 pixels, as so many principal components or as they are."""
    data = load_images("digits")
    pixels = [_flat(images) for images in (data.train_images, data.test_images)]
    rows = pixels[0], pixels[1]
    if components is not None:
        rows = principal(*rows, components)
    return _split(rows, (data.train_labels, data.test_labels), 10)


def _flat(images: NDArray[np.float32]) -> Floats:
    return images.reshape(len(images), -1).astype(np.float64)


def _split(rows: tuple[Floats, Floats], targets: tuple[NDArray, NDArray], classes: int) -> Problem:
    """Hold out the last training samples: of a series those nearest to the test part."""
    inputs, tested = (torch.from_numpy(part).float() for part in rows)
    labels, wanted = (_targets(part, classes) for part in targets)
    cut = len(inputs) - round(HELD_OUT * len(inputs))
    return Problem(
        Part(inputs[:cut], labels[:cut]),
        Part(inputs[cut:], labels[cut:]),
        Part(tested, wanted),
        classes,
    )


def _targets(values: NDArray, classes: int) -> Tensor:
    found = torch.from_numpy(np.ascontiguousarray(values))
    if classes:
        return found.long()
    return found.float()


LOADERS: Mapping[str, Callable[[int], Problem]] = MappingProxyType(
    {
        "wine": partial(_table, "wine"),
        "iris": partial(_table, "iris"),
        "moons": partial(_table, "moons"),
        "breast-cancer": partial(_table, "breast-cancer"),
        "digits": partial(_digits, 4),
        "bessel": partial(_series, "bessel"),
        "narma10": partial(_series, "narma10"),
        "digits-weights": partial(_digits, None),
    }
)
"""(seed) -> samples, by the names of `TASKS`."""


def problem(task: str, seed: int) -> Problem:
    """The samples of a task as a seed sees them.

    Raises:
        ArgumentError: there is no such task.
        DataError: scikit-learn is missing (extra `tables`).

    >>> found = problem("bessel", 0)
    >>> tuple(found.train.inputs.shape), len(found.validation.targets), found.classes
    ((134, 4), 34, 0)
    """
    return LOADERS[choose(task, TASKS, "task")](seed)
