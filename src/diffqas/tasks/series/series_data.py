"""Windows over a series: what every model of a series task is given.

The protocol of the papers: the window ``s[i:i+length]`` predicts ``s[i+length]`` for i = 0 ..
N-length-2 (the last usable window is left out), the first ``int(0.67 * count)`` windows train, the
rest test, and nothing is shuffled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import DataError, choose, require

Floats = NDArray[np.float64]
Scaling = Literal["whole", "train"]

# arXiv 2505.09653, VI-B.
TRAIN_SHARE = 0.67
THE_SERIES = "the series itself"


@dataclass(frozen=True, eq=False)
class SeriesData:
    """The windows of one series, training windows first.

    Attributes:
        name: the data set's name.
        inputs: shape (count, window), float64.
        targets: shape (count,), float64; targets[i] is the value that inputs[i] must predict.
        boundary: the number of training windows.
        sees: what the windows show, in words.
        offset: index in the series of targets[0].
        last_response: for a model that sees only a drive, the value just before each target, shape
            (count,).
        low, high: what -1 and 1 stand for in the series' own units; -1 and 1 themselves where
            nothing was scaled.

    Raises:
        ArgumentError: the shapes do not fit each other, a part is empty, or `low` is not below
            `high`.
    """

    name: str
    inputs: Floats
    targets: Floats
    boundary: int
    sees: str = THE_SERIES
    offset: int = 4
    last_response: Floats | None = None
    low: float = -1.0
    high: float = 1.0

    def __post_init__(self) -> None:
        shape = self.inputs.shape
        require(len(shape) == 2, "inputs", "have the shape (count, window)", shape)
        flat = (len(self.inputs),)
        require(self.targets.shape == flat, "targets", f"have the shape {flat}", self.targets.shape)
        if self.last_response is not None:
            shape = self.last_response.shape
            require(shape == flat, "last_response", f"have the shape {flat}", shape)
        rule = f"leave windows on both sides (1 to {self.count - 1})"
        require(1 <= self.boundary < self.count, "boundary", rule, self.boundary)
        require(self.low < self.high, "low", f"be below `high`, {self.high}", self.low)

    @property
    def count(self) -> int:
        """Number of windows, training and test together."""
        return len(self.inputs)

    @property
    def window(self) -> int:
        """Number of values in one window."""
        return self.inputs.shape[1]

    @property
    def train(self) -> tuple[Floats, Floats]:
        """Inputs and targets of the training windows."""
        return self.inputs[: self.boundary], self.targets[: self.boundary]

    @property
    def test(self) -> tuple[Floats, Floats]:
        """Inputs and targets of the test windows."""
        return self.inputs[self.boundary :], self.targets[self.boundary :]

    @property
    def unit(self) -> float:
        """What a difference of 1 stands for in the series' own units."""
        # Halved one by one: the difference of two values near the limit of float64 would overflow.
        return self.high / 2 - self.low / 2

    def unscaled(self, values: Floats) -> Floats:
        """Return inputs, targets or predictions, of any shape, in the series' own units.

        >>> scaled_windows(np.arange(25.0), name="ramp").unscaled(np.array([-1.0, 0.0, 2.0]))
        array([ 0., 12., 36.])
        """
        return self.high / 2 + self.low / 2 + self.unit * values

    def holdout(self, fraction: float = 0.2) -> SeriesData:
        """Return data made of the training windows alone, whose test part is their last `fraction`.

        It is for choosing settings without a look at the test part. With the papers' scaling the
        minimum and maximum still come from the whole series; load the series with scaling="train"
        if that matters.

        Raises:
            ArgumentError: `fraction` is outside (0, 1), or there are fewer than two training
                windows.

        >>> data = windows(np.arange(25.0))
        >>> data.count, data.boundary, data.holdout(0.25).count, data.holdout(0.25).boundary
        (20, 13, 13, 10)
        """
        require(0 < fraction < 1, "fraction", "be between 0 and 1", fraction)
        require(self.boundary >= 2, "data", "have at least 2 training windows", self.boundary)
        # At least one window stays on either side, however small the fraction.
        held_out = min(max(1, round(fraction * self.boundary)), self.boundary - 1)
        kept = slice(self.boundary)
        response = self.last_response
        if response is not None:
            response = response[kept]
        return replace(
            self,
            inputs=self.inputs[kept],
            targets=self.targets[kept],
            boundary=self.boundary - held_out,
            last_response=response,
        )


def window_count(values: int, length: int = 4) -> int:
    """Return how many windows of `length` a series of so many values has: values - length - 1."""
    return values - length - 1


def training_values(values: int, length: int = 4) -> int:
    """Return how many leading values the training windows and their targets touch."""
    return int(TRAIN_SHARE * window_count(values, length)) + length


