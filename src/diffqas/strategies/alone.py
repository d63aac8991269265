"""Every architecture trained alone, many at a time, by one fixed recipe."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from diffqas.architecture import ParameterGroup
from diffqas.optim import schedule_factor
from diffqas.strategies.arrays import Singles
from diffqas.strategies.catalogue import AloneRecipe
from diffqas.strategies.problems import Part, Problem
from diffqas.strategies.spaces import TabulatedSpace
from diffqas.strategies.stacked import Stacked, stacked_models


@dataclass(frozen=True, eq=False)
class AloneFigures:
    """The figures of every architecture, trained alone with one seed.

    Attributes:
        validation: the validation losses, (architectures, checkpoints).
        test: the test losses after the last epoch, (architectures,).
        validation_figure, test_figure: accuracies or mean squared errors after the last epoch.
        train: the losses on the training part after the last epoch.
        seconds: the CPU seconds that all architectures took together.
    """

    validation: Singles
    test: Singles
    validation_figure: Singles
    test_figure: Singles
    train: Singles
    seconds: float


def train_alone(
    space: TabulatedSpace,
    numbers: Sequence[int],
    samples: Problem,
    recipe: AloneRecipe,
    seed: int,
) -> AloneFigures:
    """Train architectures side by side, each independently of the others.

    Args:
        space: the space of the architectures.
        numbers: the numbers of the architectures to train.
        samples: the task as the seed sees it.
        recipe: how to train.
        seed: it decides the start and the order of the samples, the same for all architectures.
    """
    started = time.process_time()
    inputs = samples.train.inputs.shape[1]
    models = stacked_models(space, numbers, inputs, samples.outputs, seed)
    kept: list[Singles] = []
    for epoch in epochs(models, samples, recipe, seed):
        if epoch in recipe.checkpoints:
            kept.append(_plain(_losses(models, samples, samples.validation)))
    with torch.no_grad():
        validation, test = (models(part.inputs) for part in (samples.validation, samples.test))
    return AloneFigures(
        validation=np.stack(kept, axis=1),
        test=_plain(samples.losses(test, samples.test.targets)),
        validation_figure=_plain(samples.figures(validation, samples.validation.targets)),
        test_figure=_plain(samples.figures(test, samples.test.targets)),
        train=_plain(_losses(models, samples, samples.train)),
        seconds=time.process_time() - started,
    )


class Trainable(Protocol):
    """Models of one module: their predictions of the same samples, and groups of their numbers."""

    def __call__(self, x: Tensor, /) -> Tensor:
        """Samples (batch, ...) -> (models, batch, ...)."""
        ...

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """Groups for `torch.optim`."""
        ...


def epochs(
    models: Trainable, samples: Problem, recipe: AloneRecipe, seed: int, steps: int | None = None
) -> Iterator[int]:
    """Train models, and yield the number of epochs done after each epoch.

    Args:
        models: the models.
        samples: the task.
        recipe: how to train.
        seed: it decides the order of the samples.
        steps: stop after so many steps, to measure what they cost; None trains to the end.
    """
    optimizer = torch.optim.Adam(models.parameter_groups(recipe.lr), lr=recipe.lr)
    rates = [float(group["lr"]) for group in optimizer.param_groups]
    count = len(samples.train.targets)
    per_epoch = -(-count // recipe.batch_size)
    done = 0
    for epoch in range(recipe.epochs):
        draw = torch.Generator().manual_seed(1_000 * seed + epoch)
        order = torch.randperm(count, generator=draw)
        for batch in order.split(recipe.batch_size):
            factor = schedule_factor("cosine", done / (per_epoch * recipe.epochs))
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            predictions = models(samples.train.inputs[batch])
            optimizer.zero_grad(set_to_none=True)
            # The sum, not the mean: a model's gradient does not depend on how many there are.
            samples.losses(predictions, samples.train.targets[batch]).sum().backward()
            optimizer.step()
            done += 1
            if done == steps:
                return
        yield epoch + 1


@torch.no_grad()
def _losses(models: Stacked, samples: Problem, part: Part) -> Tensor:
    return samples.losses(models(part.inputs), part.targets)


def _plain(values: Tensor) -> Singles:
    return values.detach().numpy().astype(np.float32)
