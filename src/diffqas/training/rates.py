"""The learning rate of a control, chosen on held-out training samples.

A control at a rate that nobody looked for is easily beaten. So the recipe's rate is tried times a
few factors, by the recipe's own optimiser. The models learn a part of the training samples, and the
other part judges them. Neither the test part nor the seeds of a run take part, so a seed has the
same rate whatever the other seeds of its run are.
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
"""The seeds of the choice; those of the tables and of most runs are counted from 0."""
SHARE = 0.2
"""The share of the training samples that judge."""
SHORTER = 4
"""A trial has so many times fewer epochs than the training that the choice is made for."""

Populate = Callable[[Sequence[int], float], Population]
"""(seeds, rate) -> fresh models."""


def choose_rate(
    populate: Populate,
    task: Task,
    settings: Settings,
    rates: Sequence[float] = RATES,
    beyond: int = 0,
    shorter: int = SHORTER,
    figure: str = "loss",
) -> float:
    """Choose the factor on the recipe's rate with which models learn best.

    Each factor is tried with three seeds and a part of the epochs on four fifths of the training
    samples. The median figure on the other fifth decides; of equal ones the smaller factor wins.

    Args:
        populate: makes the models.
        task: what they learn; its test part is not looked at.
        settings: how they are trained.
        rates: the factors.
        beyond: how many more factors are tried at most, one at a time, while the best one is the
            smallest or the largest. Each is as far from the best as its neighbour on the other
            side.
        shorter: a trial has so many times fewer epochs than `settings` say. With 1 the choice is
            more expensive, but a large rate that looks good in a short trial may be worse at the
            end of a whole training.
        figure: what decides, `loss` or the name of one of the task's metrics.

    Raises:
        ArgumentError: there are too few samples to hold any out.
        RunError: the models diverge at every rate.
    """
    sign = -1 if figure in task.higher else 1

    def judge(rate: float) -> float:
        return _median(rate_trial(populate, task, settings, rate, shorter, figure), sign)

    judged = {rate: judge(rate) for rate in sorted(rates)}
    for _ in range(beyond):
        further = _beyond(judged)
        if further is None:
            break
        judged[further] = judge(further)
    judged = dict(sorted(judged.items()))
    best = min(judged, key=lambda rate: judged[rate])
    if math.isinf(judged[best]):
        listed = ", ".join(f"{rate:g}" for rate in judged)
        raise RunError(f"Training diverged at every rate that was tried ({listed}).")
    return best


def _beyond(judged: dict[float, float]) -> float | None:
    """The next factor beyond the best one, if that is the smallest or the largest; else None.

    >>> _beyond({1.0: 0.5, 2.0: 0.4, 4.0: 0.3}), _beyond({1.0: 0.3, 4.0: 0.4})
    (8.0, 0.25)
    >>> _beyond({1.0: 0.5, 2.0: 0.4, 4.0: 0.6}) is None
    True
    """
    rates = sorted(judged)
    if len(rates) == 1:
        return None
    best = min(rates, key=lambda rate: judged[rate])
    if best == rates[-1]:
        return best * best / rates[-2]
    if best == rates[0]:
        return best * best / rates[1]
    return None


def rate_trial(
    populate: Populate,
    task: Task,
    settings: Settings,
    rate: float,
    shorter: int = SHORTER,
    figure: str = "loss",
) -> Training[Population]:
    """The training by which `choose_rate` judges a rate; it is not begun."""
    short = replace(settings, epochs=max(1, settings.epochs // shorter), select="final")
    return Training(populate(RATE_SEEDS, rate), held_out(task, figure), short, list(RATE_SEEDS))


def held_out(task: Task, figure: str = "loss") -> Task:
    """A task whose test part is a fifth of the training samples, with one figure.

    Of a series these are the last samples, next to the test part. Of other tasks they are drawn by
    a fixed permutation, because samples may be sorted by class.
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
        metrics={figure: task.loss if figure == "loss" else task.metrics[figure]},
        snapshot_epochs=(),
    )


def _median(training: Training[Population], sign: int) -> float:
    """The median over the seeds of sign times the held-out figure; infinite if not finite."""
    try:
        for _ in training.epochs():
            pass
    except RunError:
        # All seeds diverged. Any other error that ends a training is passed on.
        if len(training.failures) < len(RATE_SEEDS):
            raise
        return math.inf
    (figure,) = training.task.metrics
    values = training.metrics[f"test_{figure}"]
    finite = [sign * value if math.isfinite(value) else math.inf for value in values]
    return statistics.median(finite)
