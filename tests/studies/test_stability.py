"""Whether rankings agree, against hand-made and scipy's numbers."""

import numpy as np
import pytest
from scipy import stats

from diffqas.errors import ArgumentError
from diffqas.reports import mean_correlation
from stability import Ranks, agreement


def ranks(contributions, constant=None):
    table = np.array(contributions, dtype=float)
    names = tuple("abcdefgh"[: table.shape[1]])
    return Ranks(names, constant or (False,) * len(names), tuple(range(len(table))), table)


def test_rank_1_is_the_largest_and_equals_share():
    assert ranks([[0.1, 3.0, 2.0], [1.0, 1.0, 0.0]]).ranks.tolist() == [
        [3.0, 1.0, 2.0],
        [1.5, 1.5, 3.0],
    ]


def test_constants_are_left_out_and_the_rest_ranked_anew():
    live = ranks([[0.5, 9.0, 0.7]], (False, True, False)).live()
    assert live.names == ("a", "c")
    assert live.ranks.tolist() == [[2.0, 1.0]]


def test_kendall_by_hand():
    # Rank sums 4, 5, 9 of three seeds and three candidates: S = 4 + 1 + 9 = 14, W = 12 S / (m^2
    # (n^3 - n)) = 7 / 9.
    found = agreement(ranks([[3, 2, 1], [2, 3, 1], [3, 2, 1]]))
    assert found.kendall == pytest.approx(7 / 9)
    assert found.spearman == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert (found.first, found.share) == ("a", pytest.approx(2 / 3))


def test_against_scipy():
    drawn = ranks(np.random.default_rng(3).normal(size=(7, 5)) + np.array([0, 0.3, 0.6, 0.9, 1.2]))
    found = agreement(drawn)
    friedman = stats.friedmanchisquare(*drawn.contributions.T).statistic
    assert found.kendall == pytest.approx(friedman / (7 * 4))
    pairs = [
        stats.spearmanr(drawn.contributions[i], drawn.contributions[j]).statistic
        for i in range(7)
        for j in range(i)
    ]
    assert found.spearman == pytest.approx(np.mean(pairs))


def test_p_of_two_seeds_and_three_candidates_is_the_share_of_orders():
    found = agreement(ranks([[3, 2, 1], [3, 2, 1]]))
    assert found.kendall == pytest.approx(1.0)
    assert found.p == pytest.approx(1 / 6, abs=0.02)
    opposed = agreement(ranks([[3, 2, 1], [1, 2, 3]]))
    assert (opposed.kendall, opposed.p) == (pytest.approx(0.0), 1.0)


def test_many_seeds_that_agree_cannot_be_chance():
    found = agreement(ranks([[5, 4, 3, 2, 1]] * 8))
    assert (found.p, found.share) == (1e-4, 1.0)


def test_too_few():
    with pytest.raises(ArgumentError, match="at least two seeds and two candidates"):
        agreement(ranks([[1, 2, 3]]))
    assert mean_correlation([[1, 2, 3], [3, 2, 1]]) == pytest.approx(-1.0)
