"""A check before a user's own task is trained, which says whether its network will learn.

Nobody has looked for a recipe for such a network. So a model of the first seed is checked as
`QuantumTrain.check` does it, by steps like those of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from diffqas.kinds import AnyModel, SearchTraining
from diffqas.optimisers import Kalman
from diffqas.quantum_train import Batch, Checkup, Lockstep, QuantumTrain, examine
from diffqas.reports import Terminal
from diffqas.searches.config import RunConfig
from diffqas.training import Training, make_optimisation

LEAST, MOST = 32, 256
"""Samples of the batch: so many tell whether units are constant, and more only take time."""


def tell_health(
    config: RunConfig, training: SearchTraining, models: Sequence[AnyModel], console: Terminal
) -> None:
    """Say what will keep a network of one's own from learning, before its first epoch."""
    if config.own is None or training.epoch > 0 or console.quiet:
        return
    found = _checked(training, models[0], config.seeds[0])
    if found is None:
        return
    if found.healthy:
        console.say(f"check: {found.verdict}", style="dim")
    for finding in found.findings:
        console.say(f"check: {finding}", style="yellow")


def _checked(training: SearchTraining, model: AnyModel, seed: int) -> Checkup | None:
    """The check of a model whose weights are written; None of others."""
    if not isinstance(model, QuantumTrain) or not isinstance(training, Training):
        return None
    task, settings = training.task, training.settings
    samples = len(task.train)
    if samples < 2:
        return None
    count = min(samples, MOST, max(settings.batch_size, LEAST))
    # From all over the training part: its first samples may be of one class.
    chosen = torch.linspace(0, samples - 1, count).long()
    inputs, targets = task.train.inputs[chosen], task.train.targets[chosen]

    def stepper(twin: QuantumTrain) -> Callable[[], None]:
        population = Lockstep([twin])
        optimisation = make_optimisation(population, task, settings)
        none = torch.zeros(1, dtype=torch.bool, device=inputs.device)

        def step() -> None:
            population.advance(0.0, 0, [seed])
            optimisation.step(inputs, targets, 0.0, none)
            population.write_back([twin])

        return step

    # The filter has no learning rate: the rates of its groups are deviations of a prior.
    rate = None if isinstance(settings.optimizer, Kalman) else settings.optimizer.base_rate
    return examine(model, Batch(inputs, targets, task.loss), rate, model.rates_measured, stepper)
