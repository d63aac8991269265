"""Medians, intervals and paired tests for a handful of seeds: plain functions of numbers.

Test errors are positive and spread over decades, so they are compared by their logarithms;
accuracies are compared as they are. A seed that failed is ``None`` or NaN; it is dropped where two
rows are paired, and the dropped seeds are returned.

Sources: Efron & Tibshirani, An Introduction to the Bootstrap (1993); Hesterberg, Am. Stat. 69(4),
371 (2015); Fisher, The Design of Experiments (1935); Phipson & Smyth, Stat. Appl. Genet. Mol. Biol.
9(1), 39 (2010); Holm, Scand. J. Statist. 6(2), 65 (1979); Cohen, Statistical Power Analysis (1988).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit

from diffqas.errors import require

Floats = NDArray[np.float64]
Errors = Mapping[int, float | None]
Cost = Callable[[Sequence[float | None]], Floats]

FLOOR = float(np.finfo(np.float64).eps) ** 2
"""Errors below this, zero among them, are rounding of figures of order one: they count as this in
logarithms.
"""

EXACT, SAMPLES = 20, 100_000
"""Largest number of pairs for which all sign flips are enumerated, and the random ones above it."""

FEWEST = 5
"""Values that an interval needs: the range of k values holds the median with probability ``1 - 2 /
2**k``.
"""


class Interval(NamedTuple):
    """An estimate and the ends of its interval; NaN where there are too few values."""

    value: float
    low: float
    high: float


NOTHING = Interval(np.nan, np.nan, np.nan)
"""The estimate from no values."""


def log_errors(errors: Sequence[float | None]) -> Floats:
    """Natural logarithm of each error: ``log(max(e, FLOOR))``, NaN for a failed seed (None, NaN or
    infinite).

    >>> log_errors([1.0, None, float("inf")])
    array([ 0., nan, nan])
    """
    values = numbers(errors)
    require(not (values < 0).any(), "errors", "not be negative", values[values < 0])
    # A seed that predicts exactly has error 0, whose logarithm would outweigh all other seeds.
    return np.log(np.where(np.isfinite(values), np.maximum(values, FLOOR), np.nan))


def numbers(values: Sequence[float | None]) -> Floats:
    """The values as an array, NaN where there is none.

    >>> numbers([0.5, None])
    array([0.5, nan])
    """
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def median_and_quartiles(values: ArrayLike) -> Interval:
    """Median, first and third quartile, linear between order statistics (type 7 of Hyndman & Fan
    1996).

    >>> tuple(map(float, median_and_quartiles([1, 2, 3, 4])))
    (2.5, 1.75, 3.25)
    """
    finite = _finite(values)
    if not len(finite):
        return NOTHING
    q1, median, q3 = np.quantile(finite, (0.25, 0.5, 0.75))
    return Interval(float(median), float(q1), float(q3))


def median_interval(
    values: ArrayLike, level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """Percentile bootstrap interval of the median (Efron & Tibshirani 1993, section 13.3).

    The ends are the ``(1 - level) / 2`` and ``(1 + level) / 2`` quantiles of the medians of
    resamples drawn with replacement. The jackknife that BCa rests on does not converge for the
    median, hence the plain percentiles. Of ten log-normal values the 95 % interval held the median
    in 94 % of 1,500 simulated draws.
    """
    finite = _finite(values)
    if not len(finite):
        return NOTHING
    median = float(np.median(finite))
    if len(finite) < FEWEST:
        return Interval(median, np.nan, np.nan)
    medians = np.median(finite[_draws(len(finite), resamples, seed)], axis=1)
    low, high = np.quantile(medians, ((1 - level) / 2, (1 + level) / 2))
    return Interval(median, float(low), float(high))


def paired_differences(
    first: Errors, second: Errors, cost: Cost = log_errors
) -> tuple[Floats, tuple[int, ...]]:
    """``cost(first) - cost(second)`` by seed, and the seeds that were dropped because one side
    failed or is missing.

    >>> row, search = {0: 2.0, 1: None, 2: 3.0}, {0: 1.0, 1: 1.0, 2: 3.0}
    >>> differences, dropped = paired_differences(row, search)
    >>> differences.round(3).tolist(), dropped
    ([0.693, 0.0], (1,))
    """
    seeds = sorted(first.keys() | second.keys())
    costs = [cost([errors.get(seed) for seed in seeds]) for errors in (first, second)]
    differences = costs[0] - costs[1]
    # A difference is NaN if either side is: a failed seed takes its partner with it, because a
    # mean over different seeds would compare starts and not rows.
    paired = np.isfinite(differences)
    dropped = tuple(seed for seed, kept in zip(seeds, paired, strict=True) if not kept)
    return differences[paired], dropped


def differences_from(
    reference: float, errors: Errors, cost: Cost = log_errors
) -> tuple[Floats, tuple[int, ...]]:
    """``cost(reference) - cost(error)`` by seed, for the one-sample test against a model without a
    seed.
    """
    return paired_differences(dict.fromkeys(errors, reference), errors, cost)


def sign_flip_p(differences: ArrayLike, samples: int = SAMPLES, seed: int = 0) -> float:
    """Two-sided permutation test that differences are symmetric about zero (Fisher 1935).

    Paired: swapping the two rows of a seed flips the sign of its difference d_s. One-sample: the
    same on distances from a fixed reference. With ``T(e) = |sum_s e_s d_s|`` over signs e, the
    p-value is the share of the ``2**k`` sign vectors with ``T(e) >= T(1)``. Up to `EXACT`
    differences all are enumerated; above, ``p = (hits + 1) / (samples + 1)`` over random signs
    (Phipson & Smyth 2010). All differences zero gives 1, none NaN.

    >>> sign_flip_p([1.0, 2.0, 3.0]), sign_flip_p([0.0, 0.0])
    (0.25, 1.0)
    """
    values = np.asarray(differences, dtype=np.float64)
    finite = bool(np.isfinite(values).all())
    rule = "be finite (drop failed seeds before)"
    require(finite, "differences", rule, values.tolist())
    if not len(values):
        return np.nan
    # Sums that are equal in exact arithmetic must count as ties, whatever order they were added in.
    bound = abs(values.sum()) - 1e-12 * np.abs(values).sum()
    if len(values) <= EXACT:
        return float(np.mean(np.abs(_signed_sums(values)) >= bound))
    random = np.random.default_rng(seed)
    # In pieces, so that the signs take a few megabytes whatever the number of values.
    hits, left, chunk = 0, samples, max(1, 2_000_000 // len(values))
    while left:
        signs = random.choice((-1.0, 1.0), size=(min(left, chunk), len(values)))
        hits += int((np.abs(signs @ values) >= bound).sum())
        left -= len(signs)
    # The signs that were observed are one of the possible draws (Phipson & Smyth 2010): with them
    # counted, p is never 0 and the test keeps its level.
    return (hits + 1) / (samples + 1)


def _signed_sums(values: Floats) -> Floats:
    """``sum_s e_s d_s`` for half of all signs: the others give the same with the sign reversed,
    so the first sign may stay.
    """
    sums = values[:1]
    for value in values[1:]:
        sums = np.concatenate([sums + value, sums - value])
    return sums


FEWEST_PAIRS = 6
"""Pairs of seeds that a test needs: five cannot give a p below 0.0625, whatever they show."""


def smallest_p(count: int, samples: int = SAMPLES) -> float:
    """The smallest p that `sign_flip_p` can give for `count` differences: ``2 / 2**count`` where it
    is exact.

    >>> smallest_p(10)
    0.001953125
    """
    if count > EXACT:
        return 1 / (samples + 1)
    # The observed signs and their opposites reach the bound in any case. Of no difference p is 1.
    return min(1.0, 2.0 / 2.0**count)


def holm(p_values: ArrayLike) -> Floats:
    """Holm's step-down adjustment: ``max_{j <= i} min(1, (m - j + 1) p_(j))`` for the i-th smallest
    of m.

    NaN, a row that could not be tested, stays NaN and is not counted in m.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full_like(values, np.nan)
    # NaN sorts last and is cut off.
    order = np.argsort(values, kind="stable")[: np.count_nonzero(~np.isnan(values))]
    steps = np.arange(len(order), 0, -1)
    # The running maximum is the step down: no p is adjusted below that of a smaller one, or a
    # hypothesis could be rejected after one that was not.
    adjusted[order] = np.minimum(np.maximum.accumulate(steps * values[order]), 1.0)
    return adjusted


