"""The lines of metrics.jsonl, which a training writes from time to time, as typed records."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from diffqas.errors import RunError
from diffqas.storage import (
    COUNT,
    NUMBER,
    POSITIVE,
    Entries,
    Form,
    Json,
    JsonView,
    RunFolder,
    list_of,
    or_null,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from diffqas.reports.pictures import Floats


@dataclass(frozen=True)
class EpochRecord:
    """The record of one epoch; every list has one entry per seed.

    Attributes:
        epoch: the number of the epoch, 1 for the first.
        loss: the mean loss over the epoch's samples, taken before each step.
        metrics: the figures after the epoch, `train_<name>` and `test_<name>`.
        structural_weights: the structural weights, (seeds, candidates).
    """

    epoch: int
    loss: Sequence[float]
    metrics: Mapping[str, Sequence[float]]
    structural_weights: Sequence[Sequence[float]]

    @property
    def unit(self) -> str:
        """The unit in which progress is counted."""
        return "epoch"

    @property
    def done(self) -> int:
        """The number of epochs that are done."""
        return self.epoch

    @property
    def moment(self) -> int:
        """The place of the record on an axis over the epochs."""
        return self.epoch

    @property
    def main(self) -> tuple[str, Sequence[float]]:
        """The name and the values of the main figure, the first one of the test part."""
        for name, values in self.metrics.items():
            if name.startswith("test_"):
                return name.removeprefix("test_"), values
        return "loss", self.loss

    def to_json(self) -> Json:
        """The record as a flat line of metrics.jsonl."""
        return {
            "epoch": self.epoch,
            "loss": self.loss,
            **self.metrics,
            "structural_weights": self.structural_weights,
        }

    @classmethod
    def from_entries(cls, entries: Entries) -> EpochRecord:
        """Read the record from a line of metrics.jsonl."""
        own = ("epoch", "loss", "structural_weights")
        others = [name for name in entries.content if name not in own]
        record = cls(
            epoch=entries.one("epoch", POSITIVE),
            loss=entries.one("loss", FIGURES),
            metrics={name: entries.one(name, FIGURES) for name in others},
            structural_weights=entries.one("structural_weights", WEIGHTS),
        )
        _require_seeds(record.loss, [*record.metrics.values(), record.structural_weights], entries)
        return record


@dataclass(frozen=True)
class AgentRecord:
    """A record of agents; every list has one entry per seed.

    Attributes:
        epoch: the number of the record, 1 for the first.
        updates: how many updates there have been.
        episodes: how many episodes have ended.
        steps: how many steps these episodes had in all.
        reward: the mean undiscounted reward of the last 500 episodes; NaN before the first one.
        success: the share of these episodes with a reward above zero.
        length: the mean number of steps of these episodes.
        entropy: the entropy of the policy at the last update, in nats.
        structural_weights: the structural weights, (seeds, candidates of policy and value).
    """

    epoch: int
    updates: int
    episodes: Sequence[int]
    steps: Sequence[int]
    reward: Sequence[float]
    success: Sequence[float]
    length: Sequence[float]
    entropy: Sequence[float]
    structural_weights: Sequence[Sequence[float]]

    @property
    def unit(self) -> str:
        """The unit in which progress is counted."""
        return "episode"

    @property
    def done(self) -> int:
        """The number of episodes of the seed that has most."""
        return max(self.episodes)

    @property
    def moment(self) -> int:
        """The place of the record on an axis over the episodes, the median over the seeds."""
        ordered = sorted(self.episodes)
        middle = len(ordered) // 2
        return (ordered[middle] + ordered[-middle - 1]) // 2

    @property
    def main(self) -> tuple[str, Sequence[float]]:
        """The name and the values of the main figure, the reward."""
        return "reward", self.reward

    def to_json(self) -> Json:
        """The record as a flat line of metrics.jsonl."""
        return dict(vars(self))

    @classmethod
    def from_entries(cls, entries: Entries) -> AgentRecord:
        """Read the record from a line of metrics.jsonl."""
        record = cls(
            epoch=entries.one("epoch", POSITIVE),
            updates=entries.one("updates", COUNT),
            episodes=entries.one("episodes", EPISODES),
            steps=entries.one("steps", list_of(COUNT)),
            reward=entries.one("reward", FIGURES),
            success=entries.one("success", FIGURES),
            length=entries.one("length", FIGURES),
            entropy=entries.one("entropy", FIGURES),
            structural_weights=entries.one("structural_weights", WEIGHTS),
        )
        others = [record.steps, record.reward, record.success, record.length, record.entropy]
        _require_seeds(record.episodes, [*others, record.structural_weights], entries)
        return record


AnyRecord = EpochRecord | AgentRecord


def _require_seeds(first: Sized, others: Sequence[Sized], entries: Entries) -> None:
    """Refuse a line whose lists do not all have the same number of seeds."""
    if not len(first) or any(len(other) != len(first) for other in others):
        raise entries.fault(f"a line of epoch {entries.content['epoch']} lacks figures of a seed")


def _figure(value: object) -> float:
    """Read a number; null, which stands for a seed that failed, becomes NaN."""
    figure = or_null(NUMBER).read(value)
    return math.nan if figure is None else figure


FIGURES = list_of(Form(_figure))
WEIGHTS = list_of(FIGURES)
EPISODES = list_of(COUNT)


def record_of(line: JsonView, source: Path | str) -> AnyRecord:
    """Read the record from a line of metrics.jsonl, of whichever kind it is.

    Args:
        line: the JSON object of the line.
        source: the file, for messages.

    Raises:
        RunError: an entry is missing or of the wrong type.
    """
    entries = Entries.of(line, source)
    # Both kinds of line are numbered by `epoch`; only the lines of agents count episodes.
    if "episodes" not in line:
        return EpochRecord.from_entries(entries)
    return AgentRecord.from_entries(entries)


def records_of(folder: RunFolder) -> list[AnyRecord]:
    """Read the records of a run so far; damaged lines are left out.

    Raises:
        RunError: the file cannot be read, or a line is no record.
    """
    return [record_of(line, folder.metrics) for line in folder.records()]


def laid_out(records: Sequence[AnyRecord], rows: Sequence[ArrayLike], step: int = 1) -> Floats:
    """Lay out the rows of records by their numbers, with NaN where a record is lost.

    Without this, a lost record would move all later rows to the left in a picture.

    Args:
        records: the records in order, at least one.
        rows: one row for each of them.
        step: how many epochs one record stands for, `RunFolder.epochs_per_record`.

    Raises:
        RunError: a record has a number so high that the records cannot all have been written.
    """
    import numpy as np

    count = max(1, records[-1].epoch // step)
    if count > MOST_RECORDS:
        raise RunError(f"The last record of metrics.jsonl is numbered {records[-1].epoch:,}.")
    known = np.asarray(rows, dtype=np.float64)
    table = np.full((count, known.shape[1]), np.nan)
    for record, row in zip(records, known, strict=True):
        table[max(1, record.epoch // step) - 1] = row
    return table


MOST_RECORDS = 10**7
"""More epochs than any run has."""
