"""The lines of metrics.jsonl, what a training tells from time to time, with a type for each."""

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
    """What one epoch left behind; every list has one entry per seed.

    Attributes:
        epoch: 1 for the first.
        loss: mean loss over the epoch's batches, before each step.
        metrics: `train_<name>` and `test_<name>` after the epoch.
        structural_weights: (seeds, candidates).
    """

    epoch: int
    loss: Sequence[float]
    metrics: Mapping[str, Sequence[float]]
    structural_weights: Sequence[Sequence[float]]

    @property
    def unit(self) -> str:
        """What its progress is counted in."""
        return "epoch"

    @property
    def done(self) -> int:
        """How many epochs are done."""
        return self.epoch

    @property
    def moment(self) -> int:
        """Its place on an axis over the epochs."""
        return self.epoch

    @property
    def main(self) -> tuple[str, Sequence[float]]:
        """Name and values of the main figure: the first of the test part."""
        for name, values in self.metrics.items():
            if name.startswith("test_"):
                return name.removeprefix("test_"), values
        return "loss", self.loss

    def to_json(self) -> Json:
        """Flat, as a line of metrics.jsonl."""
        return {
            "epoch": self.epoch,
            "loss": self.loss,
            **self.metrics,
            "structural_weights": self.structural_weights,
        }

    @classmethod
    def from_entries(cls, entries: Entries) -> EpochRecord:
        """Read a line."""
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
    """What some episodes of agents left behind; every list has one entry per seed.

    Attributes:
        epoch: number of the record, 1 for the first.
        updates: of the numbers so far.
        episodes: ended so far.
        steps: of the environments in these.
        reward: mean over the last 500 episodes, undiscounted; NaN before the first one.
        success: share of them with a reward above zero.
        length: mean number of steps in them.
        entropy: of the policy at the last update, in nats.
        structural_weights: (seeds, candidates of policy and value).
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
        """What its progress is counted in."""
        return "episode"

    @property
    def done(self) -> int:
        """Episodes of the seed with the most."""
        return max(self.episodes)

    @property
    def moment(self) -> int:
        """Its place on an axis over the episodes: the median over the seeds."""
        ordered = sorted(self.episodes)
        middle = len(ordered) // 2
        return (ordered[middle] + ordered[-middle - 1]) // 2

    @property
    def main(self) -> tuple[str, Sequence[float]]:
        """Name and values of the main figure."""
        return "reward", self.reward

    def to_json(self) -> Json:
        """Flat, as a line of metrics.jsonl."""
        return dict(vars(self))

    @classmethod
    def from_entries(cls, entries: Entries) -> AgentRecord:
        """Read a line."""
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
    """Refuse a line whose lists are not all of the same seeds."""
    if not len(first) or any(len(other) != len(first) for other in others):
        raise entries.fault(f"a line of epoch {entries.content['epoch']} lacks figures of a seed")


def _figure(value: object) -> float:
    """A number; null is no number (NaN), of a seed that failed."""
    figure = or_null(NUMBER).read(value)
    return math.nan if figure is None else figure


FIGURES = list_of(Form(_figure))
WEIGHTS = list_of(FIGURES)
EPISODES = list_of(COUNT)


def record_of(line: JsonView, source: Path | str) -> AnyRecord:
    """A line of metrics.jsonl.

    Args:
        line: its JSON object.
        source: the file, for messages.

    Raises:
        RunError: an entry is missing or of the wrong type.
    """
    entries = Entries.of(line, source)
    # Both kinds of line are numbered by `epoch`; episodes are counted by agents alone.
    if "episodes" not in line:
        return EpochRecord.from_entries(entries)
    return AgentRecord.from_entries(entries)


def records_of(folder: RunFolder) -> list[AnyRecord]:
    """The records of a run so far; those in damaged lines are left out.

    Raises:
        RunError: the file cannot be read, or its lines are no records.
    """
    return [record_of(line, folder.metrics) for line in folder.records()]


def laid_out(records: Sequence[AnyRecord], rows: Sequence[ArrayLike], step: int = 1) -> Floats:
    """One row for each record, each at the place of its record; NaN where a record is lost.

    What is drawn over the epochs by the place of a row would otherwise move to the left.

    Args:
        records: in order, at least one.
        rows: one for each of them.
        step: epochs that a record tells of, `RunFolder.epochs_per_record`.

    Raises:
        RunError: the records are numbered so high that they cannot all have been written.
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
