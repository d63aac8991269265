"""Controls of a searched layer: its circuits at angles that stay, and models without circuits."""

from __future__ import annotations

from collections.abc import Sequence

from diffqas.kinds import VQCKind
from diffqas.layers import HybridLockstep
from diffqas.optimisers import Population
from diffqas.tasks import Settings, Task
from diffqas.training import choose_rate

LINEAR, FEATURES, PERCEPTRON = range(3)
"""Places of the models in `VQCKind.companions`."""

CLASSICAL_EPOCHS = 60
"""Of the classical models, on every task; each has a rate of its own."""


def frozen(task: Task, settings: Settings, seeds: Sequence[int], kind: VQCKind) -> HybridLockstep:
    """The search's circuits at the angles that they are drawn with; all other numbers learn."""
    population, _ = kind.make(task, settings, seeds)
    population.layer.angles.requires_grad_(False)
    return population


def classical(
    task: Task, settings: Settings, seeds: Sequence[int], kind: VQCKind, place: int
) -> Population:
    """A model without circuits, at the rate that held-out training samples choose."""
    _, models = kind.make(task, settings, seeds[:1])
    companion = kind.companions(task, settings, models[0])[place]
    rate = choose_rate(companion.populate, task, companion.settings, companion.rates)
    return companion.populate(seeds, rate)
