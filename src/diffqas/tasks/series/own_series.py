"""A user's own series as samples: a linear part predicts, and a network corrects it.

A value s_t is predicted from a window that ends h steps before it, h being the horizon:

    s_t = known_t + linear(window_t) + unit * network(window_t)

Here `known_t` is an earlier value, which differences subtract, and `linear` is a ridge regression
that is fitted to the training part. The network is trained on what these two leave, in units of its
spread. So it learns what a line cannot, and values above all those of the training part are nothing
new for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import require
from diffqas.tasks.series.linear_part import LinearPart, ridge
from diffqas.tasks.series.row_dates import RowDates
from diffqas.tasks.series.series_data import TRAIN_SHARE, Floats, Scaling

Times = NDArray[np.int64]
"""Places of values in their series."""
Corrector = Callable[[Floats], Floats]
"""Windows (batch, window, columns), scaled -> corrections (batch,), in units of `unit`."""

LEAST_REHEARSED = 8
"""Values that a network must have to learn from where choices are tried."""
SPREADS = 2.0
"""Standard deviations of what the linear part leaves that are 1 for the network."""


@dataclass(frozen=True)
class View:
    """What a model sees of a series, and which earlier value its prediction is added to.

    Attributes:
        window: the values of each column.
        horizon: the steps from the end of the window to the predicted value.
        difference: whether the change from the last known value is predicted, and the window shows
            changes.
        season: the same with the value so many steps before; 1: no season.
    """

    window: int
    horizon: int = 1
    difference: bool = False
    season: int = 1

    @property
    def seasons_back(self) -> int:
        """Steps to the latest value of the same season that the horizon leaves visible."""
        if self.season == 1:
            return 0
        return self.season * -(-self.horizon // self.season)

    @property
    def reach(self) -> int:
        """How far back a prediction looks: the first value that can be predicted has this place."""
        lost = int(self.difference)
        if self.season > 1:
            lost += self.season
        seen = self.horizon - 1 + self.window + lost
        known = self.seasons_back
        if self.difference:
            known += self.horizon
        return max(seen, known)

    def changed(self, values: Floats) -> Floats:
        """The values (times, ...) as the window shows them; NaN where there is nothing before."""
        if self.season > 1:
            values = _minus_earlier(values, self.season)
        if self.difference:
            values = _minus_earlier(values, 1)
        return values

    def known(self, series: Floats, times: Times) -> Floats:
        """What earlier values of the series say of those at these places, (times,)."""
        last, season = times - self.horizon, times - self.seasons_back
        if self.season > 1 and self.difference:
            return series[season] + series[last] - series[last - self.seasons_back]
        if self.season > 1:
            return series[season]
        if self.difference:
            return series[last]
        return np.zeros(len(times))

    def windows(self, changed: Floats, times: Times) -> Floats:
        """The windows for the values at these places, (times, window, columns)."""
        first = times - self.horizon - self.window + 1
        return changed[first[:, None] + np.arange(self.window)]


def _minus_earlier(values: Floats, steps: int) -> Floats:
    found = np.full_like(values, np.nan)
    found[steps:] = values[steps:] - values[:-steps]
    return found


@dataclass(frozen=True, eq=False)
class OwnSeriesData:
    """A user's own series with its linear part, which is fitted to the training part.

    Attributes:
        name: the name of the predicted column.
        values: (times, columns), in the columns' own units, the predicted one first.
        boundary: the place of the first value of the test part.
        view: what a model sees.
        low, high: (columns,), the values that -1 and 1 stand for in a window.
        linear: the linear part, which predicts `s_t - known_t` from scaled windows.
        unit: the value that 1 stands for in targets and in the network's predictions.
        columns: the names of all columns.
        dates: the dates of the rows, if the file has them.
    """

    name: str
    values: Floats
    boundary: int
    view: View
    low: Floats
    high: Floats
    linear: LinearPart
    unit: float
    columns: tuple[str, ...] = ()
    dates: RowDates | None = None

    @property
    def period(self) -> int | None:
        """Rows of a season by the dates, where they tell."""
        return None if self.dates is None else self.dates.period

    @property
    def series(self) -> Floats:
        """The predicted column, (times,)."""
        return self.values[:, 0]

    @property
    def times(self) -> Times:
        """Places of all values that can be predicted, those of the training part first."""
        return np.arange(self.view.reach, len(self.values))

    @property
    def train_count(self) -> int:
        """How many of them are in the training part."""
        return self.boundary - self.view.reach

    @property
    def test_times(self) -> Times:
        """Places of the test part."""
        return np.arange(self.boundary, len(self.values))

    def windows(self, values: Floats, times: Times) -> Floats:
        """Scaled windows for the values at these places, (times, window, columns)."""
        seen = self.view.windows(self.view.changed(values), times)
        return _scaled(seen, self.low, self.high)

    def without_network(self, values: Floats, times: Times) -> Floats:
        """What is predicted without any network, (times,), in the series' own units."""
        line = self.linear(self.windows(values, times))
        return self.view.known(values[:, 0], times) + line

    def targets(self) -> Floats:
        """What the network is to predict, for all `times`, in units of `unit`."""
        left = self.series[self.times] - self.without_network(self.values, self.times)
        return left / self.unit

    def rehearsal(self) -> OwnSeriesData | None:
        """The same protocol on the training part alone, for choices; None of too few values."""
        if self.view.reach + LEAST_REHEARSED > boundary_of(self.boundary):
            return None
        return own_series_data(
            self.name,
            self.values[: self.boundary],
            self.view,
            boundary=boundary_of(self.boundary),
            columns=self.columns,
            dates=self.dates,
        )


