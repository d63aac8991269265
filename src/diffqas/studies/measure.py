"""One cell measured: a row trained, or evaluated, on one data set."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import nn

from diffqas.agents import EnvironmentTask
from diffqas.architecture import PerLayerCircuit
from diffqas.errors import RunError
from diffqas.kinds import constant, leading
from diffqas.layers import HybridLockstep
from diffqas.optimisers import Population
from diffqas.quantum_train import Lockstep
from diffqas.storage import Json
from diffqas.studies.adapters import AdapterPopulation, AdapterTraining
from diffqas.studies.cell import (
    AdapterFigures,
    Cell,
    FederatedFigures,
    Figures,
    FoundStructure,
)
from diffqas.studies.datasets import Data, load_data, make_task
from diffqas.studies.measure_agents import measure_agents
from diffqas.studies.rows import ReferenceRow, Row, TrainedRow
from diffqas.tasks import Settings, Task
from diffqas.training import FederatedTraining, Training

Samples = Json
"""Predictions by epoch (finished seeds, count), the truth, and the number of training samples."""


def measure(
    study: str,
    row: Row,
    dataset: str,
    seeds: Sequence[int],
    data: Data | None = None,
    found: Cell | None = None,
    recipe: str = "default",
) -> tuple[Cell, Samples | None]:
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
        The cell, and the predictions if pictures of the row are wanted. A seed that diverges, or
        ends with a test figure that is not finite, has null figures and a reason under `failures`.
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
) -> tuple[Cell, Samples | None]:
    started = time.perf_counter()
    assert isinstance(row.settings, Settings)
    task = row.on(task)
    training = _training(row, row.settings, task, seeds)
    epochs = []
    try:
        if row.trains:
            epochs += [record.metrics for record in training.epochs()]
        else:
            training.evaluate()
            epochs.append(training.metrics)
    except RunError:
        # All seeds have diverged: a cell that says so. Anything else is no result.
        if len(training.failures) < len(seeds):
            raise
    failures = _failures(training)
    images = task.kind == "images"
    # Everything is read after the last epoch: no epoch is chosen by its error on the test part.
    cell = Cell(
        study=study,
        row=row.name,
        dataset=dataset,
        group=row.group,
        circuit=row.circuit,
        trainable=trainable(training.population, len(seeds)),
        target=_count(task.target()) if row.has_target else None,
        deterministic=False,
        identical=row.identical,
        seeds=seeds,
        figures={key: _figures(training, key, failures) for key in _keys(task)},
        seconds=round(time.perf_counter() - started, 3),
        failures=failures,
        paper=row.paper(dataset),
        structure=structure(training.population) if row.ranked else None,
        structural_weights=structural_weights(training.population) if row.structure else None,
        layers=layers(training.population) if row.structure else None,
        curves={key: _curve(task, key, epochs) for key in _keys(task)} if images else None,
        federated=_federated(training),
        adapter=_adapter(training),
    )
    # Pictures of predictions are those of series.
    if images or not row.predictions:
        return cell, None
    return cell, _samples(training, failures)


def _training(
    row: TrainedRow, settings: Settings, task: Task, seeds: list[int]
) -> Training[Population]:
    population = row.populate(task, settings, seeds)
    if row.federated is not None:
        return FederatedTraining(population, task, settings, seeds, row.federated)
    if row.training is not None:
        return row.training(population, task, settings, seeds)
    return Training(population, task, settings, seeds)


def _federated(training: Training[Population]) -> FederatedFigures | None:
    """What the clients had and sent, if there were clients."""
    if not isinstance(training, FederatedTraining):
        return None
    return FederatedFigures(**training.facts["federated"])


def _adapter(training: Training[Population]) -> AdapterFigures | None:
    """What the adapters cost, if the row is one of adapters."""
    population = training.population
    if not isinstance(training, AdapterTraining):
        return None
    assert isinstance(population, AdapterPopulation)
    return AdapterFigures(population.adapter_bytes, round(training.seconds_per_step, 6))


def _reference(study: str, row: ReferenceRow, dataset: str, data: Data) -> Cell:
    started = time.perf_counter()
    metric = "reward" if isinstance(data, EnvironmentTask) else next(iter(make_task(data).metrics))
    return Cell(
        study=study,
        row=row.name,
        dataset=dataset,
        group=row.group,
        circuit=None,
        trainable=row.trainable,
        target=None,
        deterministic=True,
        identical=None,
        seeds=[],
        figures={f"test_{metric}": [row.figure(data)], f"train_{metric}": [None]},
        seconds=round(time.perf_counter() - started, 3),
        failures={},
    )


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def structure(population: Population) -> FoundStructure:
    """What each seed of a search found: the candidates' weights, and the leading live candidate."""
    if isinstance(population, HybridLockstep):
        return _layer_structure(population)
    assert isinstance(population, Lockstep)
    best = [leading(ranking, constant) for ranking in population.rankings()]
    return FoundStructure(
        candidates=list(population.circuits.candidates.names),
        weights=population.structural_weights.tolist(),
        leading=[entry.indices[0] for entry in best],
    )


