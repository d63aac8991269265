import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from diffqas.errors import ArgumentError
from diffqas.studies import statistics as s

# Sixty-fourths, so that ties are exact and nothing lies within rounding of a tie.
differences = arrays(
    np.float64, st.integers(1, 12), elements=st.integers(-1280, 1280).map(lambda n: n / 64)
)
p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def scipy_p(values):
    """The same test by scipy: paired samples, all sign flips, statistic |mean|."""
    result = stats.permutation_test(
        (values, np.zeros_like(values)),
        lambda x, y, axis: np.abs(np.mean(x - y, axis=axis)),
        permutation_type="samples",
        alternative="greater",
        vectorized=True,
        n_resamples=np.inf,
    )
    return result.pvalue


@pytest.mark.parametrize("count", [2, 3, 5, 8, 10])
def test_sign_flips_agree_with_scipy(count):
    for seed in range(4):
        values = np.random.default_rng(seed).normal(0.5, 1, count)
        assert s.sign_flip_p(values) == pytest.approx(scipy_p(values), abs=1e-12)


@pytest.mark.parametrize(
    "values", [[1, 1, 1, 1, -1], [0, 0, 2, 3], [0.1, 0.2, -0.3, 0.4], [1, 2, 3, -6]]
)
def test_ties_agree_with_scipy(values):
    assert s.sign_flip_p(values) == pytest.approx(scipy_p(np.array(values, dtype=float)), abs=1e-12)


@pytest.mark.parametrize("count", range(1, 9))
def test_sign_flips_of_ranks_are_the_signed_rank_test(count):
    """On the signed ranks themselves the test is Wilcoxon's, whose exact distribution scipy
    tabulates.
    """
    random = np.random.default_rng(count)
    ranks = np.arange(1, count + 1) * random.choice((-1, 1), size=count)
    expected = stats.wilcoxon(ranks.astype(float), method="exact").pvalue
    assert s.sign_flip_p(ranks) == pytest.approx(expected, abs=1e-12)


def test_hand_computed_sign_flips():
    assert s.sign_flip_p([1, 2, 3]) == 2 / 8  # only +++ and --- reach 6
    assert s.sign_flip_p([1, 2, -3]) == 1  # the sum is 0
    assert s.sign_flip_p([3, 2, -1]) == 4 / 8  # |4| is reached by +++, ++- and their mirror images
    assert s.sign_flip_p([0.1] * 10) == s.smallest_p(10) == 2 / 1024
    assert s.sign_flip_p([5.0]) == 1
    assert math.isnan(s.sign_flip_p([]))


def test_many_pairs_are_sampled():
    values = np.random.default_rng(3).normal(0.45, 1, 22)
    normal = 2 * stats.norm.sf(abs(values.sum()) / np.sqrt((values**2).sum()))
    assert 0.005 < normal < 0.3
    assert s.sign_flip_p(values) == s.sign_flip_p(values)
    assert s.sign_flip_p(values) == pytest.approx(normal, rel=0.15)
    assert s.sign_flip_p(values[:20]) == pytest.approx(
        s.sign_flip_p([*values[:20], 0.0]), abs=0.004
    )
    assert s.sign_flip_p(np.ones(40), samples=999) == s.smallest_p(40, samples=999) == 1 / 1000


@given(differences, st.floats(1e-3, 1e3))
@settings(max_examples=60, deadline=None)
def test_the_test_does_not_care_about_side_scale_or_order(values, scale):
    p = s.sign_flip_p(values)
    assert s.smallest_p(len(values)) <= p <= 1
    assert s.sign_flip_p(-values) == p
    assert s.sign_flip_p(values[::-1]) == p
    assert s.sign_flip_p(values * scale) == p


@given(st.lists(st.floats(1e-9, 1e3), min_size=2, max_size=9), st.floats(1e-6, 1e6))
@settings(max_examples=40, deadline=None)
def test_a_common_factor_of_both_rows_changes_nothing(errors, factor):
    first = dict(enumerate(errors))
    second = dict(enumerate(reversed(errors)))
    plain, _ = s.paired_differences(first, second)
    scaled, _ = s.paired_differences(
        {seed: e * factor for seed, e in first.items()},
        {seed: e * factor for seed, e in second.items()},
    )
    np.testing.assert_allclose(plain, scaled, atol=1e-9)
    swapped, _ = s.paired_differences(second, first)
    np.testing.assert_array_equal(swapped, -plain)


def test_failed_and_missing_seeds_are_dropped_and_named():
    found, dropped = s.paired_differences(
        {0: 1.0, 1: None, 2: math.nan, 3: math.inf, 5: math.e},
        {0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0, 4: 1.0, 5: 1.0},
    )
    np.testing.assert_allclose(found, [0, 1])
    assert dropped == (1, 2, 3, 4)
    with pytest.raises(ArgumentError, match="failed seeds"):
        s.sign_flip_p([1.0, math.nan])


