"""Fresh models for a task, one per seed."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from diffqas.circuits import TABLE_I, Candidate, SearchSpace
from diffqas.quantum_train import Mapping, QuantumTrain
from diffqas.tasks.settings import Settings
from diffqas.tasks.task import Task


def make_models(
    task: Task,
    settings: Settings,
    seeds: Iterable[int],
    *,
    candidates: SearchSpace | Iterable[Candidate] = TABLE_I,
    sharing: str = "shared",
    mapping: str | Mapping = "linear",
    chunk: int = 1,
) -> list[QuantumTrain]:
    """One `QuantumTrain` per seed, in the dtype of the task's inputs; a seed decides its start alone.

    The global random state is left as it was.
    """
    models = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            target = task.target()
            model = QuantumTrain(
                target,
                settings.depth,
                candidates,
                sharing=sharing,
                mapping=mapping,
                chunk=chunk,
                recipe=settings.recipe,
            )
        models.append(model.to(task.train.inputs.device, task.train.inputs.dtype))
    return models
