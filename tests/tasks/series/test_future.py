"""The next values of a series of one's own, and how often their interval holds them."""

from datetime import datetime

import numpy as np
import pytest

from diffqas.errors import ArgumentError
from diffqas.reports import future_csv, future_figure, future_table
from diffqas.tasks.series.future import conformal_width, future_of, no_correction
from diffqas.tasks.series.own_series import View, own_series_data
from diffqas.tasks.series.row_dates import RowDates

STEPS = 6


def autoregressive(seed, count=200):
    """Values that remember 0.7 of the one before, and the next six of them."""
    shocks = np.random.default_rng(seed).normal(size=count + STEPS)
    values = [shocks[0]]
    for shock in shocks[1:]:
        values.append(0.7 * values[-1] + shock)
    return np.array(values[:count]), np.array(values[count:])


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_interval_holds_the_share_of_values_that_it_says(level):
    held = []
    for seed in range(100):
        known, truth = autoregressive(seed)
        data = own_series_data("x", known[:, None], View(4))
        future = future_of(data, [no_correction], STEPS, level)
        held.append((future.low <= truth) & (truth <= future.high))
    share = np.mean(held, axis=0)
    # Of 100 series a share of one half has a standard deviation of 0.05.
    assert np.abs(share - level).max() < 0.15
    assert abs(share.mean() - level) < 0.06


def test_an_exact_line_goes_on_exactly():
    data = own_series_data("x", (3.0 * np.arange(60) + 5)[:, None], View(4, difference=True))
    future = future_of(data, [no_correction, no_correction], 5)
    np.testing.assert_allclose(future.values, 3.0 * np.arange(60, 65) + 5, rtol=1e-9)
    assert (future.width < 1e-6).all()


def test_an_interval_is_nowhere_narrower_than_before():
    data = own_series_data("x", autoregressive(1)[0][:, None], View(4))
    future = future_of(data, [no_correction], 60)
    assert (np.diff(future.width) >= 0).all()
    np.testing.assert_array_equal(future.origins, np.arange(66, 6, -1))


def test_the_width_is_a_rank_of_the_errors():
    errors = np.array([3.0, -1.0, 2.0, -4.0])
    assert conformal_width(errors, 0.5) == 3.0
    assert conformal_width(errors, 0.99) == 4.0  # too few for this level: all of them


@pytest.mark.parametrize(
    ("level", "needed", "words"),
    [(0.5, 1, "50%"), (0.9, 9, "90%"), (0.95, 19, "95%"), (0.99, 99, "99%"), (0.995, 199, "99.5%")],
)
def test_an_interval_that_too_few_errors_stand_behind_says_so(level, needed, words):
    data = own_series_data("x", autoregressive(1)[0][:, None], View(4))
    steps = len(data.test_times)
    future = future_of(data, [no_correction], steps, level)
    assert future.needed == needed
    assert conformal_width(np.arange(1.0, needed + 1), level) == np.ceil(level * (needed + 1))
    # At step k the test part tells steps - k + 1 errors.
    first = max(1, steps - needed + 2)
    if first > steps:
        assert future.remark is None
        assert future_table(future).caption is None
        return
    start = f"From +{first} on fewer than {needed} errors are known"
    assert future.remark is not None
    assert future.remark.startswith(start)
    assert f"less than {words}: take a lower --level" in future.remark
    assert str(future_table(future).caption) == future.remark
    assert future_table(future).columns[2].header == f"{words} interval"


def test_seeds_and_dates_stand_in_the_table():
    dates = RowDates(datetime(1960, 12, 1), "%Y-%m", months=1)
    data = own_series_data("x", autoregressive(2)[0][:, None], View(4), dates=dates)

    def more(windows):
        return np.full(len(windows), 0.1)

    future = future_of(data, [no_correction, more], 3)
    lines = future_csv(future, [0, 7]).splitlines()
    assert lines[0] == "row,forecast,low,high,seed_0,seed_7"
    assert [line.split(",")[0] for line in lines[1:]] == ["1961-01", "1961-02", "1961-03"]
    assert future_table(future).row_count == 3
    assert future_figure(future, "next").axes[0].get_ylabel() == "x"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0,), "`steps` must be between 1 and 66, the number of test windows, but got 0"),
        ((67,), "`steps` must be between 1 and 66"),
        ((3, 1.0), "`level` must be between 0 and 1, but got 1.0"),
    ],
)
def test_what_cannot_be_told(arguments, words):
    data = own_series_data("x", autoregressive(3)[0][:, None], View(4))
    with pytest.raises(ArgumentError, match=words):
        future_of(data, [no_correction], *arguments)
