"""The values that follow a series of one's own, and how well such forecasts do on its test part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diffqas.errors import require
from diffqas.tasks.series.forecasts import ForecastErrors
from diffqas.tasks.series.own_series import Corrector, OwnSeriesData, Times, forecasts_from
from diffqas.tasks.series.own_task import LINEAR_PART, seasons_of
from diffqas.tasks.series.series_data import Floats

LEVEL = 0.9
"""Share of the values that an interval is to hold."""


@dataclass(frozen=True, eq=False)
class Future:
    """The next values of a series.

    Attributes:
        name: the name of the series.
        labels: the dates of the values, or the number of steps that they are ahead.
        models: (models, steps), the forecast of each model.
        width: (steps,), half of the interval around the median of the models.
        level: the share of the values that the interval is to contain.
        origins: (steps,), the number of forecasts of the test part behind each width.
        past: the last known values, at most as many as there are steps.
    """

    name: str
    labels: tuple[str, ...]
    models: Floats
    width: Floats
    level: float
    origins: Times
    past: Floats

    @property
    def values(self) -> Floats:
        """(steps,), the median over the models."""
        return np.median(self.models, axis=0)

    @property
    def low(self) -> Floats:
        """(steps,), the lower ends of the interval."""
        return self.values - self.width

    @property
    def high(self) -> Floats:
        """(steps,), the upper ends."""
        return self.values + self.width

    @property
    def needed(self) -> int:
        """Errors from which on a width holds the level: of fewer the largest is too small a rank.

        From ``(n + 1) level <= n``.
        """
        return math.ceil(round(self.level / (1 - self.level), 9))

    @property
    def level_in_words(self) -> str:
        """The level in percent, no more rounded than it was given."""
        return f"{100 * self.level:.10g}%"

    @property
    def remark(self) -> str | None:
        """What the interval does not hold; None where errors enough stand behind it."""
        few = np.flatnonzero(self.origins < self.needed)
        if not len(few):
            return None
        return (
            f"From {self.labels[few[0]]} on fewer than {self.needed} errors are known, and an "
            f"interval of the largest one holds less than {self.level_in_words}: take a lower "
            "--level or fewer --steps."
        )


def no_correction(windows: Floats) -> Floats:
    """What the linear part alone adds: nothing, (batch,)."""
    return np.zeros(len(windows))


def future_of(
    data: OwnSeriesData, correctors: Sequence[Corrector], steps: int, level: float = LEVEL
) -> Future:
    """Forecast the values after the last row, with an interval.

    The width of the interval at step k follows from the errors of forecasts over k steps on the
    test part, to which nothing was fitted. Of n absolute errors it is the one of rank
    ``ceil((n + 1) level)``. A further error of the same kind exceeds it with a probability of at
    most 1 - level (split conformal prediction). If n is too small for this rank, the largest error
    is taken, and `Future.remark` says so. The interval is never narrower than at an earlier step.

    Args:
        data: the series.
        correctors: the correction of each seed's network.
        steps: how many steps are forecast, at most as many as the test part has values.
        level: the share of the values that the interval is to contain.

    Raises:
        ArgumentError: `steps` or `level` out of range, no correctors, or what `forecasts_from`
            refuses.
    """
    require(0 < level < 1, "level", "be between 0 and 1", level)
    require_steps(data, steps)
    require(len(correctors) > 0, "correctors", "hold at least one", "none")
    count = len(data.values)
    end = np.array([count])
    models = np.stack([forecasts_from(data, each, end, steps)[0] for each in correctors])
    tried = np.stack([forecasts_from(data, each, data.test_times, steps) for each in correctors])
    errors, origins = _errors(data, np.median(tried, axis=0))
    widths = [conformal_width(errors[:known, step], level) for step, known in enumerate(origins)]
    return Future(
        name=data.name,
        labels=_labels(data, steps),
        models=models,
        width=np.maximum.accumulate(widths),
        level=level,
        origins=origins,
        past=data.series[max(0, count - max(steps, 24)) :],
    )


def conformal_width(errors: Floats, level: float) -> float:
    """Of n errors by their size the one of rank ``ceil((n + 1) level)``, at most the largest.

    >>> conformal_width(np.arange(1.0, 20.0), 0.9)
    18.0
    """
    sizes = np.sort(np.abs(errors))
    rank = min(math.ceil((len(sizes) + 1) * level), len(sizes))
    return float(sizes[rank - 1])


def own_forecast_errors(
    data: OwnSeriesData, correctors: Sequence[Corrector], steps: int
) -> ForecastErrors:
    """Errors by horizon from every value of the test part, beside those of simple predictors.

    Args:
        data: the series.
        correctors: what the network of each seed adds.
        steps: of the longest forecast.

    Raises:
        ArgumentError: as of `future_of`.
    """
    require_steps(data, steps)
    origins = data.test_times
    own = [_root(data, forecasts_from(data, each, origins, steps)) for each in correctors]
    line = _root(data, forecasts_from(data, no_correction, origins, steps))
    last = data.series[origins - 1]
    further = {}
    for period in seasons_of(data):
        # The latest known value of the same season, again and again.
        back = period - np.arange(steps) % period
        further[f"seasonal repetition, {period}"] = _root(
            data, data.series[origins[:, None] - back]
        )
    return ForecastErrors(
        models=np.array(own),
        persistence=_root(data, np.repeat(last[:, None], steps, axis=1)),
        least_squares=line,
        origins=_errors(data, np.zeros((len(origins), steps)))[1],
        window=data.view.window,
        line=LINEAR_PART,
        further=further,
    )


def require_steps(data: OwnSeriesData, steps: int) -> None:
    """Refuse forecasts that no test value tells the errors of."""
    count = len(data.test_times)
    rule = f"be between 1 and {count}, the number of test windows"
    require(isinstance(steps, int) and 1 <= steps <= count, "steps", rule, steps)


def _errors(data: OwnSeriesData, found: Floats) -> tuple[Floats, Times]:
    """Deviations (origins, steps) of forecasts from every test value, NaN behind the last row, and
    how many are known at each step: the first ones.
    """
    count, steps = found.shape
    places = data.boundary + np.arange(count)[:, None] + np.arange(steps)
    known = places < len(data.values)
    truth = data.series[np.minimum(places, len(data.values) - 1)]
    return np.where(known, found - truth, np.nan), known.sum(axis=0)


def _root(data: OwnSeriesData, found: Floats) -> Floats:
    """Root mean squared errors by step."""
    errors, _ = _errors(data, found)
    with np.errstate(over="ignore"):
        return np.sqrt(np.nanmean(errors**2, axis=0))


def _labels(data: OwnSeriesData, steps: int) -> tuple[str, ...]:
    if data.dates is None:
        return tuple(f"+{step}" for step in range(1, steps + 1))
    return tuple(data.dates.next(steps))
