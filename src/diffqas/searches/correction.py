"""How much of its network a search on a user's own series adds, which is tried before it begins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from diffqas.agents import EnvironmentTask
from diffqas.reports import Terminal
from diffqas.searches.config import RunConfig
from diffqas.searches.data_sets import load_own
from diffqas.searches.enough import memory_told
from diffqas.searches.progress import Display
from diffqas.searches.session import checked_device
from diffqas.simulator import using_cores
from diffqas.tasks import OwnSeriesData, Task, believed_part, own_series_task
from diffqas.training import RATE_SEEDS, Training

DIGITS = 3
"""Of the factor, so that it can be read and typed."""
REHEARSED = "how much of the network to add is tried on the training part alone"


def with_correction(
    config: RunConfig, task: Task | EnvironmentTask, console: Terminal
) -> tuple[RunConfig, Task | EnvironmentTask]:
    """Choose how much of its network a search on a user's own series adds to the linear part.

    A search of the same kind and settings, but with other seeds, is trained on the first two thirds
    of the training part and judged on the rest (`believed_part`). The test part and the seeds of
    the run have no influence. Other searches, and those with a given `correction`, are returned as
    they are.

    Raises:
        RunError: every seed of that training diverged.
    """
    series = config.series
    if series is None or series.correction is not None:
        return config, task
    part = 1.0
    with using_cores(config.threads), memory_told():
        trial = correction_trial(config)
        if trial is None:
            console.say("The training part is too short to try how much of the network to add.")
        else:
            part = round(_tried(trial, console), DIGITS)
    settled = replace(config, series=replace(series, correction=part))
    return settled, settled.load()


@dataclass(frozen=True, eq=False)
class CorrectionTrial:
    """The training that tells how much of a network is believed; it is not begun.

    Attributes:
        data: the training part alone, parted in the same way.
        training: of three seeds that are none of the run's.
    """

    data: OwnSeriesData
    training: Training[Any]


def correction_trial(config: RunConfig) -> CorrectionTrial | None:
    """The trial of a search on a series of one's own; None where its training part is too short."""
    data = load_own(config).rehearsal()
    if data is None:
        return None
    settings = config.settings
    seeds: list[int] = list(RATE_SEEDS)
    task = own_series_task(data).to(checked_device(config.device), config.torch_dtype)
    population, _ = config.kind.make(task, settings, seeds)
    training = config.kind.training(population, task, settings, seeds)
    assert isinstance(training, Training), "a series is learnt from samples"
    return CorrectionTrial(data, training)


def _tried(trial: CorrectionTrial, console: Terminal) -> float:
    """The part that the networks of a trial deserve."""
    training, data = trial.training, trial.data
    epochs = training.settings.epochs
    with Display(console, epochs, 0, "mse", REHEARSED, part="held-out") as display:
        for record in training.epochs():
            display.update(record.to_json())
    seeds = training.seeds
    sound = [index for index, seed in enumerate(seeds) if seed not in training.failures]
    predictions = training.snapshots[training.epoch].double().numpy()[sound]
    judged = slice(data.train_count, None)
    return believed_part(predictions[:, judged], data.targets()[judged])
