"""`diffqas forecast`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from diffqas.reports import Terminal, forecast_table, future_table
from diffqas.runs import forecasts_of
from diffqas.tasks import LEVEL


@dataclass
class Forecast:
    """Forecast several steps with a finished run on a series, by feeding each prediction back into
    the next window.

    For a series of your own, the values after the last row of the file come first, with an interval
    from the errors on the test part; they are written to forecast-future.csv and .png.

    The command prints root mean squared errors in the series' own units, over forecasts from every
    window of the test part: the median (lowest .. highest) over the seeds, beside persistence and a
    linear model. They are written to forecast.csv and forecast.png.
    """

    folder: tyro.conf.Positional[Path]
    """The run folder."""
    steps: int | None = None
    """How many steps to forecast: at most as many as there are test windows, and for a series of
    your own with further columns at most its horizon. 20, or the most, if not given.
    """
    task: str | None = None
    """As of `diffqas resume`."""
    level: float = LEVEL
    """Share of the values that the interval around the next values shall contain."""
    output: Path | None = None
    """The picture, FILE.png, with FILE.csv beside it; forecast.png in the run folder if not
    given.
    """

    def run(self) -> None:
        """Forecast, then print the errors and where they lie."""
        found = forecasts_of(self.folder, self.steps, self.output, task=self.task, level=self.level)
        console = Terminal()
        if found.future is not None:
            console.print(future_table(found.future))
            console.print()
        console.print(forecast_table(found.errors, "root mean squared error over the test part"))
        console.print()
        for path in found.files:
            console.say(path, style="bold")
