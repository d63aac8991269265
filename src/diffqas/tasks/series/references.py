"""What the result of a model on a series is to be compared with: predictors that need no network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diffqas.errors import require
from diffqas.tasks.series.signals import Floats
from diffqas.tasks.series.windows import SeriesData

HIDDEN_RESPONSE = "the last response, which the model can't see"


@dataclass(frozen=True)
class Reference:
    """Test error of a simple predictor, and what that predictor is allowed to see."""

    name: str
    sees: str
    test_mse: float


def constant(data: SeriesData) -> float:
    """Return the test MSE of always predicting the mean of the training targets."""
    return _mse(data.train[1].mean(), data.test[1])


def persistence(data: SeriesData) -> float:
    """Return the test MSE of predicting the last value of the window.

    For the NARMA series that value is the drive u[i+3], on another scale than the response.
    """
    inputs, targets = data.test
    return _mse(inputs[:, -1], targets)


def response_persistence(data: SeriesData) -> float:
    """Return the test MSE of predicting the last response y[i+3] where the window shows only the
    drive.

    Raises:
        ArgumentError: `data` has no `last_response`: its windows show the predicted series already.
    """
    response = data.last_response
    require(response is not None, "data", "have a response apart from its inputs", repr(data.name))
    assert response is not None  # for the type checker
    return _mse(response[data.boundary :], data.test[1])


def least_squares(data: SeriesData) -> float:
    """Return the test MSE of the linear model ``targets = inputs @ a + b`` fitted on the training
    windows.

    On a series that is seen itself, with four values per window, this is an AR(4) model.

    >>> from diffqas.tasks.series.datasets import load_series
    >>> f"{least_squares(load_series('bessel')):.1e}"
    '1.2e-08'
    """
    inputs, targets = data.test
    return _mse(_with_intercept(inputs) @ linear_coefficients(data), targets)


def linear_coefficients(data: SeriesData) -> Floats:
    """Return b and a of the linear model ``targets = inputs @ a + b`` fitted on the training
    windows, (1 + window,).

    >>> from diffqas.tasks.series.windows import windows
    >>> linear_coefficients(windows(2.0 ** np.arange(12), length=1)).round(6) + 0.0
    array([0., 2.])
    """
    inputs, targets = data.train
    return np.asarray(
        np.linalg.lstsq(_with_intercept(inputs), targets, rcond=None)[0], dtype=np.float64
    )


def references(data: SeriesData) -> list[Reference]:
    """Return all references that apply to `data`, each with what it sees.

    Where the window shows a drive and not the predicted series, persistence comes in both kinds: of
    the drive, which the model sees too, and of the response, which it can't see.

    >>> from diffqas.tasks.series.datasets import load_series
    >>> for row in references(load_series("narma5")):
    ...     print(f"{row.name:14} {row.test_mse:.1e} {row.sees}")
    constant       1.3e-04 the mean of the training targets
    persistence    5.2e-03 the drive u
    persistence    3.8e-06 the last response, which the model can't see
    least squares  5.4e-06 the drive u
    """
    rows = [
        Reference("constant", "the mean of the training targets", constant(data)),
        Reference("persistence", data.sees, persistence(data)),
    ]
    if data.last_response is not None:
        rows.append(Reference("persistence", HIDDEN_RESPONSE, response_persistence(data)))
    return [*rows, Reference("least squares", data.sees, least_squares(data))]


def _with_intercept(inputs: Floats) -> Floats:
    return np.column_stack([np.ones(len(inputs)), inputs])


def _mse(predictions: Floats | float, targets: Floats) -> float:
    return float(np.mean((predictions - targets) ** 2))
