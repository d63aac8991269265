"""The measure of a trial: the median loss over the seeds on held-out samples, epoch by epoch."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import replace

from diffqas.errors import RunError
from diffqas.searches.config import RunConfig
from diffqas.tasks import Task
from diffqas.training import Training


def held_out(task: Task, share: float) -> Task:
    """A task that learns the first training samples and is tested on their last `share`.

    It does not contain the true test part, so what is chosen by it has seen no test sample.

    >>> from diffqas.searches.data_sets import load_task
    >>> inner = held_out(load_task("bessel"), 0.2)
    >>> len(inner.train), len(inner.test)
    (134, 34)
    """
    split = task.with_validation(share)
    assert split.validation is not None
    metrics = {"loss": task.loss}
    return replace(
        split,
        test=split.validation,
        validation=None,
        metrics=metrics,
        references=(),
        snapshot_epochs=(),
    )


def losses(config: RunConfig, inner: Task) -> Iterator[float]:
    """The median loss on the held-out samples after each epoch.

    The last loss is that of the numbers with which a run would end. A seed that diverged counts as
    infinite; once no seed is left, the loss is infinite.
    """
    seeds, settings = list(config.seeds), config.settings
    population, _ = config.kind.make(inner, settings, config.seeds)
    training = config.kind.training(population, inner, settings, seeds)
    assert isinstance(training, Training)  # agents are refused before
    try:
        for record in training.epochs():
            found = training.metrics if training.finished else record.metrics
            values = found["test_loss"]
            bad = [
                math.inf if seed in training.failures or not math.isfinite(value) else value
                for seed, value in zip(seeds, values, strict=True)
            ]
            yield statistics.median(bad)
    except RunError:
        yield math.inf
