"""Rankings of candidates: their rows over all seeds, and the one that leads."""

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
        candidate: its name.
        weight: the median of its structural weight.
        contribution: the median of what it contributes to the mixture.
        weights: its structural weight of each seed.
        merged: names of all candidates that give the same circuit, itself among them.
        constant: it gives the same, whatever its angles and inputs.
        gate: the place in the model, where there are several: a gate, a layer or a network.
    """

    candidate: str
    weight: float
    contribution: float
    weights: Sequence[float]
    merged: Sequence[str]
    constant: bool
    gate: str | None = None

    def at(self, gate: str) -> RankedRow:
        """The same candidate at a place in the model."""
        return replace(self, gate=gate)

    def to_json(self) -> Json:
        """An entry of `ranking` in result.json."""
        place = {} if self.gate is None else {"gate": self.gate}
        return {
            **place,
            "candidate": self.candidate,
            "weight": self.weight,
            "contribution": self.contribution,
            "weights": list(self.weights),
            "merged": list(self.merged),
            "constant": self.constant,
        }


def merged_ranking(
    rankings: Sequence[Sequence[Ranked]], constant: Constant, gate: str | None = None
) -> list[RankedRow]:
    """Candidates by the median of their contribution over all seeds, best first.

    Args:
        rankings: one for each seed.
        constant: tells whether a candidate gives the same, whatever its angles and inputs.
        gate: the place in the model that the rankings belong to, where there are several.
    """
    by_indices = [{entry.indices: entry for entry in ranking} for ranking in rankings]
    rows = []
    for indices, first in by_indices[0].items():
        entries = [ranking[indices] for ranking in by_indices]
        row = RankedRow(
            candidate=first.candidate.name,
            weight=statistics.median(entry.weight for entry in entries),
            contribution=statistics.median(entry.contribution for entry in entries),
            weights=[entry.weight for entry in entries],
            merged=[candidate.name for candidate in first.merged],
            constant=constant(first.candidate),
            gate=gate,
        )
        rows.append(row)
    return best_first(rows)


def best_first(rows: Sequence[RankedRow]) -> list[RankedRow]:
    """Rows in falling order of their contribution; equal ones stay in their order."""
    return sorted(rows, key=lambda row: -row.contribution)


def leading(ranking: Sequence[Ranked], constant: Constant) -> Ranked:
    """The best candidate that is not constant; the best of all where there is none."""
    for entry in ranking:
        if not constant(entry.candidate):
            return entry
    return ranking[0]


@dataclass(frozen=True)
class Findings:
    """Entries of result.json that the kind of model decides.

    Attributes:
        relaxation: name of the relaxation.
        trainable_parameters: numbers that are trained in one model.
        target_parameters: weights that they write; None of a model that keeps its circuits.
        report: both in words.
        ranking: over all seeds.
        more: entries that only some kinds have.
    """

    relaxation: str
    trainable_parameters: int
    target_parameters: int | None
    report: str
    ranking: Sequence[RankedRow]
    more: JsonView = field(default_factory=dict)

    def to_json(self) -> Json:
        """As in result.json."""
        return {
            "relaxation": self.relaxation,
            "trainable_parameters": self.trainable_parameters,
            "target_parameters": self.target_parameters,
            "report": self.report,
            "ranking": [row.to_json() for row in self.ranking],
            **self.more,
        }
