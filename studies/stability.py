"""Whether the seeds of a run agree on which candidates are good: ranks, and how far they go
together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from diffqas.architecture import Ranked
from diffqas.errors import require
from diffqas.kinds import Constant, constant
from diffqas.reports import concordance
from diffqas.studies import Floats


@dataclass(frozen=True)
class Ranks:
    """Contributions of candidates, seed by seed.

    Attributes:
        names: of the candidates; equal ones are one.
        constant: which of them no angle changes.
        seeds: of the run.
        contributions: (seeds, candidates).
    """

    names: tuple[str, ...]
    constant: tuple[bool, ...]
    seeds: tuple[int, ...]
    contributions: Floats

    @property
    def ranks(self) -> Floats:
        """(seeds, candidates), 1 for the largest contribution; equal ones share the mean of their
        ranks.
        """
        return stats.rankdata(-self.contributions, axis=1)

    def live(self) -> Ranks:
        """The same without constants, ranked among themselves."""
        kept = [place for place, constant in enumerate(self.constant) if not constant]
        names = tuple(self.names[place] for place in kept)
        return Ranks(names, (False,) * len(kept), self.seeds, self.contributions[:, kept])


@dataclass(frozen=True)
class Agreement:
    """How far rankings go together.

    Attributes:
        seeds: rankings, at least two.
        candidates: in each of them.
        spearman: mean of Spearman's correlation over all pairs of seeds.
        kendall: Kendall's W, ((seeds - 1) spearman + 1) / seeds: 1 if all are equal, 1 / seeds
            expected by chance.
        p: share of random rankings that agree as well.
        first: the candidate that is best most often; of several the first.
        share: of the seeds for which it is the best.
    """

    seeds: int
    candidates: int
    spearman: float
    kendall: float
    p: float
    first: str
    share: float


def ranks_of(rankings: Mapping[int, Sequence[Ranked]], constant: Constant = constant) -> Ranks:
    """Rankings by seed as one table, candidates in the order of the search space.

    Args:
        rankings: by seed.
        constant: tells whether no angle changes a candidate; if not given, of one that writes
            weights.
    """
    first = sorted(next(iter(rankings.values())), key=lambda entry: entry.indices[0])
    by_seed = [
        {entry.indices: entry.contribution for entry in ranking} for ranking in rankings.values()
    ]
    contributions = np.array(
        [[found[entry.indices] for entry in first] for found in by_seed], dtype=np.float64
    )
    alike = [
        f" (and {len(entry.merged) - 1} alike)" if len(entry.merged) > 1 else "" for entry in first
    ]
    names = tuple(entry.candidate.name + more for entry, more in zip(first, alike, strict=True))
    return Ranks(
        names, tuple(constant(entry.candidate) for entry in first), tuple(rankings), contributions
    )


def agreement(ranks: Ranks) -> Agreement:
    """Kendall's W and its permutation test, see `diffqas.reports.concordance`.

    Raises:
        ArgumentError: fewer than two seeds or candidates.
    """
    table = ranks.ranks
    require(
        min(table.shape) >= 2, "ranks", "hold at least two seeds and two candidates", table.shape
    )
    found = concordance(table)
    best, count = Counter(int(place) for place in table.argmin(axis=1)).most_common(1)[0]
    seeds = len(table)
    return Agreement(
        seeds,
        table.shape[1],
        found.spearman,
        found.kendall,
        found.p,
        ranks.names[best],
        count / seeds,
    )
