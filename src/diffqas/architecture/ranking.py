"""Rankings of candidates: on which of them the result of a search rests."""

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
    """One entry of a ranking: a candidate with all others that are provably the same.

    Attributes:
        candidate: the candidate; if several are the same, the first one of the space.
        weight: its structural weight after the relaxation, or the sum of several.
        contribution: how much the candidate adds. With raw weights it is |weight| times the
            standard deviation of the scaled probabilities over the basis states, so that the
            uniform distribution contributes nothing. With softmax and gumbel it is the weight.
        merged: all candidates that this entry stands for.
        indices: their places in the search space.
    """

    candidate: AnyCandidate
    weight: float
    contribution: float
    merged: tuple[AnyCandidate, ...]
    indices: tuple[int, ...]


class Ranking(list[Ranked]):
    """A list of candidates, best first, which is shown as a short table."""

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
    """A dictionary with a ranking for each row of structural weights, by its name."""

    def __getitem__(self, name: str) -> Ranking:
        # Other models have a single ranking, a list; whoever is used to it writes `ranking()[0]`.
        if isinstance(name, str) and name in self:
            return super().__getitem__(name)
        names = ", ".join(map(repr, self))
        best = f"ranking()[{next(iter(self), 'all')!r}][0]"
        raise KeyError(f"there is no ranking {name!r}, but {names}; the best candidate is {best}")


@torch.no_grad()
def rank(mixture: CircuitMixture, scale: Callable[[Tensor, int], Tensor] | None = None) -> Ranking:
    """Rank candidates by what they contribute, best first; equal probabilities are merged.

    With `scale`, contributions are measured on the scaled probabilities, as the mapping sees them.
    The peak of a constant |0..0> then counts only as far as the scale leaves it.

    The mixture must have no leading dimensions. With separate angles only constants are merged,
    since all other circuits then have different angles.
    """
    merged, weights, spreads = _measured(mixture, scale)
    return ranked(mixture.candidates, merged, weights, spreads, mixture.relaxation)


def best(rankings: Sequence[Ranking], k: int) -> list[list[list[int]]]:
    """The places of the k best candidates of each ranking, with those that are the same function.

    Raises:
        ArgumentError: `k` is out of range, or contributions are not finite, so that they have no
            order.
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
    """Rank groups of equal candidates by what they contribute, best first.

    Args:
        space: the candidates.
        merged: groups of indices of candidates that are the same function.
        weights: the weights of the candidates, (candidates,).
        spreads: how much each candidate's output varies, (candidates,).
        relaxation: decides what a contribution is: |weight| x spread for raw weights, else the
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