def boundary_of(count: int) -> int:
    """Place of the first value of the test part of so many, `TRAIN_SHARE` of them before it."""
    return int(TRAIN_SHARE * count)


def own_series_data(
    name: str,
    values: Floats,
    view: View,
    *,
    boundary: int | None = None,
    scaling: Scaling = "train",
    columns: tuple[str, ...] = (),
    dates: RowDates | None = None,
) -> OwnSeriesData:
    """Fit the linear part to the training part of a series.

    Args:
        name: the name of the predicted column.
        values: (times, columns), the predicted column first.
        view: what a model sees.
        boundary: the place of the first value of the test part; None: 67 % of the values are the
            training part.
        scaling: "train" or "whole", as in `scaled_windows`.
        columns: the names of the columns.
        dates: the dates of the rows.

    Raises:
        ArgumentError: the view looks back too far for the training part.
    """
    cut = boundary_of(len(values)) if boundary is None else boundary
    rule = f"look back at most {cut - 2} values"
    require(view.reach <= cut - 2, "view", rule, view.reach)
    changed = view.changed(values)
    shown = changed[view.reach - view.horizon - view.window + 1 :]
    if scaling == "train":
        shown = shown[: cut - len(changed)]
    low, high = shown.min(axis=0), shown.max(axis=0)
    # Changes of a straight line are all the same: they are seen as 0, whatever comes later.
    flat = low == high
    low, high = np.where(flat, low - 1, low), np.where(flat, high + 1, high)
    times = np.arange(view.reach, cut)
    seen = _scaled(view.windows(changed, times), low, high)
    goal = values[times, 0] - view.known(values[:, 0], times)
    linear = ridge(seen, goal)
    left = goal - linear(seen)
    spread = float(np.ptp(values[:cut, 0]))
    # Of an exact line rounding alone is left, which is nothing to learn.
    unit = max(SPREADS * float(left.std()), 1e-9 * spread)
    return OwnSeriesData(name, values, cut, view, low, high, linear, unit, columns, dates)


def forecasts_from(data: OwnSeriesData, corrector: Corrector, origins: Times, steps: int) -> Floats:
    """Forecast the values from each origin on, every value from those before it.

    Later windows show the predictions of earlier steps. Of the other columns no value from the
    origin on is known.

    Args:
        data: the series.
        corrector: the function that gives the network's corrections.
        origins: the places of the first value that is not known, each at least `view.reach`.
        steps: how many values are forecast.

    Returns:
        (origins, steps), in the series' own units.

    Raises:
        ArgumentError: there are further columns, and `steps` is above the horizon, so that unknown
            values of these columns would be needed.
    """
    view = data.view
    rule = f"be at most {view.horizon}, the horizon: the other columns are not known further on"
    require(data.values.shape[1] == 1 or steps <= view.horizon, "steps", rule, steps)
    reach, count = view.reach, len(origins)
    # One row of values for each origin: those it looks back at, then its predictions. What is not
    # known yet is NaN, so that no window can show it unseen.
    rows = np.full((reach + steps, count, data.values.shape[1]), np.nan)
    for back in range(1, reach + 1):
        rows[reach - back] = data.values[origins - back]
    found = np.empty((count, steps))
    for step in range(steps):
        history = rows[step : step + reach + 1]
        windows = _scaled(_last_windows(view, history), data.low, data.high)
        known = _last_known(view, history[..., 0])
        with np.errstate(over="ignore", invalid="ignore"):
            values = known + data.linear(windows) + data.unit * corrector(windows)
        found[:, step] = values
        rows[reach + step, :, 0] = values
    return found


def _last_windows(view: View, history: Floats) -> Floats:
    """Windows for the last place of histories (times, origins, columns)."""
    place = np.array([len(history) - 1])
    return view.windows(view.changed(history), place)[0].swapaxes(0, 1)


def _last_known(view: View, history: Floats) -> Floats:
    """What is known of the last place of histories (times, origins)."""
    if not view.difference and view.season == 1:
        return np.zeros(history.shape[1])
    return view.known(history, np.array([len(history) - 1]))[0]


def _scaled(values: Floats, low: Floats, high: Floats) -> Floats:
    return 2 * (values - low) / (high - low) - 1
