"""The choice of a view of a user's own series, made on its training part alone.

Every view is tried by linear autoregression, which takes milliseconds. It is fitted to the
beginning of the training part and judged on what follows, three times with more and more values
(forward validation). The simplest view within two per cent of the best one is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from diffqas.errors import ArgumentError
from diffqas.tasks.series.linear_part import ridge
from diffqas.tasks.series.own_choices import OwnSeries
from diffqas.tasks.series.own_series import View, boundary_of
from diffqas.tasks.series.series_data import Floats

WINDOWS = (4, 8, 13)
"""Lengths that are tried beside that of a season and one value."""
FOLDS = ((0.4, 0.6), (0.6, 0.8), (0.8, 1.0))
"""Shares of the training part: where the judged values begin and end."""
LEAST_SAMPLES = 10
"""Of the training part."""
WORTH = 0.98
"""A view that looks further back must bring the error below this share of the best one's."""
CLEAR = 0.3
"""Autocorrelation of changes from which on a period is tried."""
MOST_PERIOD = 400


def settled(choices: OwnSeries, values: Floats, period: int | None = None) -> OwnSeries:
    """Choose window, difference and season where the choices leave them open.

    Args:
        choices: the choices as they were asked for.
        values: (times, columns) of the whole file; values of the test part are not used.
        period: the steps of a season, if the dates tell it.

    Returns:
        The same choices with nothing left open.

    Raises:
        ArgumentError: the training part is too short for the view that was asked for.
    """
    cut = boundary_of(len(values))
    training = values[:cut]
    best, least = None, np.inf
    for view in _views(choices, training, period):
        error = forward_error(training, view)
        if best is None or error < WORTH * least:
            best, least = view, min(error, least)
    if best is None:
        raise _too_long(choices, cut)
    return replace(choices, window=best.window, difference=best.difference, season=best.season)


def view_of(choices: OwnSeries) -> View:
    """The view that choices describe, in which nothing is left open."""
    window, difference, season = choices.window, choices.difference, choices.season
    assert window is not None, "the choices are settled"
    assert difference is not None, "the choices are settled"
    assert season is not None, "the choices are settled"
    return View(window, choices.horizon, difference, season)


def _views(choices: OwnSeries, training: Floats, period: int | None) -> Iterator[View]:
    """Views that the choices leave open and that the training part is long enough for."""
    found = periods(training[:, 0], period)
    seasons = [1, *found]
    if choices.season is not None:
        seasons = [choices.season]
    differences = [False, True]
    if choices.difference is not None:
        differences = [choices.difference]
    lengths = sorted({*WINDOWS, *(each + 1 for each in found)})
    if choices.window is not None:
        lengths = [choices.window]
    for season in seasons:
        for difference in differences:
            for window in lengths:
                view = View(window, choices.horizon, difference, season)
                if view.reach + LEAST_SAMPLES <= len(training):
                    yield view


def _too_long(choices: OwnSeries, count: int) -> ArgumentError:
    """What is asked for looks further back than the training part reaches."""
    asked = {"season": choices.season, "window": choices.window, "horizon": choices.horizon}
    sizes = {name: value for name, value in asked.items() if value is not None}
    name = max(sizes, key=lambda each: sizes[each])
    return ArgumentError(
        f"Argument `{name}` must leave {LEAST_SAMPLES} values to learn from in the training part, "
        f"which has {count}, but got {sizes[name]}."
    )


def forward_error(training: Floats, view: View) -> float:
    """Mean squared error of linear autoregression on values that follow those of its fit.

    Infinite where no fold has values enough to be fitted to.
    """
    count = len(training)
    times = np.arange(view.reach, count)
    seen = view.windows(view.changed(training), times)
    goal = training[times, 0] - view.known(training[:, 0], times)
    errors = []
    for begin, end in FOLDS:
        fitted = times < begin * count
        judged = (times >= begin * count) & (times < end * count)
        if fitted.sum() < LEAST_SAMPLES // 2:
            # All views must be judged on the same values.
            return _short_error(seen, goal)
        line = ridge(seen[fitted], goal[fitted])
        errors.append((line(seen[judged]) - goal[judged]) ** 2)
    return float(np.mean(np.concatenate(errors)))


def _short_error(seen: Floats, goal: Floats) -> float:
    """The error of the last fold alone, of a series that has no room for three."""
    fitted = max(2, int(FOLDS[-1][0] * len(goal)))
    line = ridge(seen[:fitted], goal[:fitted])
    return float(np.mean((line(seen[fitted:]) - goal[fitted:]) ** 2))


def periods(series: Floats, dated: int | None = None) -> list[int]:
    """Lengths of a season that are worth to be tried, the clearest alone and that of the dates.

    A period shows as a peak of the autocorrelation of the changes from value to value.

    >>> month = np.arange(96)
    >>> periods(month + 10 * np.sin(2 * np.pi * month / 12))
    [12]
    >>> periods(np.random.default_rng(0).normal(size=96))
    []
    """
    longest = min(len(series) // 3, MOST_PERIOD)
    found = []
    if dated is not None and 2 <= dated <= longest:
        found.append(dated)
    changes = np.diff(series)
    changes = changes - changes.mean()
    power = float(changes @ changes)
    if power > 0:
        lags = range(2, longest)
        correlation = np.array([changes[lag:] @ changes[:-lag] / power for lag in lags])
        peaks = [
            at
            for at in range(1, len(correlation) - 1)
            if correlation[at - 1] < correlation[at] > correlation[at + 1]
        ]
        clear = [at for at in peaks if correlation[at] > CLEAR]
        if clear:
            # Twice a period is a period as well: of nearly equal peaks the first one counts.
            highest = max(correlation[at] for at in clear)
            first = next(at for at in clear if correlation[at] > highest - 0.1)
            found.append(lags[first])
    return sorted(set(found))
