"""Forecasts of several steps: each prediction takes its place in the window of the next one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from diffqas.errors import require
from diffqas.tasks.series.baselines import linear_coefficients
from diffqas.tasks.series.series_data import Floats, SeriesData

Model = Callable[[Tensor], Tensor]
"""Maps windows (batch, window) to predictions (batch,) or (batch, 1)."""


@torch.no_grad()
def forecast(model: Model, window: Tensor, steps: int) -> Tensor:
    """Return the next `steps` values after each window, every one predicted from those before it.

    At first the model sees known values; after as many steps as a window has values, it sees its
    own predictions only. Nothing is differentiated.

    Args:
        model: predicts the next value.
        window: the last known values, oldest first, (window,) or (batch, window), in the scale,
            dtype and on the device that the model knows.
        steps: how far to go.

    Returns:
        (steps,) or (batch, steps), in the scale, dtype and on the device of `window`. A model that
        feeds its own growth may reach infinity or NaN; that is its forecast.

    Raises:
        ArgumentError: `window` is no floating-point tensor of these shapes or holds NaN or
            infinity, `steps` is no integer of at least 1, or `model` gives something else than one
            prediction per window.

    >>> forecast(lambda x: x[:, -1] + x[:, -2], torch.tensor([1.0, 1.0]), 6)  # Fibonacci
    tensor([ 2.,  3.,  5.,  8., 13., 21.])
    """
    shape = tuple(window.shape)
    fits = len(shape) in (1, 2) and window.numel() > 0
    require(fits, "window", "have the shape (window,) or (batch, window)", shape)
    require(window.is_floating_point(), "window", "hold floating-point numbers", window.dtype)
    require(bool(window.isfinite().all()), "window", "hold finite numbers only", "NaN or infinity")
    _require_whole(steps, "steps")
    *batch, length = shape
    known = window.reshape(-1, length)
    count = len(known)
    # One row holds the window and, after it, the predictions: the window of each step is a slice.
    values = torch.cat([known, known.new_empty(count, steps)], dim=1)
    rule = f"predict one value for each of {count} windows"
    for step in range(steps):
        prediction = model(values[:, step : step + length])
        got = tuple(prediction.shape)
        require(got in ((count,), (count, 1)), "model", rule, got)
        values[:, length + step] = prediction.reshape(-1)
    return values[:, length:].reshape(*batch, steps)


def free_run(models: Sequence[Model] | Model, data: SeriesData, steps: int | None = None) -> Floats:
    """Return what each model forecasts for the test part when it knows the training part only.

    Args:
        models: one, or one per seed. An `nn.Module` is given windows in the dtype and on the device
            of its parameters, any other callable float64 on the CPU.
        data: the series; the forecast starts at its first test target.
        steps: how far to go; None: to the last test target.

    Returns:
        (models, steps), in the series' own units.

    Raises:
        ArgumentError: what `forecast` refuses, no models, or `data` whose windows show another
            series than the predicted one.

    >>> from diffqas.tasks.series.datasets import load_series
    >>> # Persistence repeats the year 1906.
    >>> free_run(lambda x: x[:, -1], load_series("sunspots"), 3)
    array([[53.8, 53.8, 53.8]])
    """
    ahead = data.count - data.boundary if steps is None else steps
    first_test_window = slice(data.boundary, data.boundary + 1)
    forecasts = _forecasts(models, data, first_test_window, ahead)
    return data.unscaled(forecasts[:, 0])


@dataclass(frozen=True, eq=False)
class ForecastErrors:
    """Root mean squared errors of forecasts by their horizon, in the series' own units.

    Column h - 1 is about the h-th value of the forecasts.

    Attributes:
        models: (models, horizon), the errors of the models.
        persistence: (horizon,), the errors of repeating the last known value.
        least_squares: (horizon,), the errors of the linear model of a window that `least_squares`
            fits, whose predictions are fed back in the same way.
        origins: (horizon,), the number of forecasts in each mean.
        window: the values in one window, which are the order of the linear model.
        line: the name of the linear model; None: least squares of the window.
        further: (horizon,) each, the errors of other simple predictors by their names.
    """

    models: Floats
    persistence: Floats
    least_squares: Floats
    origins: NDArray[np.int64]
    window: int
    line: str | None = None
    further: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def line_name(self) -> str:
        """What the linear model is called in tables and pictures."""
        if self.line is not None:
            return self.line
        return f"least squares, AR({self.window})"


def forecast_errors(
    models: Sequence[Model] | Model, data: SeriesData, horizon: int = 20
) -> ForecastErrors:
    """Measure the forecasts of up to `horizon` steps from every window of the test part.

    The last windows are used too; their forecasts of values after the last test target are left
    out. So at horizon 1 the square of an error is the test MSE, in other units.

    Args:
        models: as in `free_run`.
        data: the series.
        horizon: steps of the longest forecast.

    Raises:
        ArgumentError: what `free_run` refuses, or a `horizon` that no forecast reaches within the
            test part.

    >>> from diffqas.tasks.series.datasets import load_series
    >>> errors = forecast_errors(lambda x: x[:, -1], load_series("sunspots"), horizon=11)
    >>> errors.persistence.round()[[0, 4, 10]], errors.origins[[0, 10]]
    (array([29., 87., 34.]), array([101,  91]))
    """
    count = data.count - data.boundary
    _require_whole(horizon, "horizon")
    require(horizon <= count, "horizon", f"be at most {count}, the number of test windows", horizon)
    fitted = torch.from_numpy(linear_coefficients(data))
    simple: list[Model] = [lambda x: x[:, -1], lambda x: fitted[0] + x @ fitted[1:]]
    test = slice(data.boundary, None)
    by_models = _forecasts(models, data, test, horizon)
    by_simple = _forecasts(simple, data, test, horizon)
    forecasts = np.concatenate([by_models, by_simple])

    # Step h of the forecast from test window i is about test target i + h, if there is one.
    target = np.arange(count)[:, None] + np.arange(horizon)
    known = target < count
    _, targets = data.test
    truth = targets[np.minimum(target, count - 1)]
    deviation = np.where(known, forecasts - truth, 0.0)
    origins = known.sum(axis=0)
    # Overflow to infinity is a result here: a forecast that runs away.
    with np.errstate(over="ignore"):
        errors = data.unit * np.sqrt((deviation**2).sum(axis=1) / origins)
    *own, persistence, least_squares = errors
    return ForecastErrors(np.array(own), persistence, least_squares, origins, data.window)


def _forecasts(
    models: Sequence[Model] | Model, data: SeriesData, windows: slice, steps: int
) -> Floats:
    """Forecasts from some of the windows, (models, windows, steps), scaled."""
    rule = "predict the series that its windows show, because predictions are fed back into them"
    got = f"{data.name!r}, whose windows show {data.sees}"
    require(data.last_response is None, "data", rule, got)
    listed = [models] if callable(models) else models
    require(len(listed) >= 1, "models", "hold at least one model", "none")
    known = torch.from_numpy(data.inputs[windows])
    runs = [forecast(model, _for_model(known, model), steps) for model in listed]
    return np.stack([run.double().cpu().numpy() for run in runs])


def _for_model(window: Tensor, model: Model) -> Tensor:
    """The windows in the dtype and on the device of a module's parameters, if it has any."""
    if not isinstance(model, nn.Module):
        return window
    for parameter in model.parameters():
        return window.to(parameter)
    return window


def _require_whole(value: int, argument: str) -> None:
    require(isinstance(value, int) and value >= 1, argument, "be an integer of at least 1", value)
