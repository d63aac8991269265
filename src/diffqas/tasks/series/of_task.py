"""The windows of a task of your own, if it is made of the successive windows of one series."""

from __future__ import annotations

import torch

from diffqas.tasks.series.windows import SeriesData
from diffqas.tasks.task import Task


def windows_of(task: Task) -> SeriesData | None:
    """Its samples as windows, in their own units; None where a target is not what the next window
    shows as its last.

    >>> from diffqas.tasks.series import load_series
    >>> from diffqas.tasks.series.task import series_task
    >>> data = windows_of(series_task(load_series("bessel")))
    >>> data.count, data.window, data.boundary
    (251, 4, 168)
    """
    inputs = torch.cat([task.train.inputs, task.test.inputs]).double()
    inputs = inputs.squeeze(-1) if inputs.ndim == 3 else inputs
    targets = torch.cat([task.train.targets, task.test.targets]).double()
    flat = task.kind == "series" and inputs.ndim == 2 and targets.ndim == 1
    if (
        not flat
        or not torch.equal(inputs[1:, :-1], inputs[:-1, 1:])
        or not torch.equal(inputs[1:, -1], targets[:-1])
    ):
        return None
    return SeriesData(
        task.name, inputs.numpy(), targets.numpy(), len(task.train), offset=inputs.shape[1]
    )
