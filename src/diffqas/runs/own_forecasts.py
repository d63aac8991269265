"""Forecasts of a finished run on a user's own series, and their errors over the test part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from diffqas.searches import RunConfig, load_own
from diffqas.tasks import (
    Corrector,
    Floats,
    ForecastErrors,
    Future,
    OwnSeriesData,
    SeriesData,
    forecasts_from,
    future_of,
    own_forecast_errors,
)


@dataclass(frozen=True, eq=False)
class OwnForecasts:
    """The networks of a run on a user's own series, and the series itself.

    Attributes:
        data: the series.
        correctors: what the network of each sound seed adds to the linear part.
    """

    data: OwnSeriesData
    correctors: Sequence[Corrector]

    @classmethod
    def of(cls, config: RunConfig, networks: Sequence[nn.Module]) -> OwnForecasts:
        """Read the series of a run again."""
        assert config.series is not None, "the run is on a series of one's own"
        correction = config.series.correction
        factor = 1.0 if correction is None else correction
        correctors = [_corrector(network, factor) for network in networks]
        return cls(load_own(config), correctors)

    def most_steps(self) -> int:
        """The most steps that can be forecast: further columns are not known beyond the horizon."""
        count = len(self.data.test_times)
        if self.data.values.shape[1] == 1:
            return count
        return min(count, self.data.view.horizon)

    def errors(self, steps: int) -> ForecastErrors:
        """The errors of forecasts by horizon, as `own_forecast_errors` gives them."""
        return own_forecast_errors(self.data, self.correctors, steps)

    def free_run(self, steps: int) -> Floats:
        """Forecasts (seeds, steps) of the test part from its beginning on."""
        start = np.array([self.data.boundary])
        return np.stack(
            [forecasts_from(self.data, each, start, steps)[0] for each in self.correctors]
        )

    def future(self, steps: int, level: float) -> Future:
        """The next values with their interval, as `future_of` gives them."""
        return future_of(self.data, self.correctors, steps, level)

    def as_windows(self) -> SeriesData:
        """The values and the place where the test part begins, for the picture."""
        times = self.data.times
        last = self.data.series[times - 1]
        return SeriesData(
            name=self.data.name,
            inputs=last[:, None],
            targets=self.data.series[times],
            boundary=self.data.train_count,
            offset=self.data.view.reach,
        )


def _corrector(network: nn.Module, factor: float) -> Corrector:
    """What a network adds, in double precision, from windows (batch, window, columns)."""
    like = next(network.parameters())

    @torch.no_grad()
    def add(windows: Floats) -> Floats:
        seen = torch.from_numpy(windows).to(like)
        if seen.shape[2] == 1:
            seen = seen[:, :, 0]
        return factor * network(seen).double().cpu().numpy()

    return add