def windows(
    inputs_series: Floats,
    targets_series: Floats | None = None,
    length: int = 4,
    *,
    name: str = "series",
    sees: str = THE_SERIES,
) -> SeriesData:
    """Return the windows of one series with the values of the same or another one as targets.

    Those are ``inputs_series[i:i+length]`` and ``targets_series[i+length]``.

    Args:
        inputs_series: shape (N,), what the model sees.
        targets_series: shape (N,), what it predicts; None: the same series. If another series is
            given, its value just before each target is kept as `last_response`.
        length: values per window.
        name: the data set's name.
        sees: what the windows show, in words.

    Raises:
        ArgumentError: `length` is below 1, the series is not flat, differs in length or has fewer
            than length + 3 values (two windows).

    >>> data = windows(np.arange(9.0))
    >>> data.inputs.tolist()[-1], data.targets.tolist(), data.boundary
    ([3.0, 4.0, 5.0, 6.0], [4.0, 5.0, 6.0, 7.0], 2)
    """
    whole = isinstance(length, int) and length >= 1
    require(whole, "length", "be an integer of at least 1", length)
    source = np.asarray(inputs_series, dtype=np.float64)
    enough = source.ndim == 1 and len(source) >= length + 3
    rule = f"be flat with at least {length + 3} values"
    require(enough, "inputs_series", rule, f"shape {source.shape}")

    response = source
    if targets_series is not None:
        response = np.asarray(targets_series, dtype=np.float64)
    rule = f"have the shape {source.shape}"
    require(response.shape == source.shape, "targets_series", rule, response.shape)

    # Copies, not views: the caller may write into the arrays and hand them to torch without a
    # warning.
    count = window_count(len(source), length)
    seen = np.lib.stride_tricks.sliding_window_view(source, length)[:count].copy()
    before = None
    if targets_series is not None:
        before = response[length - 1 : length - 1 + count].copy()
    return SeriesData(
        name=name,
        inputs=seen,
        targets=response[length : length + count].copy(),
        boundary=int(TRAIN_SHARE * count),
        sees=sees,
        offset=length,
        last_response=before,
    )


def scale_to_unit(series: Floats, over: int | None = None) -> Floats:
    """Return ``2 (s - min) / (max - min) - 1``, with min and max of the first `over` values.

    With `over` None they are those of all values, and the series fills [-1, 1] exactly (the papers'
    protocol; the range of the test part is then known in training). With `over`, later values may
    lie outside.

    Raises:
        ArgumentError: `series` is no flat sequence, or `over` is outside 2..len(series).
        DataError: the values are not finite, constant, or spread too widely for float64.

    >>> scale_to_unit(np.array([0.0, 1.0, 2.0, 3.0]), over=3).tolist()
    [-1.0, 0.0, 1.0, 2.0]
    """
    series = np.asarray(series, dtype=np.float64)
    flat = series.ndim == 1 and len(series) >= 2
    require(flat, "series", "be flat with 2 values or more", series.shape)
    limit = len(series) if over is None else over
    require(2 <= limit <= len(series), "over", f"be from 2 to {len(series)}", over)
    if not np.isfinite(series).all():
        raise DataError("the series holds NaN or infinite values; remove or replace them")

    low = series[:limit].min()
    high = series[:limit].max()
    if low == high:
        part = "" if over is None else f" over its first {limit} values (the training part)"
        raise DataError(f"the series is constant{part}; there is nothing to learn")

    # Values near the limits of float64 overflow here; that is told below in words.
    with np.errstate(over="ignore", invalid="ignore"):
        spread = high - low
        scaled = 2.0 * ((series - low) / spread) - 1.0
    if not np.isfinite(spread) or not np.isfinite(scaled).all():
        remedy = "divide its values by a constant first"
        raise DataError(f"the series spreads too widely for float64; {remedy}")
    return scaled


def scaled_windows(
    series: Floats, length: int = 4, *, name: str, scaling: Scaling = "whole"
) -> SeriesData:
    """Return the windows of a series scaled to [-1, 1], with what is needed to undo that.

    `scaling` "whole" takes minimum and maximum of the whole series (the papers' protocol), "train"
    those of the values that the training windows and their targets touch.

    Raises:
        ArgumentError: unknown `scaling`, or what `windows` refuses.
        DataError: what `scale_to_unit` refuses.

    >>> float(scaled_windows(np.arange(25.0), name="ramp", scaling="train").test[1][0])
    1.125
    """
    choose(scaling, get_args(Scaling), "scaling")
    over = training_values(len(series), length) if scaling == "train" else None
    data = windows(scale_to_unit(series, over), length=length, name=name)
    low = float(np.min(series[:over]))
    high = float(np.max(series[:over]))
    return replace(data, low=low, high=high)
