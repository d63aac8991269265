"""What a search found, from a new start: circuits that are chosen, then trained as they are."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import torch

from diffqas.architecture import Layers, PerLayerCircuit
from diffqas.circuits import TABLE_I
from diffqas.kinds import constant, leading
from diffqas.quantum_train import Lockstep, QuantumTrain
from diffqas.strategies import (
    HELD_OUT,
    SEARCHERS,
    Ground,
    LayersSpace,
    Ledger,
    Outcome,
    task_of_choice,
)
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


LIVE = tuple(index for index, candidate in enumerate(TABLE_I) if not constant(candidate))
"""Places in Table I of the candidates that are no constants."""
STARTS_APART = 1_000
"""Between the seeds of two starts of one seed: no other seed of a study has them."""


def best_candidate(
    task: Task, settings: Settings, seeds: Sequence[int], judge: str = HELD_OUT
) -> Lockstep:
    """Of the candidates that are no constants the one whose own training does best, alone from a
    new start.

    Each seed decides by itself what is best, as `task_of_choice` says.
    """
    return best_start(task, settings, seeds, len(LIVE), judge)


def chosen_layers(
    task: Task,
    settings: Settings,
    seeds: Sequence[int],
    strategy: str,
    budget: int,
    judge: str = HELD_OUT,
) -> Lockstep:
    """The circuit that a searcher of each seed chooses, with a candidate of Table I in every layer,
    from a new start.

    Circuits of one candidate are trained first. Searchers ask at the same time, so that a training
    of all seeds is one population.

    Args:
        task: what is learned.
        settings: of every training.
        seeds: one searcher each, which draws by it.
        strategy: a key of `SEARCHERS`.
        budget: trainings of each seed.
        judge: as of `task_of_choice`.
    """
    n = make_models(task, settings, [0])[0].circuits.n
    space = LayersSpace(tuple(TABLE_I), settings.depth, n)
    judged = task_of_choice(task, settings.validation, judge)
    searchers, ledgers = [], []
    for seed in seeds:
        ground = Ground(space, [settings.epochs], np.random.default_rng(seed), space.homogeneous)
        searchers.append(SEARCHERS[strategy](ground))
        ledgers.append(Ledger(settings.epochs))
    waiting = [deque(searcher.starts()) for searcher in searchers]
    for _ in range(budget):
        trials = [
            first.popleft() if first else searcher.ask()
            for first, searcher in zip(waiting, searchers, strict=True)
        ]
        layers = [space.layers(trial.architecture) for trial in trials if trial is not None]
        losses = final_losses(judged, settings, seeds, layers)
        for place, loss in enumerate(losses):
            ledgers[place].enter(trials[place], Outcome(loss, 0.0))
            searchers[place].tell(trials[place], loss)
    picks = [space.layers(ledger.best.architecture) for ledger in ledgers]
    return with_layers(task, settings, seeds, picks)


def best_start(
    task: Task,
    settings: Settings,
    seeds: Sequence[int],
    budget: int,
    judge: str = HELD_OUT,
) -> Lockstep:
    """As many trainings as a search of layers has, of candidates alone: the live ones in turn, from
    one start after the other. The best training is repeated.

    What it gains over `best_candidate` is the luck of more trainings, and no layer is chosen.

    Args:
        task: what is learned.
        settings: of every training.
        seeds: each chooses for itself.
        budget: trainings of each seed.
        judge: as of `task_of_choice`.
    """
    judged = task_of_choice(task, settings.validation, judge)
    tried: list[tuple[int, int]] = []
    losses = []
    for number in range(budget):
        rest, index = divmod(number, len(LIVE))
        tried.append((LIVE[index], STARTS_APART * rest))
        layers = [[LIVE[index]] * settings.depth] * len(seeds)
        starts = [seed + STARTS_APART * rest for seed in seeds]
        losses.append(final_losses(judged, settings, seeds, layers, starts))
    best = [tried[place] for place in torch.tensor(losses).argmin(0).tolist()]
    starts = [seed + further for seed, (_, further) in zip(seeds, best, strict=True)]
    return with_candidates(task, settings, starts, [index for index, _ in best])


def final_losses(
    task: Task,
    settings: Settings,
    seeds: Sequence[int],
    layers: Sequence[Sequence[int]],
    starts: Sequence[int] | None = None,
) -> list[float]:
    """The loss on a task's test part after the last epoch of each seed with its own circuit.

    Infinite where a training failed.

    Args:
        task: what is learned.
        settings: of the training.
        seeds: decide about the order of the samples.
        layers: of each seed.
        starts: seeds of the numbers at the start; None: `seeds`.
    """
    population = with_layers(task, settings, seeds if starts is None else starts, layers)
    training = Training(population, task, settings, list(seeds))
    for _ in training.epochs():
        pass
    return torch.tensor(training.metrics["test_loss"]).nan_to_num(torch.inf, torch.inf).tolist()


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
    return Lockstep(models)


def with_candidates(
    task: Task, settings: Settings, seeds: Sequence[int], indices: Sequence[int]
) -> Lockstep:
    """Each seed trains one candidate of Table I, a circuit whose layers are all alike."""
    return with_layers(task, settings, seeds, [[index] * settings.depth for index in indices])


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
