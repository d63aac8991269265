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
    """Forecast several steps with a finished run on a series: each prediction takes its place in
    the next window.

    Of a series of your own the next values come first, those behind the last row of the file, with
    an interval from the errors on the test part; they are left in forecast-future.csv and .png.

    Prints root mean squared errors in the series' own units, over forecasts from every window of
    the test part, median (lowest .. highest) over the seeds, beside persistence and a linear model;
    leaves them in forecast.csv, and forecast.png.
    """

    folder: tyro.conf.Positional[Path]
    """The run folder."""
    steps: int | None = None
    """How far to go, at most as many steps as there are test windows; 20, or all of these, if not
    given.
    """
    task: str | None = None
    """As of `diffqas resume`."""
    level: float = LEVEL
    """Share of the values that the interval around the next values is to hold."""
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
