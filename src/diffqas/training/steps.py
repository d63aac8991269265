"""One step of training, by what the settings say of it."""

from __future__ import annotations

from diffqas.optimisers import Optimisation, Population
from diffqas.tasks import Settings, Task
from diffqas.training.bilevel import Bilevel
from diffqas.training.cost import problem_of
from diffqas.training.sparsity import SparseDescent


def make_optimisation(population: Population, task: Task, settings: Settings) -> Optimisation:
    """What trains a population with these settings.

    Raises:
        ArgumentError: an optimiser that is not made for the task's loss, or for so many numbers.
    """
    if settings.bilevel:
        return Bilevel(population, task, settings)
    if settings.sparsity > 0:
        return SparseDescent(population, task, settings)
    return settings.optimizer.make(population, problem_of(population, task, settings))
