"""A checksum of the samples that a run works on."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import torch

from diffqas.agents import EnvironmentTask
from diffqas.searches.data_sets import OWN_SERIES, task_kind, task_names
from diffqas.tasks import Task

if TYPE_CHECKING:
    from diffqas.searches.config import RunConfig


def fingerprint(task: Task | EnvironmentTask) -> str | None:
    """SHA-256 over shapes, types and values of all samples, as they were read; None of an
    environment.

    >>> from diffqas.searches.data_sets import load_task
    >>> bessel, narma = load_task("bessel"), load_task("narma5")
    >>> fingerprint(bessel) == fingerprint(load_task("bessel")) != fingerprint(narma)
    True
    """
    if isinstance(task, EnvironmentTask):
        return None
    digest = hashlib.sha256()
    for name, part in task.parts.items():
        for what, tensor in (("inputs", part.inputs), ("targets", part.targets)):
            digest.update(f"{name} {what} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
            digest.update(tensor.detach().cpu().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def generated(config: RunConfig) -> bool:
    """Whether a run's samples are computed, not read: another machine may round their last digit
    otherwise.
    """
    known = config.dataset in task_names()
    return known and task_kind(config.dataset) == "series" and config.dataset != OWN_SERIES
