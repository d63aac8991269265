"""The optimiser of a training, as its settings describe it."""

from __future__ import annotations

from diffqas.optimisers import Optimisation, Population
from diffqas.tasks import Settings, Task
from diffqas.training.bilevel import Bilevel
from diffqas.training.cost import problem_of
from diffqas.training.sparsity import SparseDescent


def make_optimisation(population: Population, task: Task, settings: Settings) -> Optimisation:
    """Make what trains a population with these settings.

    Raises:
        ArgumentError: the optimiser is not made for the task's loss or for so many numbers, or the
            settings ask for what the population cannot do (`bilevel`, `sparsity`, `cost_weight`).
        DataError: as of `circuit_cost`.
    """
    if settings.bilevel:
        return Bilevel(population, task, settings)
    if settings.sparsity > 0:
        return SparseDescent(population, task, settings)
    return settings.optimizer.make(population, problem_of(population, task, settings))
