"""The optimisers by the names of the settings."""

from __future__ import annotations

from diffqas.tasks import Settings, Task
from diffqas.training import bilevel, kalman, soap, sparsity
from diffqas.training.optimisation import GradientDescent, Optimisation
from diffqas.training.population import Population


def make_optimisation(population: Population, task: Task, settings: Settings) -> Optimisation:
    """What trains a population with these settings.

    Raises:
        ArgumentError: an optimiser that is not made for the task's loss, or for so many numbers.
    """
    if settings.optimizer == "kalman":
        return kalman.KalmanFilter(population, task, settings)
    if settings.bilevel:
        return bilevel.Bilevel(population, task, settings)
    if settings.sparsity > 0:
        return sparsity.SparseDescent(population, task.loss, settings)
    if settings.optimizer == "soap":
        return soap.Soap(population, task.loss, settings)
    return GradientDescent(population, task.loss, settings)


def most_numbers(optimizer: str) -> int | None:
    """Trainable numbers per seed that an optimiser with a covariance can hold; None for one
    without.

    >>> most_numbers("kalman"), most_numbers("adam")
    (4096, None)
    """
    return {"kalman": kalman.MAX_NUMBERS, "soap": soap.MAX_NUMBERS}.get(optimizer)