def mean_ratio(
    differences: ArrayLike, level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """Ratio of geometric means, exp(mean d) of log differences d, with its bootstrap interval."""
    mean = mean_interval(differences, level, resamples, seed)
    # The ends are quantiles, which a monotone map takes along. A ratio beyond all numbers is inf.
    with np.errstate(over="ignore"):
        return Interval(*(float(np.exp(end)) for end in mean))


def mean_interval(
    differences: ArrayLike, level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """The mean with its bootstrap interval.

    The interval is the expanded percentile interval of Hesterberg (2015): percentiles at
    ``Phi(-sqrt(k / (k-1)) t_{k-1, (1+level)/2})`` and its mirror image instead of ``(1 -+ level) /
    2``, as the plain one is too narrow at small k. Of ten normal differences it held the truth in
    95 % of 1,500 simulated draws, the plain one in 91 %.
    """
    values = np.asarray(differences, dtype=np.float64)
    count = len(values)
    if not count:
        return NOTHING
    mean = float(values.mean())
    if count < FEWEST:
        return Interval(mean, np.nan, np.nan)
    # Resampled means vary by (k - 1) / k of what an unbiased variance says, and a normal quantile
    # is too short for an estimated deviation: both are made good in the tail.
    quantile = stdtrit(count - 1, (1 + level) / 2)
    tail = float(ndtr(-np.sqrt(count / (count - 1)) * quantile))
    means = values[_draws(count, resamples, seed)].mean(axis=1)
    low, high = np.quantile(means, (tail, 1 - tail))
    return Interval(mean, float(low), float(high))


def cohen_dz(differences: ArrayLike) -> float:
    """Cohen's d of paired differences, ``mean(d) / sd(d)`` with k - 1 in the deviation (Cohen 1988,
    section 2.3.5).

    0 if all are zero, infinite if all are equal and not zero, NaN below two.

    >>> cohen_dz([1.0, 2.0, 3.0]), cohen_dz([0.0, 0.0]), cohen_dz([-2.0, -2.0])
    (2.0, 0.0, -inf)
    """
    values = np.asarray(differences, dtype=np.float64)
    if len(values) < 2:
        return np.nan
    mean, deviation = float(values.mean()), float(values.std(ddof=1))
    if deviation > 1e-12 * np.abs(values).max():
        return mean / deviation
    # Differences that are equal but for rounding have no spread to measure the mean by.
    if mean == 0:
        return 0.0
    return float(np.sign(mean) * np.inf)


def _draws(count: int, resamples: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(count, size=(resamples, count))


def _finite(values: ArrayLike) -> Floats:
    listed = np.asarray(values, dtype=np.float64)
    return listed[np.isfinite(listed)]
