"""Rankings of candidates over all seeds, and the candidate that leads.

Raw structural weights have no common scale and no common sign: another seed reaches as good a
network with other signs, and a mean over signed weights says little. What seeds can agree on is the
order. So the candidates are ranked within each seed by what they contribute, and then sorted by
their mean rank over the seeds.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from diffqas.architecture import Ranked
from diffqas.circuits import AnyCandidate
from diffqas.storage import Json, JsonView

Constant = Callable[[AnyCandidate], bool]
"""Whether a candidate gives the same, whatever its angles and inputs."""


@dataclass(frozen=True)
class RankedRow:
    """One candidate of a ranking, over all seeds.

    Attributes:
        candidate: the name of the candidate.
        weights: its structural weight in each seed.
        contributions: what it contributes to the mixture of each seed.
        merged: the names of all candidates that give the same circuit, including its own.
        constant: whether it gives the same whatever its angles and inputs are.
        gate: the place in the model, if there are several: a gate, a layer, an output or a network.
        ranks: its rank among the candidates of each seed, 1 for the best; equal candidates have the
            mean of their ranks. `best_first` fills it in.
    """

    candidate: str
    weights: Sequence[float]
    contributions: Sequence[float]
    merged: Sequence[str]
    constant: bool
    gate: str | None = None
    ranks: Sequence[float] = ()

    @property
    def weight(self) -> float:
        """The median of its structural weight over the seeds."""
        return statistics.median(self.weights)

    @property
    def contribution(self) -> float:
        """The median of its contribution over the seeds."""
        return statistics.median(self.contributions)

    @property
    def rank(self) -> float:
        """The mean of its ranks over the seeds."""
        return statistics.fmean(self.ranks)

    def at(self, gate: str) -> RankedRow:
        """The same row, at this place in the model."""
        return replace(self, gate=gate)

    def to_json(self) -> Json:
        """The row as an entry of `ranking` in result.json."""
        place: Json = {}
        if self.gate is not None:
            place["gate"] = self.gate
        return place | {
            "candidate": self.candidate,
            "weight": self.weight,
            "contribution": self.contribution,
            "rank": self.rank,
            "weights": list(self.weights),
            "contributions": list(self.contributions),
            "ranks": list(self.ranks),
            "merged": list(self.merged),
            "constant": self.constant,
        }


def merged_ranking(
    rankings: Sequence[Sequence[Ranked]], constant: Constant, gate: str | None = None
) -> list[RankedRow]:
    """Merge the rankings of all seeds into one, by mean rank, best first.

    Args:
        rankings: one ranking for each seed.
        constant: tells whether a candidate gives the same whatever its angles and inputs are.
        gate: the place in the model that the rankings belong to, if there are several places.
    """
    by_indices = [{entry.indices: entry for entry in ranking} for ranking in rankings]
    rows: list[RankedRow] = []
    for indices, first in by_indices[0].items():
        entries = [ranking[indices] for ranking in by_indices]
        row = RankedRow(
            candidate=first.candidate.name,
            weights=[entry.weight for entry in entries],
            contributions=[entry.contribution for entry in entries],
            merged=[candidate.name for candidate in first.merged],
            constant=constant(first.candidate),
            gate=gate,
        )
        rows.append(row)
    return best_first(rows)


def best_first(rows: Sequence[RankedRow]) -> list[RankedRow]:
    """Sort rows by their mean rank over the seeds, and fill in their ranks.

    If mean ranks are equal, the larger median contribution comes first. With one seed this is the
    order of the contributions. Rows that are equal in both stay in their order.

    Args:
        rows: the rows of one place in the model, which are ranked among each other.
    """
    by_seed = [_ranks(each) for each in zip(*(row.contributions for row in rows), strict=True)]
    ranked: list[RankedRow] = []
    for row, ranks in zip(rows, zip(*by_seed, strict=True), strict=True):
        ranked.append(replace(row, ranks=list(ranks)))
    return sorted(ranked, key=lambda row: (row.rank, -row.contribution))


def _ranks(contributions: Sequence[float]) -> list[float]:
    """The ranks of the contributions of one seed; equal ones share the mean of their ranks.

    So the sum of the ranks is the same for every seed, however many candidates are equal.

    >>> _ranks([0.2, 0.7, 0.2, 0.1])
    [2.5, 1.0, 2.5, 4.0]
    """
    ranks: list[float] = []
    for own in contributions:
        larger = sum(other > own for other in contributions)
        equal = sum(other == own for other in contributions)
        ranks.append(larger + (1 + equal) / 2)
    return ranks


def leading(ranking: Sequence[Ranked], constant: Constant) -> Ranked:
    """The best candidate that is not constant; if all are constant, the best of them."""
    for entry in ranking:
        if not constant(entry.candidate):
            return entry
    return ranking[0]


@dataclass(frozen=True)
class Findings:
    """Those entries of result.json that the kind of model decides.

    Attributes:
        relaxation: the name of the relaxation.
        trainable_parameters: how many numbers are trained in one model.
        target_parameters: how many weights they write; None if the model keeps its circuits.
        report: both counts in words.
        ranking: the candidates over all seeds, best first.
        more: entries that only some kinds have.
    """

    relaxation: str
    trainable_parameters: int
    target_parameters: int | None
    report: str
    ranking: Sequence[RankedRow]
    more: JsonView = field(default_factory=dict)

    def to_json(self) -> Json:
        """The entries as they stand in result.json."""
        return {
            "relaxation": self.relaxation,
            "trainable_parameters": self.trainable_parameters,
            "target_parameters": self.target_parameters,
            "report": self.report,
            "ranking": [row.to_json() for row in self.ranking],
            **self.more,
        }
