"""A training that begins and ends with a fit of those numbers in which the outputs are linear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from torch import Tensor

from diffqas.errors import require
from diffqas.optimisers import Loss, Population
from diffqas.reports import EpochRecord
from diffqas.tasks import Settings, Task
from diffqas.training.supervised import Training

FIRST = 1_500
"""Samples of the fit before the first step: it is to be good, not final."""


class Fitted(Population, Protocol):
    """A population whose outputs are linear in some of its numbers."""

    def fit_readout(self, inputs: Tensor, targets: Tensor, loss: Loss) -> None:
        """Set these numbers to the values that minimise the loss on the samples."""
        ...


P = TypeVar("P", bound=Fitted)


class ProjectedTraining(Training[P]):
    """A training between two fits: one before the first step, and one to all samples at the end.

    Each epoch may go over a part of the samples only. The attributes are those of `Training`. The
    nonlinear numbers need few steps if the linear ones are computed: behind a readout of random
    numbers a gradient says little about which features would be good, and no step is spent on the
    last digits of the readout.

    Args:
        population: the seeds' models as one.
        task: data and loss, convex in the outputs.
        settings: how to train.
        seeds: one number per model.
        samples: how many training samples an epoch has, drawn anew in each; None means all.
        fit: whether the linear numbers are fitted before the first step and after the last.

    Raises:
        ArgumentError: `samples` is given without `settings.shuffle`, or is larger than the training
            part; or the best epoch is to be chosen, whose numbers the fit would replace.
    """

    def __init__(
        self,
        population: P,
        task: Task,
        settings: Settings,
        seeds: Sequence[int],
        samples: int | None = None,
        fit: bool = False,
    ) -> None:
        rule = "be left out, or used with --shuffle and at most the training samples"
        fits = samples is None or (settings.shuffle and samples <= len(task.train))
        require(fits, "epoch_samples", rule, samples)
        rule = "be final where observables are fitted at the end"
        require(not fit or settings.select == "final", "select", rule, settings.select)
        self.samples, self.fit = samples, fit
        super().__init__(population, task, settings, list(seeds))

    @property
    def steps_per_epoch(self) -> int:
        """Batches of one epoch; the last one may be short."""
        return self.settings.steps_per_epoch(self.samples_per_epoch)

    @property
    def samples_per_epoch(self) -> int:
        """How many samples an epoch goes over."""
        if self.samples is None:
            return len(self.task.train)
        return self.samples

    def _order(self) -> Tensor | None:
        """The samples of this epoch in their order; None if all come as they stand."""
        order = super()._order()
        if order is None:
            return None
        return order[: self.samples_per_epoch]

    def _one_epoch(self) -> EpochRecord:
        self.population.train()
        if self.fit and self.epoch == 0:
            self._fit(FIRST)
        total = self.one_pass()
        self.epoch += 1
        if self.fit and self.finished:
            self._fit(len(self.task.train))
        return self._record((total / self.samples_per_epoch).tolist())

    def _fit(self, samples: int) -> None:
        train = self.task.train
        inputs, targets = train.inputs[:samples], train.targets[:samples]
        self.population.fit_readout(inputs, targets, self.task.loss)
