"""Test errors to compare a model of a series with: simple predictors, and published figures.

The published ones are those of DiffQAS-QT, arXiv 2505.09653, Table II. Each is one run, so
differences between rows are within the noise of one seed: rows 1, 3, 4 and 6 are the same model and
differ fourfold on "delayed-control".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from diffqas.errors import require
from diffqas.tasks.series.series_data import Floats, SeriesData

HIDDEN_RESPONSE = "the last response, which the model can't see"


@dataclass(frozen=True)
class Reference:
    """Test error of a simple predictor, and what that predictor is allowed to see."""

    name: str
    sees: str
    test_mse: float


def constant(data: SeriesData) -> float:
    """Return the test MSE of always predicting the mean of the training targets."""
    _, known = data.train
    _, targets = data.test
    return _mse(known.mean(), targets)


def persistence(data: SeriesData) -> float:
    """Return the test MSE of predicting the last value of the window.

    For the NARMA series that value is the drive u[i+3], on another scale than the response.
    """
    inputs, targets = data.test
    return _mse(inputs[:, -1], targets)


def response_persistence(data: SeriesData) -> float:
    """Return the test MSE of predicting the last response, where the window shows only the drive.

    Raises:
        ArgumentError: `data` has no `last_response`: its windows show the predicted series already.
    """
    response = data.last_response
    require(response is not None, "data", "have a response apart from its inputs", repr(data.name))
    assert response is not None  # for the type checker
    _, targets = data.test
    return _mse(response[data.boundary :], targets)


def least_squares(data: SeriesData) -> float:
    """Return the test MSE of the linear model that `linear_coefficients` fits.

    On a series that is seen itself, with four values per window, this is an AR(4) model.

    >>> from diffqas.tasks.series.datasets import load_series
    >>> f"{least_squares(load_series('bessel')):.1e}"
    '1.2e-08'
    """
    inputs, targets = data.test
    return _mse(_with_intercept(inputs) @ linear_coefficients(data), targets)


def linear_coefficients(data: SeriesData) -> Floats:
    """Return b and a of ``targets = inputs @ a + b``, shape (1 + window,).

    They are fitted to the training windows by least squares.

    >>> from diffqas.tasks.series.series_data import windows
    >>> linear_coefficients(windows(2.0 ** np.arange(12), length=1)).round(6) + 0.0
    array([0., 2.])
    """
    inputs, targets = data.train
    coefficients, *_ = np.linalg.lstsq(_with_intercept(inputs), targets, rcond=None)
    return np.asarray(coefficients, dtype=np.float64)


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
    rows.append(Reference("least squares", data.sees, least_squares(data)))
    return rows


def _with_intercept(inputs: Floats) -> Floats:
    return np.column_stack([np.ones(len(inputs)), inputs])


def _mse(predictions: Floats | float, targets: Floats) -> float:
    return float(np.mean((predictions - targets) ** 2))


@dataclass(frozen=True)
class PublishedErrors:
    """One column of the table: test MSE of the search, and of the candidates in Table I's order."""

    search: float
    candidates: tuple[float, ...]


# Two lines of six, as they stand side by side in the paper.
# fmt: off
_BESSEL = (.000515, .000525, .000515, .000515, .002902, .000515,
           .000601, .000141, .001391, .000216, .007428, .001391)
_DAMPED_SHM = (.000155, .000695, .000155, .000155, .000820, .000155,
               .000040, .008873, .000154, .000157, .032072, .000154)
_DELAYED_CONTROL = (.000715, .001190, .000676, .002011, .001111, .002638,
                    .001679, .001723, .000956, .001839, .000211, .000956)
_NARMA5 = (.000038, .000068, .000038, .000038, .000024, .000038,
           .000052, .000091, .000045, .000040, .000054, .000045)
_NARMA10 = (.000095, .000103, .000095, .000095, .000098, .000095,
            .000120, .000081, .000125, .000121, .000140, .000125)
# fmt: on

TABLE_II: Mapping[str, PublishedErrors] = MappingProxyType(
    {
        "bessel": PublishedErrors(0.000040, _BESSEL),
        "damped-shm": PublishedErrors(0.000036, _DAMPED_SHM),
        "delayed-control": PublishedErrors(0.001710, _DELAYED_CONTROL),
        "narma5": PublishedErrors(0.000050, _NARMA5),
        "narma10": PublishedErrors(0.000117, _NARMA10),
    }
)
"""Table II by data set name; ``candidates[j - 1]`` is the row of candidate j."""
