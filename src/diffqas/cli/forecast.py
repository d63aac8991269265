"""`diffqas forecast`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from diffqas.reports import Terminal, forecast_table
from diffqas.runs import forecast_run
from diffqas.searches import FORECAST


@dataclass
class Forecast:
    """Forecast several steps with a finished run on a series: each prediction takes its place in
    the next window.

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
    output: Path | None = None
    """The picture, FILE.png, with FILE.csv beside it; forecast.png in the run folder if not
    given.
    """

    def run(self) -> None:
        """Forecast, then print the errors and where they lie."""
        errors = forecast_run(self.folder, self.steps, self.output, task=self.task)
        picture = self.output or self.folder / FORECAST
        console = Terminal()
        console.print(forecast_table(errors, "root mean squared error over the test part"))
        console.print()
        for path in (picture, picture.with_suffix(".csv")):
            console.say(path, style="bold")
