"""The learning rate of a control, chosen on held-out training samples.

A control whose rate nobody looked for is beaten by anything. What is tried is the recipe's rate
times a few factors, by the recipe's own optimiser, on a part of the training samples; the other
part judges. Neither the test part nor the seeds of a run take part, so that a seed in company has
the rate that it has alone.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from diffqas.errors import RunError
from diffqas.optimisers import Population
from diffqas.tasks import Settings, Split, Task
from diffqas.training.supervised import Training

RATES = (0.3, 1.0, 3.0, 10.0, 30.0)
"""Factors on the recipe's rate; for a Kalman filter, deviations of the prior."""
RATE_SEEDS = (100, 101, 102)
"""Of the choice; the tables' and most runs' seeds are counted from 0."""
SHARE = 0.2
"""Of the training samples, those that judge."""
SHORTER = 4
"""So many times fewer epochs than the training that the choice is made for."""

Populate = Callable[[Sequence[int], float], Population]
"""(seeds, rate) -> fresh models."""


def choose_rate(
    populate: Populate,
    task: Task,
    settings: Settings,
    rates: Sequence[float] = RATES,
    beyond: int = 0,
    shorter: int = SHORTER,
) -> float:
    """The factor on the recipe's rate under which models learn best.

    Each is tried with three seeds and a part of the epochs on four fifths of the training
    samples; the median loss on the last fifth decides, of equal ones the smaller rate.

    Args:
        populate: makes the models.
        task: what they learn; its test part is not looked at.
        settings: how they are trained.
        rates: the factors.
        beyond: how many more are tried at most, one at a time, while the best is the least or the
            greatest; each as far from it as its neighbour on the other side.
        shorter: so many times fewer epochs than `settings` say; a trial of 1 is dearer, but a
            large rate that looks good in a short one may end a whole training worse.

    Raises:
        ArgumentError: too few samples to hold any out.
        RunError: the models diverge at every rate.
    """

    def loss(rate: float) -> float:
        return _loss(rate_trial(populate, task, settings, rate, shorter))

    losses = {rate: loss(rate) for rate in sorted(rates)}
    for _ in range(beyond):
        further = _beyond(losses)
        if further is None:
            break
        losses[further] = loss(further)
    losses = dict(sorted(losses.items()))
    best = min(losses, key=lambda rate: losses[rate])
    if math.isinf(losses[best]):
        listed = ", ".join(f"{rate:g}" for rate in losses)
        raise RunError(f"Training diverged at every rate that was tried ({listed}).")
    return best


def _beyond(losses: dict[float, float]) -> float | None:
    """The rate behind the best one, if that is the least or the greatest.

    >>> _beyond({1.0: 0.5, 2.0: 0.4, 4.0: 0.3}), _beyond({1.0: 0.3, 4.0: 0.4})
    (8.0, 0.25)
    >>> _beyond({1.0: 0.5, 2.0: 0.4, 4.0: 0.6}) is None
    True
    """
    rates = sorted(losses)
    if len(rates) == 1:
        return None
    best = min(rates, key=lambda rate: losses[rate])
    if best == rates[-1]:
        return best * best / rates[-2]
    if best == rates[0]:
        return best * best / rates[1]
    return None


def rate_trial(
    populate: Populate, task: Task, settings: Settings, rate: float, shorter: int = SHORTER
) -> Training[Population]:
    """The training by which `choose_rate` judges a rate; it is not begun."""
    short = replace(settings, epochs=max(1, settings.epochs // shorter), select="final")
    return Training(populate(RATE_SEEDS, rate), held_out(task), short, list(RATE_SEEDS))


def held_out(task: Task) -> Task:
    """A task whose test part is a fifth of the training samples, with the loss as its only figure.

    Of a series the last ones, next to the test part; of other tasks drawn by a fixed permutation,
    for samples may stand sorted by their classes.
    """
    whole = task.without_validation()
    if task.kind != "series":
        draw = torch.Generator().manual_seed(0)
        order = torch.randperm(len(whole.train), generator=draw).to(whole.train.inputs.device)
        mixed = Split(whole.train.inputs[order], whole.train.targets[order])
        whole = replace(whole, train=mixed)
    parted = whole.with_validation(SHARE)
    assert parted.validation is not None
    return replace(
        parted,
        test=parted.validation,
        validation=None,
        metrics={"loss": task.loss},
        snapshot_epochs=(),
    )


def _loss(training: Training[Population]) -> float:
    """Median held-out loss over the seeds; infinite where it is no number."""
    try:
        for _ in training.epochs():
            pass
    except RunError:
        # All seeds diverged. Anything else that ends a training is told.
        if len(training.failures) < len(RATE_SEEDS):
            raise
        return math.inf
    values = training.metrics["test_loss"]
    finite = [value if math.isfinite(value) else math.inf for value in values]
    return statistics.median(finite)
