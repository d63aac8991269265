"""A series of one's own as a task, and the simple predictors that its result stands beside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from diffqas.tasks.series.baselines import Reference as SimpleError
from diffqas.tasks.series.own_series import OwnSeriesData, Times
from diffqas.tasks.series.scale import SeriesScale, SeriesUnits
from diffqas.tasks.series.series_data import Floats
from diffqas.tasks.series.settling import periods
from diffqas.tasks.series.task import SERIES_RECIPES, SNAPSHOTS, SeriesLSTM
from diffqas.tasks.task import Reference, Split, Task

OWN_SERIES_RECIPES = {
    **SERIES_RECIPES,
    # The named series have no noise; here a longer training fits it: docs/own-series.md.
    "default": replace(SERIES_RECIPES["default"], epochs=30),
}

LINEAR_PART = "linear part alone"
"""Name of the reference that says what the network adds."""


@dataclass(frozen=True)
class SquaredError:
    """Mean squared error in the series' own units, for predictions that are corrections.

    The linear part and the earlier values are the same in prediction and truth, so that they do not
    change the difference.

    Attributes:
        unit: what 1 stands for.
        correction: part of the network's prediction that is added.

    >>> SquaredError(10.0, 0.5)(torch.tensor([2.0]), torch.tensor([0.0])).item()
    100.0
    """

    unit: float
    correction: float

    def __call__(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """(count,), (count,) -> a number of double precision."""
        return mse_loss(self.correction * predictions.double(), targets.double()) * self.unit**2


def own_series_task(data: OwnSeriesData, correction: float = 1.0) -> Task:
    """The task of correcting the linear part of a series by an LSTM.

    Args:
        data: the series.
        correction: the part of the network's prediction that is added to the linear part's.
    """
    windows = data.windows(data.values, data.times)
    # Of a single column the windows are flat, as those of the named series.
    if windows.shape[2] == 1:
        windows = windows[:, :, 0]
    targets = data.targets()
    train, test = slice(data.train_count), slice(data.train_count, None)
    return Task(
        name=data.name,
        train=_split(windows[train], targets[train]),
        test=_split(windows[test], targets[test]),
        target=partial(SeriesLSTM, data.values.shape[1]),
        loss=mse_loss,
        metrics={"mse": SquaredError(data.unit, correction)},
        recipes=OWN_SERIES_RECIPES,
        references=_references(data),
        kind="series",
        snapshot_epochs=SNAPSHOTS,
        scale=SeriesScale(data.name, -1.0, 1.0),
        units=units_of(data, correction),
        remarks=[in_words(data, correction)],
    )


def units_of(data: OwnSeriesData, correction: float) -> SeriesUnits:
    """What turns the network's predictions for all `times` into values of the series."""
    base = data.without_network(data.values, data.times)
    return SeriesUnits(base, data.unit, correction)


def _split(inputs: Floats, targets: Floats) -> Split:
    return Split(torch.from_numpy(inputs.copy()), torch.from_numpy(targets.copy()))


def in_words(data: OwnSeriesData, correction: float) -> str:
    """How a series is seen, in a sentence for whoever trains on it."""
    view = data.view
    seen = f"{view.window} values"
    if len(data.columns) > 1:
        seen = f"{view.window} values of each of {len(data.columns)} columns"
    said = [f"The network sees {seen}"]
    if view.season > 1:
        said.append(f"as changes over a season of {view.season}")
    if view.difference:
        said.append("as changes from value to value")
    if view.horizon > 1:
        said.append(f"up to {view.horizon} steps before the predicted one")
    head = ", ".join(said)
    if correction == 0:
        return (
            f"{head}. On the training part it added nothing to a line but noise: the line alone "
            "predicts (--correction 1 adds all of the network)."
        )
    part = "what" if correction == 1 else f"{correction:.2g} of what"
    return f"{head}, and adds {part} it predicts to a line through the training part."


def _references(data: OwnSeriesData) -> list[Reference]:
    """Test errors of the simple predictors, in squared units of the series."""
    return [Reference(row.name, row.test_mse, f"sees {row.sees}") for row in simple_errors(data)]


def simple_errors(data: OwnSeriesData) -> list[SimpleError]:
    """The test errors of simple predictors, in squared units of the series.

    All are fitted to the training part, and see no value later than one horizon before the
    predicted one.
    """
    series, times, horizon = data.series, data.test_times, data.view.horizon
    truth = series[times]
    mean = float(series[: data.boundary].mean())
    rows = [
        SimpleError("constant", "the mean of the training part", _mse(mean - truth)),
        SimpleError("persistence", "the last value", _mse(series[times - horizon] - truth)),
    ]
    for period in seasons_of(data):
        seasonal = replace(data.view, season=period)
        if seasonal.seasons_back <= data.boundary - 2:
            before = series[times - seasonal.seasons_back]
            name = f"seasonal repetition, {period}"
            rows.append(SimpleError(name, "the value one season before", _mse(before - truth)))
    plain = replace(data.view, difference=False, season=1)
    if plain.reach + 2 <= data.boundary:
        error = _mse(_least_squares(data, plain.window, times) - truth)
        rows.append(SimpleError("least squares", f"{plain.window} values as they are", error))
    line = _mse(data.without_network(data.values, times) - truth)
    rows.append(SimpleError(LINEAR_PART, "what the network sees", line))
    return rows


def seasons_of(data: OwnSeriesData) -> list[int]:
    """Rows of the season whose changes are predicted, or those that the training part shows."""
    if data.view.season > 1:
        return [data.view.season]
    return periods(data.series[: data.boundary], data.period)


def _least_squares(data: OwnSeriesData, window: int, times: Times) -> Floats:
    """A linear model of the values themselves, without differences or penalty."""
    view = replace(data.view, difference=False, season=1, window=window)
    fitted = np.arange(view.reach, data.boundary)
    seen = view.windows(data.values, fitted).reshape(len(fitted), -1)
    asked = view.windows(data.values, times).reshape(len(times), -1)
    # Centred by the training part, so that large values near each other lose no digits.
    centre = seen.mean(axis=0)
    mean = data.series[fitted].mean()
    found, *_ = np.linalg.lstsq(seen - centre, data.series[fitted] - mean, rcond=None)
    return mean + (asked - centre) @ found


def _mse(errors: Floats) -> float:
    return float(np.mean(errors**2))
