"""A last batch of a single sample, which batch normalisation cannot train on."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from diffqas.errors import ArgumentError
from diffqas.tasks import Task


def check_short_batch(
    population: object, task: Task, batch_size: int, parts: Iterable[int]
) -> None:
    """Refuse a batch size that leaves a batch of one sample to batch normalisation.

    Args:
        population: the seeds' models.
        task: it makes the target, which is tried on one sample.
        batch_size: the number of samples of one step.
        parts: the sizes of the parts of the data that are cut into batches.

    Raises:
        ArgumentError: there is such a batch; the message suggests a size that leaves none.
    """
    counts = [count for count in parts if count % batch_size == 1 or batch_size == 1]
    if not counts or not _normalises(population):
        return
    one = task.train.inputs[:1].cpu()
    with torch.random.fork_rng(devices=[]):
        target = task.target()
        if one.is_floating_point():
            target = target.to(one.dtype)
        try:
            target.train()(one)
        except ValueError as error:  # torch raises it for one value per channel
            if "more than 1 value per channel" not in str(error):
                raise
        else:
            return  # one sample was enough: an image has many values per channel
    better = f"such as {_better(counts[0], batch_size)} for {counts[0]}"
    raise ArgumentError(
        "Argument `batch_size` must leave no batch of a single sample to a target with batch "
        f"normalisation, {better}, but got {batch_size}."
    )


def _normalises(population: object) -> bool:
    if not isinstance(population, nn.Module):
        return False
    return any(isinstance(module, _BatchNorm) for module in population.modules())


def _better(count: int, batch_size: int) -> int:
    """The next larger size that leaves no single sample."""
    size = max(2, batch_size + 1)
    while count % size == 1:
        size += 1
    return size
