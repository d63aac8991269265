"""What a finished run forecasts when its predictions are fed back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from diffqas.agents import EnvironmentTask
from diffqas.errors import RunError, path_of, require
from diffqas.reports import (
    forecast_csv,
    forecast_figure,
    future_csv,
    future_figure,
    save_figure,
)
from diffqas.runs.finished import FinishedRun
from diffqas.runs.own_forecasts import OwnForecasts
from diffqas.searches import FORECAST, RunConfig, load_windows, seeds_in_words, task_kind
from diffqas.storage import write_atomically
from diffqas.tasks import (
    LEVEL,
    Floats,
    ForecastErrors,
    Future,
    SeriesData,
    Task,
    forecast_errors,
    free_run,
    windows_of,
)

STEPS = 20


@dataclass(frozen=True, eq=False)
class Forecasts:
    """The forecasts of a run, as `diffqas forecast` makes them.

    Attributes:
        errors: the errors by horizon over the test part.
        future: the next values; None if the series is not a user's own.
        files: the paths of the pictures and tables.
    """

    errors: ForecastErrors
    future: Future | None
    files: tuple[Path, ...]


def forecast_run(
    folder: str | Path,
    steps: int | None = None,
    output: str | Path | None = None,
    *,
    task: str | Task | None = None,
    level: float = LEVEL,
) -> ForecastErrors:
    """Forecast several steps with all seeds of a finished run on a series.

    This is what `diffqas forecast` does, for scripts and notebooks. It writes a picture and a
    table; for a user's own series it also writes those of the next values, see `forecasts_of`.
    Seeds that diverged in training are left out.

    Args:
        folder: the run folder.
        steps: the number of steps. None stands for 20, or for as many as the test windows allow. A
            user's own series with further columns is forecast at most up to its horizon.
        output: the picture, FILE.png. The errors of all seeds by horizon are written to FILE.csv
            beside it. None stands for forecast.png in the run folder.
        task: the task, as of `load`.
        level: the share of the values that the interval shall contain.

    Raises:
        ArgumentError: `steps` is more than can be forecast within the test part, `level` is not
            between 0 and 1, or `output` is no FILE.png.
        DataError: the run's series cannot be read any more.
        RunError: there is no finished run, its windows do not show the series that it predicts, the
            series has changed, or the disk is full.
    """
    return forecasts_of(folder, steps, output, task=task, level=level).errors


def forecasts_of(
    folder: str | Path,
    steps: int | None = None,
    output: str | Path | None = None,
    *,
    task: str | Task | None = None,
    level: float = LEVEL,
) -> Forecasts:
    """As `forecast_run`, but return also the next values of a user's own series, and all paths.

    The next values are written beside the picture, to FILE-future.png and FILE-future.csv.
    """
    require(0 < level < 1, "level", "be between 0 and 1", level)
    run = FinishedRun.open(folder, task=task)
    config = run.config
    picture = run.folder.path / FORECAST if output is None else path_of(output, "output")
    require(picture.suffix == ".png", "output", "name a .png file", picture)
    if config.series is not None and not run.own:
        return _of_own_series(run, config, steps, picture, level)
    data = _windows(config, run.task if run.own else None)
    steps = _reachable(steps, data.count - data.boundary)
    networks = _networks(run)
    errors = forecast_errors(list(networks.values()), data, steps)
    runs = free_run(list(networks.values()), data, steps)
    files = _write(picture, config, data, runs, errors, list(networks))
    return Forecasts(errors, None, files)


def _of_own_series(
    run: FinishedRun, config: RunConfig, steps: int | None, picture: Path, level: float
) -> Forecasts:
    """The errors over the test part of a user's own series, and the values that follow it."""
    run.refuse_other_data()
    networks = _networks(run)
    found = OwnForecasts.of(config, list(networks.values()))
    if steps is None:
        steps = min(STEPS, found.most_steps())
    errors, future = found.errors(steps), found.future(steps, level)
    data, seeds = found.as_windows(), list(networks)
    files = _write(picture, config, data, found.free_run(steps), errors, seeds)
    ahead = picture.with_stem(f"{picture.stem}-future")
    title = f"{future.name}: the next {_steps_in_words(steps)} ({seeds_in_words(config)})"
    save_figure(future_figure(future, title), ahead)
    write_atomically(ahead.with_suffix(".csv"), future_csv(future, seeds).encode())
    return Forecasts(errors, future, (*files, ahead, ahead.with_suffix(".csv")))


def _networks(run: FinishedRun) -> dict[int, nn.Module]:
    """The networks of the seeds that did not diverge."""
    return {seed: run.config.kind.network(model) for seed, model in run.sound.items()}


def _reachable(steps: int | None, count: int) -> int:
    """The number of steps, checked against the number of test windows."""
    if steps is None:
        return min(STEPS, count)
    rule = f"be between 1 and {count}, the number of test windows"
    require(1 <= steps <= count, "steps", rule, steps)
    return steps


def _write(
    picture: Path,
    config: RunConfig,
    data: SeriesData,
    runs: Floats,
    errors: ForecastErrors,
    seeds: list[int],
) -> tuple[Path, Path]:
    """Write the picture of the errors, and their table beside it."""
    ahead = _steps_in_words(len(errors.origins))
    title = f"{config.dataset}: forecasts of {ahead} ({seeds_in_words(config)})"
    save_figure(forecast_figure(data, runs, errors, title), picture)
    table = picture.with_suffix(".csv")
    write_atomically(table, forecast_csv(errors, seeds).encode())
    return picture, table


def _steps_in_words(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"


def _windows(config: RunConfig, own: Task | EnvironmentTask | None) -> SeriesData:
    """The run's series; refused if predictions cannot be fed back into its windows."""
    remedy = "only a model that sees the series that it predicts can forecast several steps"
    if isinstance(own, Task):
        data = windows_of(own)
        if data is None:
            what = "are not the successive windows of one series"
            raise RunError(f"The samples of {config.dataset} {what}: {remedy}.")
        return data
    if task_kind(config.dataset) != "series":
        raise RunError(f"The run is on {config.dataset}, which is no series: {remedy}.")
    data = load_windows(config.dataset, config)
    if data.last_response is not None:
        head = f"The windows of {config.dataset} show {data.sees}"
        raise RunError(f"{head}: {remedy} (try {config.dataset}-response).")
    return data
