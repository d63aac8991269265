"""Which candidates a finished search rests on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from diffqas.architecture.mixture import CircuitMixture
from diffqas.architecture.relaxation import Relaxation
from diffqas.circuits import AnyCandidate, SearchSpace, groups
from diffqas.errors import require, whole
from diffqas.text import html_table, text_table


@dataclass(frozen=True)
class Ranked:
    """One candidate's part in a mixture, together with those that are provably the same.

    Attributes:
        candidate: the candidate; of several equal ones, the first of the space.
        weight: its structural weight after the relaxation; of several equal ones, the sum.
        contribution: |weight| times the standard deviation of the scaled probabilities over the
            basis states (raw), or the probability (softmax, gumbel). The uniform distribution
            contributes nothing in the raw case.
        merged: all candidates that this entry stands for.
        indices: their places in the search space.
    """

    candidate: AnyCandidate
    weight: float
    contribution: float
    merged: tuple[AnyCandidate, ...]
    indices: tuple[int, ...]


class Ranking(list[Ranked]):
    """Candidates, best first: a list, which is shown as a short table."""

    HEAD = ("candidate", "contribution", "weight", "equal to it")

    def _rows(self) -> list[tuple[str, str, str, str]]:
        rows: list[tuple[str, str, str, str]] = []
        for entry in self:
            equal = ", ".join(candidate.name for candidate in entry.merged[1:])
            contribution, weight = f"{entry.contribution:.4f}", f"{entry.weight:+.4f}"
            rows.append((entry.candidate.name, contribution, weight, equal))
        return rows

    def __repr__(self) -> str:
        return text_table(self.HEAD, self._rows())

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return html_table(self.HEAD, self._rows(), "candidates by contribution")


class Rankings(dict[str, Ranking]):
    """A ranking for each row of structural weights, by its name."""

    def __getitem__(self, name: str) -> Ranking:
        # Where a model has one ranking alone, it is a list; its habits lead to this place.
        if isinstance(name, str) and name in self:
            return super().__getitem__(name)
        names = ", ".join(map(repr, self))
        best = f"ranking()[{next(iter(self), 'all')!r}][0]"
        raise KeyError(f"there is no ranking {name!r}, but {names}; the best candidate is {best}")


@torch.no_grad()
def rank(mixture: CircuitMixture, scale: Callable[[Tensor, int], Tensor] | None = None) -> Ranking:
    """Candidates by what they contribute, best first; those with equal probabilities merged.

    With `scale`, contributions are measured on the scaled probabilities, as the mapping sees them:
    the spike of a constant |0..0> counts for what the scale leaves of it.

    The mixture must have no leading dimensions. With separate angles only constants are merged,
    since equal circuits then have angles of their own.
    """
    merged, weights, spreads = _measured(mixture, scale)
    return ranked(mixture.candidates, merged, weights, spreads, mixture.relaxation)


def best(rankings: Sequence[Ranking], k: int) -> list[list[list[int]]]:
    """Places of the k best candidates of each ranking, with those that are the same function.

    Raises:
        ArgumentError: `k` is out of range, or contributions are not finite: in no order.
    """
    most = min(len(entries) for entries in rankings)
    require(whole(k) and k <= most, "k", f"be between 1 and {most}", repr(k))
    ranked = [entry.contribution for entries in rankings for entry in entries]
    rule = "have finite numbers to keep candidates by"
    require(all(map(math.isfinite, ranked)), "model", rule, "nan or inf: its training diverged")
    return [[list(entry.indices) for entry in entries[:k]] for entries in rankings]


@torch.no_grad()
def rank_each(
    mixture: CircuitMixture, scale: Callable[[Tensor, int], Tensor] | None = None
) -> list[Ranking]:
    """As `rank`, for a mixture with one leading dimension: one ranking for each of its copies."""
    merged, weights, spreads = _measured(mixture, scale)
    copies = zip(weights, spreads, strict=True)
    return [
        ranked(mixture.candidates, merged, own, spread, mixture.relaxation)
        for own, spread in copies
    ]


def _measured(
    mixture: CircuitMixture, scale: Callable[[Tensor, int], Tensor] | None
) -> tuple[list[list[int]], Tensor, Tensor]:
    """Groups of equal candidates, weights and spreads, (*lead, candidates)."""
    n = mixture.n
    probabilities = mixture.probabilities()
    scaled = probabilities * 2**n if scale is None else scale(probabilities, n)
    groups_of_equals = groups(mixture.candidates, n, shared=mixture.sharing == "shared")
    return groups_of_equals, mixture.weights, scaled.std(dim=-1, correction=0)


def ranked(
    space: SearchSpace,
    merged: Sequence[Sequence[int]],
    weights: Tensor,
    spreads: Tensor,
    relaxation: Relaxation,
) -> Ranking:
    """Groups of equal candidates by what they contribute, best first.

    Args:
        space: the candidates.
        merged: indices of candidates that are the same function, a group each.
        weights: of the candidates, (candidates,).
        spreads: how much each candidate's output varies, (candidates,).
        relaxation: decides what a contribution is: raw weights by |weight| x spread, others by
            weight.
    """
    found = []
    for indices in merged:
        weight = float(weights[indices].sum())
        contribution = weight
        if relaxation.name == "raw":
            # w_j p_j adds |w_j| std(p_j) to the spread of the mixture; its mean is the same for all
            # candidates, and no part of the choice between them.
            contribution = abs(weight) * float(spreads[indices[0]])
        members = tuple(space[index] for index in indices)
        found.append(Ranked(members[0], weight, contribution, members, tuple(indices)))
    return Ranking(sorted(found, key=lambda entry: -entry.contribution))
