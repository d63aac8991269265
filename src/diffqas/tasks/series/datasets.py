"""The named series, each as a function of its own, and the registry that lists them.

To add a data set of series: write a function here that returns its values, and give it a name in
`SERIES`. The series are raw values in float64; `series_data.py` makes windows and scales them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import numpy as np

from diffqas.errors import choose, require
from diffqas.tasks.series.series_data import Floats, Scaling, SeriesData, scaled_windows, windows

# The series are those of arXiv 2505.09653, VI-B, with its constants.
PENDULUM_DAMPING = 0.15
PENDULUM_GRAVITY = 9.81
# Angle and angular velocity at the start.
PENDULUM_START = (0.0, 3.0)
NARMA_PERIOD = 300
NARMA_START = 0.196
# Far beyond this order the response grows without bound.
NARMA_HIGHEST = 20

SUNSPOTS_CSV = Path(__file__).parent / "data" / "sunspots.csv"
"""Columns `year` and `sunspots`; the README beside it names source and licence."""

THE_DRIVE = "the drive u"
THE_RESPONSE = "the response y"


def bessel() -> Floats:
    """Return the Bessel function J_2(x) at 256 equidistant x in [2, 100], shape (256,).

    >>> round(float(bessel()[0]), 6)
    0.352834
    """
    # scipy is slow to import, so it is loaded by the series that need it.
    from scipy.special import jv

    return np.asarray(jv(2, np.linspace(2.0, 100.0, 256)), dtype=np.float64)


def damped_shm() -> Floats:
    """Return the angular velocity of a damped pendulum at 240 times in [0, 20], shape (240,).

    The angle obeys ``angle'' = -(b/m) angle' - g sin(angle)`` with b = 0.15, m = 1 and g = 9.81; it
    starts at 0 with the velocity 3. Solved to a relative and absolute tolerance of 1e-12.

    >>> damped_shm().shape
    (240,)
    """
    from scipy.integrate import solve_ivp

    def slope(_: float, state: Floats) -> list[float]:
        angle, velocity = state
        return [velocity, -PENDULUM_DAMPING * velocity - PENDULUM_GRAVITY * np.sin(angle)]

    # The tolerance is far below the test errors that are compared (1e-5), so that the solver of
    # another version of scipy gives the same series for all that a study can see.
    solution = solve_ivp(
        slope,
        (0.0, 20.0),
        PENDULUM_START,
        method="DOP853",
        t_eval=np.linspace(0.0, 20.0, 240),
        rtol=1e-12,
        atol=1e-12,
    )
    return np.asarray(solution.y[1], dtype=np.float64)


def delayed_control() -> Floats:
    """Return the delayed quantum control signal at x = -2, -1.99, .., 19.99, shape (2200,).

    The value is ``exp(-x/16) * sum_{k=0..10} exp(-10 (x - 2k)^2)``: a decaying train of eleven
    pulses.

    >>> int(delayed_control().argmax())  # just before x = 0, because of the decay
    200
    """
    x = -2.0 + 0.01 * np.arange(2200)
    centres = 2.0 * np.arange(11)
    pulses = np.exp(-10.0 * (x[:, None] - centres) ** 2).sum(axis=1)
    return pulses * np.exp(-x / 16.0)


def narma(order: int) -> tuple[Floats, Floats]:
    """Return drive u and response y of the NARMA series of this order, each of shape (300,).

    ``u_t = 0.1 (sin(2 pi 2.11 t/T) sin(2 pi 3.73 t/T) sin(2 pi 4.11 t/T) + 1)`` with T = 300, y_0 =
    0.196 and ``y_{t+1} = 0.3 y_t + 0.05 y_t sum_{j<order} y_{t-j} + 1.5 u_{t-order+1} u_t + 0.1``;
    values before t = 0 count as 0.

    Raises:
        ArgumentError: `order` is no integer from 1 to 20 (far beyond, the response grows without
            bound).

    >>> drive, response = narma(5)
    >>> drive.shape, float(response[0])
    ((300,), 0.196)
    """
    sound = isinstance(order, int) and 1 <= order <= NARMA_HIGHEST
    require(sound, "order", f"be an integer from 1 to {NARMA_HIGHEST}", order)
    phase = 2.0 * np.pi * np.arange(NARMA_PERIOD) / NARMA_PERIOD
    drive = 0.1 * (np.sin(2.11 * phase) * np.sin(3.73 * phase) * np.sin(4.11 * phase) + 1.0)
    response = np.zeros(NARMA_PERIOD)
    response[0] = NARMA_START
    for t in range(NARMA_PERIOD - 1):
        first = t - order + 1
        recent = response[max(0, first) : t + 1].sum()
        # Before the start there was no drive.
        delayed = drive[first] if first >= 0 else 0.0
        response[t + 1] = (
            0.3 * response[t] + 0.05 * response[t] * recent + 1.5 * delayed * drive[t] + 0.1
        )
    return drive, response


def sunspots() -> Floats:
    """Return the yearly mean sunspot numbers of 1700 to 2008, shape (309,).

    >>> values = sunspots()
    >>> len(values), values.max(), 1700 + int(values.argmax())
    (309, np.float64(190.2), 1957)
    """
    return np.loadtxt(SUNSPOTS_CSV, delimiter=",", skiprows=1, usecols=1)


def _scaled(signal: Callable[[], Floats], name: str, scaling: Scaling) -> SeriesData:
    return scaled_windows(signal(), name=name, scaling=scaling)


# The papers do not scale NARMA, so its loaders have no use for the scaling.
def _narma_from_drive(order: int, name: str, _: Scaling) -> SeriesData:
    drive, response = narma(order)
    return windows(drive, response, name=name, sees=THE_DRIVE)


def _narma_from_response(order: int, name: str, _: Scaling) -> SeriesData:
    response = narma(order)[1]
    return windows(response, name=name, sees=THE_RESPONSE)


SERIES: Mapping[str, Callable[[str, Scaling], SeriesData]] = MappingProxyType(
    {
        "bessel": partial(_scaled, bessel),
        "damped-shm": partial(_scaled, damped_shm),
        "delayed-control": partial(_scaled, delayed_control),
        "narma5": partial(_narma_from_drive, 5),
        "narma10": partial(_narma_from_drive, 10),
        "narma5-response": partial(_narma_from_response, 5),
        "narma10-response": partial(_narma_from_response, 10),
        "sunspots": partial(_scaled, sunspots),
    }
)
"""Loader of each named series, in the order of the papers' tables."""


def load_series(name: str, *, scaling: Scaling = "whole") -> SeriesData:
    """Return the windows (length 4) of a named series.

    All series but NARMA are scaled to [-1, 1], with `scaling` as in `scaled_windows`. NARMA is not
    scaled, as in the papers, so there `scaling` has no effect. "narma5" and "narma10" predict the
    response y from a window of the drive u. The names with "-response" predict y from a window of y
    itself, which is easier and not the papers' task.

    Raises:
        ArgumentError: unknown `name` or `scaling`; the nearest known word is suggested.

    >>> data = load_series("bessel")
    >>> data.inputs.shape, data.boundary, data.sees
    ((251, 4), 168, 'the series itself')
    """
    choose(name, SERIES, "dataset")
    choose(scaling, get_args(Scaling), "scaling")
    return SERIES[name](name, scaling)
