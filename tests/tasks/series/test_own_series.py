"""A series of one's own: views, the linear part, forecasts, and what is chosen for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffqas.errors import ArgumentError
from diffqas.tasks.series.correction import believed_part
from diffqas.tasks.series.future import no_correction, own_forecast_errors
from diffqas.tasks.series.linear_part import ridge
from diffqas.tasks.series.own_choices import OwnSeries
from diffqas.tasks.series.own_series import View, forecasts_from, own_series_data
from diffqas.tasks.series.own_task import own_series_task, simple_errors
from diffqas.tasks.series.settling import periods, settled, view_of

MONTHS = np.arange(120)
NOISE = np.random.default_rng(0).normal(size=120)
SALES = 100 + MONTHS + 20 * np.sin(2 * np.pi * MONTHS / 12) + NOISE


def column(series):
    return np.asarray(series, dtype=np.float64)[:, None]


VIEWS = st.builds(
    View,
    window=st.integers(1, 6),
    horizon=st.integers(1, 9),
    difference=st.booleans(),
    season=st.integers(1, 7),
)


@given(VIEWS)
def test_no_view_looks_at_what_is_not_known_yet(view):
    """Values from the horizon on may be anything: the prediction stays."""
    place = np.array([60])
    changed = SALES.copy()
    changed[60 - view.horizon + 1 :] = np.nan
    for values in (SALES, changed):
        windows = view.windows(view.changed(column(values)), place)
        assert np.isfinite(windows).all()
        assert np.isfinite(view.known(values, place)).all()
    one, other = (view.windows(view.changed(column(each)), place) for each in (SALES, changed))
    np.testing.assert_array_equal(one, other)


@given(VIEWS)
def test_the_first_value_that_can_be_predicted_is_the_first(view):
    first = view.windows(view.changed(column(SALES)), np.array([view.reach]))
    assert np.isfinite(first).all()
    assert min(view.reach - view.horizon - view.window + 1, view.reach - view.seasons_back) >= 0


@given(VIEWS)
def test_forecasts_from_the_test_part_are_its_predictions(view):
    data = own_series_data("sales", column(SALES), view)
    found = forecasts_from(data, no_correction, data.test_times, view.horizon)
    # The last of `horizon` steps is predicted from the values before the origin, and so is a
    # single step where the horizon is one.
    direct = data.without_network(data.values, data.test_times[view.horizon - 1 :])
    count = len(direct)
    np.testing.assert_allclose(found[:count, -1], direct, rtol=1e-9)


@pytest.mark.parametrize("season", [1, 12])
@pytest.mark.parametrize("difference", [False, True])
def test_targets_and_what_is_predicted_without_a_network_make_the_series(season, difference):
    data = own_series_data("sales", column(SALES), View(4, 1, difference, season))
    task = own_series_task(data, correction=0.5)
    units = task.units
    assert units is not None
    np.testing.assert_allclose(units.truth(data.targets()), SALES[data.view.reach :])
    half = units.predicted(2 * data.targets())
    np.testing.assert_allclose(half, SALES[data.view.reach :])
    assert task.references[-1].value == pytest.approx(
        task.metrics["mse"](0 * task.test.targets, task.test.targets).item()
    )


def test_a_window_never_sees_the_range_of_the_test_part():
    later = SALES.copy()
    later[data_cut() :] *= 10
    one, other = (own_series_data("s", column(each), View(4)) for each in (SALES, later))
    np.testing.assert_array_equal(one.low, other.low)
    assert one.unit == other.unit
    np.testing.assert_array_equal(one.linear.coefficients, other.linear.coefficients)


def data_cut():
    return int(0.67 * len(SALES))


def test_what_is_chosen_does_not_depend_on_the_test_part():
    later = SALES.copy()
    later[data_cut() :] = 0
    assert settled(OwnSeries(), column(SALES)) == settled(OwnSeries(), column(later))


def test_a_season_is_found_and_asked_for_choices_stay():
    found = settled(OwnSeries(), column(SALES))
    assert view_of(found).reach >= 12
    assert periods(SALES[: data_cut()]) == [12]
    asked = settled(OwnSeries(window=3, season=4, difference=True, horizon=2), column(SALES))
    assert view_of(asked) == View(3, 2, True, 4)


def test_a_random_walk_is_seen_as_changes_or_repeated():
    walk = np.cumsum(np.random.default_rng(3).normal(size=300))
    data = own_series_data("walk", column(walk), view_of(settled(OwnSeries(), column(walk))))
    rows = {row.name: row.test_mse for row in simple_errors(data)}
    assert rows["linear part alone"] < 1.1 * rows["persistence"]


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"window": 500}, "`window` must leave 10 values to learn from in the training part"),
        ({"season": 120}, "`season` must leave 10 values to learn from in the training part"),
        ({"horizon": 90}, "`horizon` must leave 10 values to learn from in the training part"),
    ],
)
def test_views_that_are_too_long_are_told(choices, words):
    with pytest.raises(ArgumentError, match=words):
        settled(OwnSeries(**choices), column(SALES))


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"horizon": 0}, "`horizon` must be a whole number of at least 1, but got 0"),
        ({"window": 0}, "`window` must be a whole number of at least 1"),
        ({"season": 1.5}, "`season` must be a whole number of at least 1"),
        ({"correction": 1.1}, "`correction` must be at least 0 and at most 1"),
        ({"difference": "yes"}, "`difference` must be True or False"),
        ({"columns": ()}, "`columns` must be one text or several"),
    ],
)
def test_choices_out_of_their_range(choices, words):
    with pytest.raises(ArgumentError, match=words):
        OwnSeries(**choices)


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 5))
def test_ridge_does_not_lose_to_the_mean_by_leaving_one_out(seed, noise):
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(30, 8))
    targets = features[:, 0] + noise * draw.normal(size=30)
    line = ridge(features, targets)
    fitted = np.mean((line(features) - targets) ** 2)
    assert fitted <= np.var(targets) * (1 + 1e-9)


def test_ridge_of_more_features_than_samples_and_of_constants():
    features = np.random.default_rng(1).normal(size=(6, 20))
    assert np.isfinite(ridge(features, np.arange(6.0)).coefficients).all()
    flat = ridge(np.ones((5, 3)), np.arange(5.0))
    np.testing.assert_array_equal(flat(np.ones((2, 3))), [2.0, 2.0])


def test_what_is_believed_of_noise_and_of_the_truth():
    draw = np.random.default_rng(2)
    truth = draw.normal(size=60)
    noise = draw.normal(size=(200, 3, 60))
    parts = [believed_part(each, truth) for each in noise]
    assert np.median(parts) == 0
    assert np.mean(parts) < 0.1
    assert believed_part(truth + 0.01 * noise[0], truth) > 0.99
    assert believed_part(2 * truth[None], truth) == pytest.approx(0.5)
    assert believed_part(0 * noise[0], truth) == 0


def test_further_columns_are_seen_and_end_at_the_horizon():
    values = np.column_stack([NOISE, np.append(NOISE[2:], [0, 0])])
    data = own_series_data("n", values, View(3, 1), columns=("n", "ahead"))
    alone = own_series_data("n", column(NOISE), View(3, 1))
    rows = [{r.name: r.test_mse for r in simple_errors(each)} for each in (data, alone)]
    # The second column shows the next value already.
    assert rows[0]["linear part alone"] < 1e-6 < rows[1]["linear part alone"]
    with pytest.raises(ArgumentError, match="`steps` must be at most 1, the horizon"):
        forecasts_from(data, no_correction, np.array([100]), 2)


def test_errors_by_horizon_start_at_the_test_error():
    data = own_series_data("sales", column(SALES), View(13))
    errors = own_forecast_errors(data, [no_correction], 12)
    rows = {row.name: row.test_mse for row in simple_errors(data)}
    assert errors.models[0, 0] ** 2 == pytest.approx(rows["linear part alone"])
    assert errors.persistence[0] ** 2 == pytest.approx(rows["persistence"])
    seasonal = errors.further["seasonal repetition, 12"]
    assert seasonal[0] ** 2 == pytest.approx(rows["seasonal repetition, 12"])
    np.testing.assert_array_equal(errors.origins, np.arange(len(data.test_times), 28, -1))
