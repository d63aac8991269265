"""The synthetic series of the papers as pure functions: no scaling, no windows, float64 throughout."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.special import jv

from diffqas.errors import DataError, require

Floats = NDArray[np.float64]

PENDULUM_DAMPING = 0.15
PENDULUM_GRAVITY = 9.81
PENDULUM_START = (0.0, 3.0)
NARMA_PERIOD = 300
NARMA_START = 0.196
NARMA_HIGHEST = 20


def bessel() -> Floats:
    """Return the Bessel function J_2(x) at 256 equidistant x in [2, 100], shape (256,).

    >>> round(float(bessel()[0]), 6)
    0.352834
    """
    return np.asarray(jv(2, np.linspace(2.0, 100.0, 256)), dtype=np.float64)


def damped_shm() -> Floats:
    """Return the angular velocity of a damped pendulum at 240 times in [0, 20], shape (240,).

    The angle obeys ``angle'' = -(b/m) angle' - g sin(angle)`` with b = 0.15, m = 1 and g = 9.81; it
    starts at 0 with the velocity 3. Solved to a relative and absolute tolerance of 1e-12.

    >>> damped_shm().shape
    (240,)
    """
    times = np.linspace(0.0, 20.0, 240)

    def slope(_: float, state: Floats) -> list[float]:
        angle, velocity = state
        return [velocity, -PENDULUM_DAMPING * velocity - PENDULUM_GRAVITY * np.sin(angle)]

    solution = solve_ivp(
        slope, (0.0, 20.0), PENDULUM_START, method="DOP853", t_eval=times, rtol=1e-12, atol=1e-12
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
    require(
        isinstance(order, int) and 1 <= order <= NARMA_HIGHEST,
        "order",
        f"be an integer from 1 to {NARMA_HIGHEST}",
        order,
    )
    phase = 2.0 * np.pi * np.arange(NARMA_PERIOD) / NARMA_PERIOD
    drive = 0.1 * (np.sin(2.11 * phase) * np.sin(3.73 * phase) * np.sin(4.11 * phase) + 1.0)
    response = np.zeros(NARMA_PERIOD)
    response[0] = NARMA_START
    for t in range(NARMA_PERIOD - 1):
        recent = response[max(0, t - order + 1) : t + 1].sum()
        delayed = drive[t - order + 1] if t >= order - 1 else 0.0
        response[t + 1] = (
            0.3 * response[t] + 0.05 * response[t] * recent + 1.5 * delayed * drive[t] + 0.1
        )
    return drive, response


def scale_to_unit(series: Floats, over: int | None = None) -> Floats:
    """Return ``2 (s - min) / (max - min) - 1``, with min and max of the first `over` values (None:
    of all).

    With `over` None the series fills [-1, 1] exactly (the papers' protocol; the range of the test
    part is then known in training). With `over`, later values may lie outside.

    Raises:
        ArgumentError: `series` is no flat sequence, or `over` is outside 2..len(series).
        DataError: the values are not finite, constant, or spread too widely for float64.

    >>> scale_to_unit(np.array([0.0, 1.0, 2.0, 3.0]), over=3).tolist()
    [-1.0, 0.0, 1.0, 2.0]
    """
    series = np.asarray(series, dtype=np.float64)
    require(
        series.ndim == 1 and len(series) >= 2,
        "series",
        "be flat with 2 values or more",
        series.shape,
    )
    limit = len(series) if over is None else over
    require(2 <= limit <= len(series), "over", f"be from 2 to {len(series)}", over)
    if not np.isfinite(series).all():
        raise DataError("the series holds NaN or infinite values; remove or replace them")
    low, high = series[:limit].min(), series[:limit].max()
    if low == high:
        part = "" if over is None else f" over its first {limit} values (the training part)"
        raise DataError(f"the series is constant{part}; there is nothing to learn")
    with np.errstate(over="ignore", invalid="ignore"):
        spread = high - low
        scaled = 2.0 * ((series - low) / spread) - 1.0
    if not np.isfinite(spread) or not np.isfinite(scaled).all():
        raise DataError(
            "the series spreads too widely for float64; divide its values by a constant first"
        )
    return scaled
