"""What a search found, from a new start: circuits that are chosen, then trained as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import torch

from diffqas.architecture import Layers, PerLayerCircuit
from diffqas.circuits import TABLE_I
from diffqas.kinds import constant, leading
from diffqas.quantum_train import Lockstep, QuantumTrain
from diffqas.studies.populations import OneHot
from diffqas.tasks import Settings, Task
from diffqas.training import Training, make_models


def per_layer(task: Task, settings: Settings, seeds: Sequence[int]) -> Lockstep:
    """A candidate searched for every layer."""
    return Lockstep(make_models(task, settings, seeds, per_layer=True))


def random_layers(task: Task, settings: Settings, seeds: Sequence[int]) -> Lockstep:
    """A circuit whose layers each seed draws, from a new start."""
    return with_layers(
        task, settings, seeds, [drawn_layers(seed, settings.depth) for seed in seeds]
    )


def found_layers(
    task: Task, settings: Settings, seeds: Sequence[int], search: Settings
) -> Lockstep:
    """The circuit that each seed finds layer by layer when it searches with these settings, from a
    new start.
    """
    models = make_models(task, search, seeds, per_layer=True)
    run_search(task, search, seeds, models)
    return with_layers(
        task, settings, seeds, [cast("PerLayerCircuit", m.circuits).choice.tolist() for m in models]
    )


def found_candidate(
    task: Task, settings: Settings, seeds: Sequence[int], search: Settings
) -> Lockstep:
    """The candidate, no constant, that leads the ranking of each seed's search, alone from a new
    start.
    """
    models = make_models(task, search, seeds)
    run_search(task, search, seeds, models)
    return with_candidates(
        task, settings, seeds, [leading(model.ranking(), constant).indices[0] for model in models]
    )


def best_candidate(task: Task, settings: Settings, seeds: Sequence[int]) -> Lockstep:
    """Of the candidates that are no constants the one whose own training does best, alone from a
    new start.

    What is best is decided by the validation loss, on the last fifth of the training samples, each
    seed by itself.
    """
    held_out = task.with_validation(settings.validation)
    task_of_choice = replace(held_out, test=held_out.validation, validation=None)
    live = [index for index, candidate in enumerate(TABLE_I) if not constant(candidate)]
    losses = []
    for index in live:
        population = with_candidates(task_of_choice, settings, seeds, [index] * len(seeds))
        training = Training(population, task_of_choice, settings, list(seeds))
        for _ in training.epochs():
            pass
        first = next(iter(task.metrics))
        losses.append(training.metrics[f"test_{first}"])
    best = torch.tensor(losses).nan_to_num(torch.inf).argmin(0).tolist()
    return with_candidates(task, settings, seeds, [live[index] for index in best])


def with_layers(
    task: Task, settings: Settings, seeds: Sequence[int], layers: Sequence[Sequence[int]]
) -> Lockstep:
    """Each seed's circuit has these candidates in its layers; angles and mapping learn from the
    seed's start.
    """
    models = []
    for seed, choice in zip(seeds, layers, strict=True):
        alone = replace(
            settings, generator=replace(settings.generator, relaxation=Layers(layers=tuple(choice)))
        )
        models += make_models(task, alone, [seed], per_layer=True)
        models[-1].circuits.structure.requires_grad_(False)
    return Lockstep(models)


def with_candidates(
    task: Task, settings: Settings, seeds: Sequence[int], indices: Sequence[int]
) -> Lockstep:
    """Each seed trains one candidate of Table I at weight 1."""
    models = []
    for seed, index in zip(seeds, indices, strict=True):
        alone = replace(
            settings, generator=replace(settings.generator, relaxation=OneHot(index=index))
        )
        models += make_models(task, alone, [seed])
        models[-1].circuits.structure.requires_grad_(False)
    return Lockstep(models)


def drawn_layers(seed: int, depth: int) -> list[int]:
    """Indices of the candidates that a seed draws for its layers.

    >>> [index + 1 for index in drawn_layers(0, 10)]
    [9, 4, 6, 1, 8, 4, 8, 8, 2, 4]
    """
    return torch.randint(
        len(TABLE_I), (depth,), generator=torch.Generator().manual_seed(seed)
    ).tolist()


def run_search(
    task: Task, settings: Settings, seeds: Sequence[int], models: Sequence[QuantumTrain]
) -> None:
    """Train models to the end of a search; a seed that fails keeps what it had."""
    population = Lockstep(models)
    for _ in Training(population, task, settings, list(seeds)).epochs():
        pass
    population.write_back(models)