def test_the_one_sample_test_measures_from_the_reference():
    found, dropped = s.differences_from(1.0, {0: math.e, 1: None, 2: 1 / math.e})
    np.testing.assert_allclose(found, [-1, 1])
    assert dropped == (1,)
    below = {seed: 10.0**-seed for seed in range(1, 9)}
    assert s.sign_flip_p(s.differences_from(1.0, below)[0]) == 2 / 2**8
    assert len(s.differences_from(math.nan, below)[0]) == 0


def test_zero_errors_count_as_rounding():
    assert s.log_errors([0.0]) == s.log_errors([s.FLOOR]) == s.log_errors([1e-300])
    found, _ = s.paired_differences({0: 0.0, 1: 0.0}, {0: 0.0, 1: 1e-6})
    assert found[0] == 0
    assert np.isfinite(found[1])
    assert found[1] < -50
    with pytest.raises(ArgumentError, match="negative"):
        s.log_errors([-1.0])


def test_identical_rows_have_p_one_and_ratio_one():
    found, _ = s.paired_differences(dict(enumerate([1e-6] * 10)), dict(enumerate([1e-6] * 10)))
    assert s.sign_flip_p(found) == 1
    assert s.mean_ratio(found) == (1, 1, 1)
    assert s.cohen_dz(found) == 0


def test_holm_by_hand():
    # Sorted .005 .01 .03 .04 times 4 3 2 1 is .02 .03 .06 .04, and no value may be below the one
    # before it.
    np.testing.assert_allclose(s.holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(s.holm([0.5, 0.6]), [1, 1])
    np.testing.assert_allclose(s.holm([0.01, np.nan, 0.02]), [0.02, np.nan, 0.02])
    assert s.holm([]).shape == (0,)
    np.testing.assert_array_equal(s.holm([np.nan]), [np.nan])


@given(p_lists, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_holm_keeps_order_and_lies_between_raw_and_bonferroni(p_values, random):
    adjusted = s.holm(p_values)
    raw = np.array(p_values)
    assert (adjusted >= raw).all()
    assert (adjusted <= np.minimum(1, raw * len(raw))).all()
    assert (np.diff(adjusted[np.argsort(raw)]) >= 0).all()
    order = list(range(len(raw)))
    random.shuffle(order)
    np.testing.assert_allclose(s.holm(raw[order]), adjusted[order])


def test_quartiles_agree_with_scipy_and_skip_failures():
    values = np.random.default_rng(0).lognormal(size=11)
    found = s.median_and_quartiles([*values, np.nan])
    assert found.value == stats.scoreatpercentile(values, 50)
    assert found.high - found.low == pytest.approx(stats.iqr(values))
    assert all(math.isnan(end) for end in s.median_and_quartiles([]))


def test_intervals_agree_with_scipys_bootstrap():
    values = np.random.default_rng(5).lognormal(size=10)
    ours = s.median_interval(values)
    theirs = stats.bootstrap(
        (values,), np.median, method="percentile", rng=np.random.default_rng(1)
    )
    np.testing.assert_allclose((ours.low, ours.high), theirs.confidence_interval, rtol=0.1)
    assert ours.value == np.median(values)
    assert s.median_interval(values) == ours
    assert s.median_interval(values, level=0.5).low >= ours.low


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    random = np.random.default_rng(7)
    draws = random.normal(size=(300, 10))
    medians = [s.median_interval(np.exp(row), resamples=400, seed=i) for i, row in enumerate(draws)]
    ratios = [s.mean_ratio(row, resamples=400, seed=i) for i, row in enumerate(draws)]
    assert 0.89 < np.mean([interval.low <= 1 <= interval.high for interval in medians]) < 0.98
    assert 0.91 < np.mean([interval.low <= 1 <= interval.high for interval in ratios]) < 0.985


def test_intervals_of_few_values():
    assert s.median_interval([3.0])[0] == 3
    assert math.isnan(s.median_interval([3.0]).low)
    assert math.isnan(s.median_interval([np.nan]).value)
    one = s.mean_ratio([math.log(2)])
    assert one.value == pytest.approx(2)
    assert math.isnan(one.low)
    assert math.isnan(s.mean_ratio([]).value)
    assert math.isnan(s.mean_ratio([0.0, 1.0, 2.0, 3.0]).high)
    assert math.isnan(s.median_interval([1.0, 2.0, 3.0, 4.0]).high)
    assert s.median_interval([1.0, 2.0, 3.0, 4.0]).value == 2.5
    five = s.mean_ratio(np.log([1.0, 2.0, 4.0, 8.0, 16.0]))
    assert five.value == pytest.approx(4)
    assert 1 <= five.low < 2 < 8 < five.high <= 16
    assert s.mean_ratio([800.0, 800.0]).value == math.inf


def test_effect_sizes_by_hand():
    values = [1.0, 2.0, 3.0, 6.0]
    assert s.cohen_dz(values) == pytest.approx(3 / math.sqrt((4 + 1 + 0 + 9) / 3))
    assert s.cohen_dz(values) == pytest.approx(stats.ttest_1samp(values, 0).statistic / 2)
    assert s.cohen_dz([0.1] * 7) == math.inf
    assert math.isnan(s.cohen_dz([1.0]))
    assert s.mean_ratio(np.log([1.0, 100.0])).value == pytest.approx(10)
