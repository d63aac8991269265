"""Whether several rankings of the same candidates agree more than by chance.

Sources: Kendall & Babington Smith, Ann. Math. Stat. 10(3), 275 (1939); Phipson & Smyth, Stat. Appl.
Genet. Mol. Biol. 9(1), 39 (2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

RESAMPLES = 9999


@dataclass(frozen=True)
class Concordance:
    """How far several rankings agree.

    Attributes:
        rankings: the number of rankings, at least two.
        candidates: the number of candidates in each ranking, at least two.
        spearman: the mean of Spearman's correlation over all pairs of rankings.
        p: the share of random rankings that agree at least as well.
    """

    rankings: int
    candidates: int
    spearman: float
    p: float

    @property
    def kendall(self) -> float:
        """Kendall's W: 1 if all rankings are equal; by chance about 1 / rankings is expected."""
        # W follows from the mean correlation (Kendall & Babington Smith, section 5).
        return ((self.rankings - 1) * self.spearman + 1) / self.rankings


def concordance(ranks: ArrayLike, resamples: int = RESAMPLES) -> Concordance:
    """Measure how far rankings agree, with a permutation test.

    The test shuffles each ranking by itself.

    Args:
        ranks: the ranks (rankings, candidates); equal candidates have the mean of their ranks. None
            of the rankings is constant.
        resamples: the number of shuffles; p is at least 1 / (resamples + 1).

    >>> found = concordance([[1, 2, 3, 4]] * 5)
    >>> round(found.spearman, 6), round(found.kendall, 6), found.p < 0.001
    (1.0, 1.0, True)
    """
    table = np.asarray(ranks, dtype=np.float64)
    shuffled = np.random.default_rng(0).permuted(
        np.broadcast_to(table, (resamples, *table.shape)), axis=-1
    )
    # Sums that are equal in exact arithmetic must count as ties.
    hits = int(np.count_nonzero(_together(shuffled) >= _together(table) - 1e-9))
    rankings, candidates = table.shape
    p = (hits + 1) / (resamples + 1)
    return Concordance(rankings, candidates, mean_correlation(table), p)


def mean_correlation(ranks: ArrayLike) -> float:
    """The mean of Spearman's correlation over all pairs of rows of ranks (rankings, candidates).

    >>> mean_correlation([[1, 2, 3], [1, 2, 3], [3, 2, 1]])
    -0.3333333333333333
    """
    listed = np.asarray(ranks, dtype=np.float64)
    correlations = np.atleast_2d(np.corrcoef(listed))
    return float(correlations[np.triu_indices(len(listed), 1)].mean())


def _together(ranks: Floats) -> Floats:
    """The sum of the squared rank sums of (..., rankings, candidates).

    For shuffled rankings Kendall's W rises with this sum.
    """
    return np.square(ranks.sum(axis=-2)).sum(axis=-1)
