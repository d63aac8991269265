"""What a comparison says: one entry per row, all of one data set together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diffqas.studies.merging import Unlike
from diffqas.studies.metric import MSE, Metric

Verdict = Literal["better", "worse", "undecided", "untested"]


@dataclass(frozen=True)
class Entry:
    """One row of the report; figures that do not exist (too few seeds, no test) are None.

    The comparison's `Metric` says what `errors` and `ratio` are: test MSE and ratios of them, as
    described here, or accuracies and percentage points.

    Attributes:
        dataset: the data set.
        row: the row's name; of provably equal rows all names.
        rows: the names apart.
        group: "search", "candidate", "control" or "reference".
        trainable: trainable parameters; several counts if merged rows differ in it.
        target: parameters of the target network.
        deterministic: the row has no seed, so the test is a one-sample test.
        seeds: the seeds that finished.
        errors: their test MSE.
        failed: the seeds that failed.
        median: of the errors, with `q1` and `q3` the quartiles.
        low: with `high` the bootstrap 95 % interval of the median.
        worst: largest error over the median; the lowest accuracy.
        paper: published figures of the row, several if merged rows differ in it.
        seconds: training time.
        pairs: seeds that the test rests on; the others of the two rows are in `dropped`.
        p: two-sided p of the sign-flip test; `p_holm` after Holm's adjustment in the data set.
        smallest_p: what this number of pairs can give at least.
        ratio: geometric mean of the row's error over the search's, with `ratio_low` and
            `ratio_high` its interval; of accuracies the search's mean less the row's.
        d_z: Cohen's d of the differences that are tested, positive where the search is better.
        verdict: what the search is, compared with this row; None for the search itself.
    """

    dataset: str
    row: str
    rows: tuple[str, ...]
    group: str
    trainable: tuple[int, ...]
    target: int | None
    deterministic: bool
    seeds: tuple[int, ...]
    errors: tuple[float, ...]
    failed: tuple[int, ...]
    median: float | None
    q1: float | None
    q3: float | None
    low: float | None
    high: float | None
    worst: float | None
    paper: tuple[float, ...]
    seconds: float | None
    pairs: int = 0
    dropped: tuple[int, ...] = ()
    p: float | None = None
    p_holm: float | None = None
    smallest_p: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    d_z: float | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True)
class NamedRow:
    """A row that the sentence below a table always speaks of.

    Attributes:
        title: what it is called there.
        part: what the row's name holds, in lower case.
    """

    title: str
    part: str


@dataclass(frozen=True)
class Comparison:
    """One data set's table.

    Attributes:
        study: name of the study.
        dataset: the data set.
        baseline: name of the search row that all others are compared with.
        entries: rows in the study's order, the baseline among them.
        alpha: adjusted p below which a difference counts as found.
        metric: what was compared.
        named: rows that the sentence below the table always speaks of.
        unlike: provably equal rows that came out with other figures.
    """

    study: str
    dataset: str
    baseline: str
    entries: tuple[Entry, ...]
    alpha: float = 0.05
    metric: Metric = MSE
    named: tuple[NamedRow, ...] = ()
    unlike: tuple[Unlike, ...] = ()

    @property
    def search(self) -> Entry:
        """The row that all others are compared with."""
        return next(entry for entry in self.entries if entry.verdict is None)

    @property
    def others(self) -> tuple[Entry, ...]:
        """All rows but the search."""
        return tuple(entry for entry in self.entries if entry.verdict is not None)

    @property
    def smallest_p(self) -> float | None:
        """The smallest unadjusted p that any test of the family can give."""
        return min(
            (entry.smallest_p for entry in self.others if entry.smallest_p is not None),
            default=None,
        )