def _layer_structure(population: HybridLockstep) -> FoundStructure:
    """As `structure`, for a searched layer with one set of weights; the largest weight leads."""
    run = population.run_circuits
    weights = population.structural_weights
    sizes = weights.abs()[:, list(run.places)]
    return FoundStructure(
        candidates=list(run.candidates.names),
        weights=weights.tolist(),
        leading=[run.places[place] for place in sizes.argmax(1).tolist()],
    )


def structural_weights(population: Population) -> list[list[float]]:
    """The structural weights of each seed at the end of a search.

    They are (seeds, candidates) or (seeds, depth * candidates), layer by layer.
    """
    assert isinstance(population, Lockstep)
    return [[round(weight, 6) for weight in row] for row in population.structural_weights.tolist()]


def layers(population: Population) -> list[list[str]] | None:
    """Of a search of every layer the candidate of each layer, by seed; None of any other."""
    assert isinstance(population, Lockstep)
    circuits = population.circuits
    if not isinstance(circuits, PerLayerCircuit):
        return None
    return [[candidate.name for candidate in circuit] for circuit in circuits.found]


def trainable(population: Population, seeds: int) -> int:
    """Trainable numbers of one seed's model: what the optimiser is given."""
    groups = population.parameter_groups(1.0)
    return sum(parameter.numel() for group in groups for parameter in group["params"]) // seeds


def _keys(task: Task) -> list[str]:
    """Names of a cell's figures, the compared one first."""
    return [f"{part}_{metric}" for metric in task.metrics for part in ("test", "train")]


def _failures(training: Training[Population]) -> dict[int, str]:
    failures = dict(training.failures)
    for key, values in training.metrics.items():
        for seed, value in zip(training.seeds, values, strict=True):
            if key.startswith("test_") and not math.isfinite(value):
                failures.setdefault(
                    seed, f"the {key.replace('_', ' ')} is {value} after the last epoch"
                )
    return failures


def _figures(training: Training[Population], key: str, failures: Mapping[int, str]) -> Figures:
    values = training.metrics.get(key, [math.nan] * len(training.seeds))
    exact = _exact(training.task, key, values)
    return [
        None if seed in failures else value
        for seed, value in zip(training.seeds, exact, strict=True)
    ]


def _curve(task: Task, key: str, epochs: Sequence[Mapping[str, list[float]]]) -> list[Figures]:
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


def _samples(training: Training[Population], failures: dict[int, str]) -> Samples | None:
    kept = [index for index, seed in enumerate(training.seeds) if seed not in failures]
    if not kept:
        return None
    task = training.task
    samples: Samples = {
        "snapshots": {epoch: values[kept].float() for epoch, values in training.snapshots.items()},
        "truth": torch.cat([part.targets for part in task.parts.values()]).float(),
        "boundary": len(task.train),
    }
    if task.scale is not None:
        samples["scale"] = task.scale.to_json()
    return samples
