"""How far the final ranking of a search can be trusted, in one line with the evidence for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diffqas.circuits import ENCODED_SPACE, TABLE_I
from diffqas.reports.result import RankedCandidate, RunResult
from diffqas.reports.seed_agreement import RESAMPLES, concordance

CHANCE = 0.05
"""Seeds whose agreement has at least this p are taken to agree by chance."""
WEAK = 0.1
"""An order whose correlation with the truth is smaller says nothing."""
MOST_SHUFFLED = 4_000_000
"""Places of the shuffled rankings of one test, to bound its memory."""


@dataclass(frozen=True)
class Measured:
    """How far the rankings of searches agreed with what the candidates reached alone.

    Attributes:
        candidates: the names of the candidates of the space.
        where: the data, and the kind of search.
        spearman: the mean of Spearman's correlation between contribution and minus the test error.
        low, high: the lowest and the highest correlation of a single search.
        searches: the number of searches.
        better: a strategy whose ranking was measured to be better; empty if there is none.
    """

    candidates: frozenset[str]
    where: str
    spearman: float
    low: float
    high: float
    searches: int
    better: str = ""

    @property
    def advice(self) -> str:
        """The advice that follows for a person who has to choose a circuit."""
        if abs(self.spearman) < WEAK:
            return "this search does not tell them apart, any live one does as well"
        if self.better:
            return f"a hint; --strategy {self.better} orders them better"
        return "a hint"

    def __str__(self) -> str:
        between = f"{self.low:+.2f} .. {self.high:+.2f}, {self.searches} searches"
        return (
            "With what candidates reach alone such an order had a rank correlation of "
            f"{self.spearman:+.2f} on {self.where} ({between}): {self.advice}."
        )


MEASURED: Mapping[str, Measured] = {
    # From studies/results/discretise-bessel/ranks.csv and the rows `candidate k` of table-2.
    "qt": Measured(frozenset(TABLE_I.names), "Bessel", -0.04, -0.94, 0.89, 10),
    # From the rows `raw, by weight` of studies/results/searchers.
    "vqc": Measured(
        frozenset(ENCODED_SPACE.names),
        "wine, iris and moons (480 circuits)",
        0.31,
        0.23,
        0.42,
        6,
        "side-by-side",
    ),
}
"""What was measured where candidates were also trained alone, by the word of the model."""


def ranking_worth(result: RunResult) -> str | None:
    """Say in words what the ranking of a search is worth; None if there is nothing to rank.

    The seeds' rankings of the live candidates are compared with each other. If it was measured how
    such a ranking agrees with what the candidates reach alone, that is said as well.

    Args:
        result: the result of a finished run.
    """
    places = _live(result.ranking)
    if not places:
        return None
    parts = [f"Worth of this order: {_agreement(places, len(result.seeds))}."]
    known = _known(result, places)
    if known is not None:
        parts.append(str(known))
    return " ".join(parts)


def _known(result: RunResult, places: Sequence[Sequence[RankedCandidate]]) -> Measured | None:
    """What was measured of such a search; None if it differs in weights, places or circuits."""
    known = MEASURED.get(result.model or "")
    if known is None or result.relaxation != "raw" or any(rows[0].gate for rows in places):
        return None
    names = {row.candidate for rows in places for row in rows}
    if not names <= known.candidates:
        return None
    return known


def _live(ranking: Sequence[RankedCandidate]) -> list[list[RankedCandidate]]:
    """The candidates that are not constant, for every place that has several of them."""
    places: dict[str, list[RankedCandidate]] = {}
    for row in ranking:
        if not row.constant:
            places.setdefault(row.gate, []).append(row)
    return [rows for rows in places.values() if len(rows) > 1]


def _agreement(places: Sequence[Sequence[RankedCandidate]], seeds: int) -> str:
    """Whether the seeds agree, in words."""
    if seeds < 2:
        return "one seed cannot show whether it is more than chance (--seeds 5 can)"
    tables = [_contributions(rows) for rows in places]
    found = [
        concordance(_ranked(table), min(RESAMPLES, MOST_SHUFFLED // table.size))
        for table in tables
        if len(table) > 1
    ]
    if not found:
        return "not known, since the seeds' own orders are not stored"
    agreed = [each for each in found if each.p < CHANCE]
    if len(found) > 1:
        share = f"{len(agreed)} of {len(found)} places in the model"
        return f"the seeds agree more than by chance in {share} (p < {CHANCE})"
    (only,) = found
    figures = f"Kendall's W {only.kendall:.2f}, p = {only.p:.2g}"
    if agreed:
        return f"{only.rankings} seeds agree on it more than by chance ({figures})"
    return (
        f"{only.rankings} seeds agree on it no more than by chance ({figures}), "
        "so this search does not tell the candidates apart"
    )


def _contributions(rows: Sequence[RankedCandidate]) -> np.ndarray:
    """The contributions (seeds, candidates), without seeds whose entries are all equal."""
    seeds = min(len(row.contributions) for row in rows)
    table = np.array([row.contributions[:seeds] for row in rows], dtype=np.float64).T
    if not table.size:
        return table
    return table[np.ptp(table, axis=1) > 0]


def _ranked(table: np.ndarray) -> np.ndarray:
    """The ranks within each row; equal entries have the mean of their ranks.

    >>> _ranked(np.array([[0.2, 0.7, 0.2]]))
    array([[2.5, 1. , 2.5]])
    """
    larger = (table[:, None, :] > table[:, :, None]).sum(-1)
    equal = (table[:, None, :] == table[:, :, None]).sum(-1)
    return larger + (1 + equal) / 2
