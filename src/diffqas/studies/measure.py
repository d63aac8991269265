"""One cell: a row trained on one data set, as the JSON object that the study stores."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from diffqas.agents import EnvironmentTask
from diffqas.architecture import PerLayerCircuit
from diffqas.errors import RunError
from diffqas.kinds import constant, leading
from diffqas.optimisers import Population
from diffqas.quantum_train import Lockstep
from diffqas.studies.datasets import Data, load_data, make_task
from diffqas.studies.measure_agents import measure_agents
from diffqas.studies.rows import ReferenceRow, Row, TrainedRow
from diffqas.tasks import Settings, Task
from diffqas.training import Training

Samples = dict[str, Any]
"""Predictions by epoch (finished seeds, count), the truth, and the number of training samples."""


Curve = list[list[float | None]]
"""A figure after each epoch, one entry per seed."""


def measure(
    study: str,
    row: Row,
    dataset: str,
    seeds: Sequence[int],
    data: Data | None = None,
    found: Mapping[str, Any] | None = None,
    recipe: str = "default",
) -> tuple[dict[str, Any], Samples | None]:
    """Compute one cell; figures are those after the last epoch.

    Args:
        study: its name.
        row: what to train or to evaluate.
        dataset: name of the data set.
        seeds: one model each.
        data: the data set, loaded if not given.
        found: the cell that the row needs, if it needs one.
        recipe: the study's.

    Returns:
        The cell, and the predictions of a row whose pictures are wanted. A seed that diverges has
        null figures and a reason under `failures`.
    """
    data = load_data(dataset) if data is None else data
    if isinstance(row, ReferenceRow):
        return _reference(study, row, dataset, data), None
    if isinstance(data, EnvironmentTask):
        return measure_agents(study, row, dataset, list(seeds), data), None
    if found is not None:
        row = replace(row, populate=partial(row.populate, found=found))
    return _trained(
        study, row, dataset, list(seeds), make_task(data, recipe).to("cpu", torch.float32)
    )


def _trained(
    study: str, row: TrainedRow, dataset: str, seeds: list[int], task: Task
) -> tuple[dict[str, Any], Samples | None]:
    started = time.perf_counter()
    assert isinstance(row.settings, Settings)
    task = row.on(task)
    training = Training(row.populate(task, row.settings, seeds), task, row.settings, seeds)
    epochs = []
    try:
        if not row.trains:
            training.evaluate()
            epochs.append(training.metrics)
        for record in training.epochs() if row.trains else ():
            epochs.append(record.metrics)
    except RunError:
        if len(training.failures) < len(seeds):
            raise
    failures = _failures(training)
    cell = {
        "study": study,
        "row": row.name,
        "dataset": dataset,
        "group": row.group,
        "circuit": row.circuit,
        "trainable": trainable(training.population, len(seeds)),
        "target": sum(parameter.numel() for parameter in task.target().parameters())
        if row.has_target
        else None,
        "deterministic": False,
        "identical": row.identical,
        "seeds": seeds,
        **{key: _figures(training, key, failures) for key in _keys(task)},
        "seconds": round(time.perf_counter() - started, 3),
        "failures": {str(seed): reason for seed, reason in failures.items()},
        "paper": row.paper(dataset),
    }
    if row.ranked:
        assert isinstance(training.population, Lockstep)
        cell["structure"] = structure(training.population)
    if row.structure:
        cell |= circuits_found(training.population)
    if task.kind == "images":
        cell["curves"] = {key: _curve(task, key, epochs) for key in _keys(task)}
        return cell, None
    return cell, _samples(training, failures) if row.predictions else None


def _reference(study: str, row: ReferenceRow, dataset: str, data: Data) -> dict[str, Any]:
    started = time.perf_counter()
    metric = "reward" if isinstance(data, EnvironmentTask) else next(iter(make_task(data).metrics))
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
        f"test_{metric}": [row.figure(data)],
        f"train_{metric}": [None],
        "seconds": round(time.perf_counter() - started, 3),
        "failures": {},
        "paper": None,
    }


def structure(population: Lockstep) -> dict[str, Any]:
    """What each seed of a search found: weights of the candidates, and the place of the leading one
    that is live.
    """
    best = [leading(ranking, constant) for ranking in population.rankings()]
    return {
        "candidates": list(population.circuits.candidates.names),
        "weights": population.structural_weights.tolist(),
        "leading": [entry.indices[0] for entry in best],
    }


def circuits_found(population: Any) -> dict[str, Any]:
    """What a cell keeps of a search: structural weights of each seed, and of a search of every
    layer its circuit.

    `structural_weights` is (seeds, candidates) or (seeds, depth * candidates), layer by layer;
    `layers` names the candidate of each layer.
    """
    circuits = getattr(population, "circuits", None)
    weights = {
        "structural_weights": [
            [round(w, 6) for w in row] for row in population.structural_weights.tolist()
        ]
    }
    if not isinstance(circuits, PerLayerCircuit):
        return weights
    return weights | {
        "layers": [[candidate.name for candidate in circuit] for circuit in circuits.found]
    }


def trainable(population: Population, seeds: int) -> int:
    """Trainable numbers of one seed's model: what the optimiser is given."""
    groups = population.parameter_groups(1.0)
    return sum(parameter.numel() for group in groups for parameter in group["params"]) // seeds


def _keys(task: Task) -> list[str]:
    """Names of a cell's figures, the compared one first."""
    return [f"{part}_{metric}" for metric in task.metrics for part in ("test", "train")]


def _failures(training: Training[Any]) -> dict[int, str]:
    failures = dict(training.failures)
    for key, values in training.metrics.items():
        for seed, value in zip(training.seeds, values, strict=True):
            if key.startswith("test_") and not math.isfinite(value):
                failures.setdefault(
                    seed, f"the {key.replace('_', ' ')} is {value} after the last epoch"
                )
    return failures


def _figures(training: Training[Any], key: str, failures: Mapping[int, str]) -> list[float | None]:
    values = training.metrics.get(key, [math.nan] * len(training.seeds))
    exact = _exact(training.task, key, values)
    return [
        None if seed in failures else value
        for seed, value in zip(training.seeds, exact, strict=True)
    ]


def _curve(task: Task, key: str, epochs: Sequence[Mapping[str, list[float]]]) -> Curve:
    return [
        [value if math.isfinite(value) else None for value in _exact(task, key, metrics[key])]
        for metrics in epochs
    ]


def _exact(task: Task, key: str, values: Sequence[float]) -> list[float]:
    """Accuracies as the shares that they are: in float32 equal differences would differ, and the
    test counts ties.
    """
    part, _, metric = key.partition("_")
    count = len(task.parts[part])
    if metric != "accuracy":
        return list(values)
    return [round(value * count) / count if math.isfinite(value) else value for value in values]


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
