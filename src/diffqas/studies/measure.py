"""One cell: a row trained on one data set, as the JSON object that the study stores."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import torch

from diffqas.errors import RunError
from diffqas.studies.rows import ReferenceRow, Row, TrainedRow
from diffqas.tasks.registry import load_task
from diffqas.tasks.series import load_series
from diffqas.training import Population, Training

Samples = dict[str, Any]
"""Predictions by epoch (finished seeds, count), the truth, and the number of training samples."""


def measure(study: str, row: Row, dataset: str, seeds: Sequence[int]) -> tuple[dict[str, Any], Samples | None]:
    """Compute one cell; figures are those after the last epoch.

    Returns:
        The cell, and the predictions of a row whose pictures are wanted. A seed that diverges has null
        figures and a reason under `failures`.
    """
    if isinstance(row, ReferenceRow):
        return _reference(study, row, dataset), None
    return _trained(study, row, dataset, list(seeds))


def _trained(study: str, row: TrainedRow, dataset: str, seeds: list[int]) -> tuple[dict[str, Any], Samples | None]:
    started = time.perf_counter()
    task = load_task(dataset).to("cpu", torch.float32)
    training = Training(row.populate(task, row.settings, seeds), task, row.settings, seeds)
    try:
        for _ in training.epochs():
            pass
    except RunError:
        if len(training.failures) < len(seeds):
            raise
    failures = dict(training.failures)
    for seed, value in zip(seeds, training.metrics.get("test_mse", []), strict=False):
        if not math.isfinite(value):
            failures.setdefault(seed, f"the test error is {value} after the last epoch")
    cell = {
        "study": study,
        "row": row.name,
        "dataset": dataset,
        "group": row.group,
        "circuit": row.circuit,
        "trainable": trainable(training.population, len(seeds)),
        "target": sum(parameter.numel() for parameter in task.target().parameters()),
        "deterministic": False,
        "identical": row.identical,
        "seeds": seeds,
        **{key: _figures(training, key, failures) for key in ("test_mse", "train_mse")},
        "seconds": round(time.perf_counter() - started, 3),
        "failures": {str(seed): reason for seed, reason in failures.items()},
        "paper": row.paper(dataset),
    }
    return cell, _samples(training, failures) if row.predictions else None


def _reference(study: str, row: ReferenceRow, dataset: str) -> dict[str, Any]:
    started = time.perf_counter()
    error = row.error(load_series(dataset))
    return {
        "study": study,
        "row": row.name,
        "dataset": dataset,
        "group": row.group,
        "circuit": None,
        "trainable": row.trainable,
        "target": None,
        "deterministic": True,
        "identical": None,
        "seeds": [],
        "test_mse": [error],
        "train_mse": [None],
        "seconds": round(time.perf_counter() - started, 3),
        "failures": {},
        "paper": None,
    }


def trainable(population: Population, seeds: int) -> int:
    """Trainable numbers of one seed's model: what the optimiser is given."""
    groups = population.parameter_groups(1.0)
    return sum(parameter.numel() for group in groups for parameter in group["params"]) // seeds


def _figures(training: Training[Any], key: str, failures: dict[int, str]) -> list[float | None]:
    values = training.metrics.get(key, [math.nan] * len(training.seeds))
    return [None if seed in failures else value for seed, value in zip(training.seeds, values, strict=True)]


def _samples(training: Training[Any], failures: dict[int, str]) -> Samples | None:
    kept = [index for index, seed in enumerate(training.seeds) if seed not in failures]
    if not kept:
        return None
    task = training.task
    return {
        "snapshots": {epoch: values[kept].float() for epoch, values in training.snapshots.items()},
        "truth": torch.cat([part.targets for part in task.parts.values()]).float(),
        "boundary": len(task.train),
    }
