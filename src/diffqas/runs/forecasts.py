"""What a finished run forecasts when its predictions are fed back."""

from __future__ import annotations

from pathlib import Path

from diffqas.agents import EnvironmentTask
from diffqas.errors import RunError, require
from diffqas.reports import forecast_csv, forecast_figure, save_figure
from diffqas.runs.finished import FinishedRun
from diffqas.searches import FORECAST, RunConfig, load_windows, seeds_in_words, task_kind
from diffqas.storage import write_atomically
from diffqas.tasks import ForecastErrors, SeriesData, Task, forecast_errors, free_run, windows_of

STEPS = 20


def forecast_run(
    folder: str | Path,
    steps: int | None = None,
    output: str | Path | None = None,
    *,
    task: str | Task | None = None,
) -> ForecastErrors:
    """Forecast several steps with all seeds of a finished run on a series.

    Leaves a picture and a table.

    What `diffqas forecast` does, for scripts and notebooks. Seeds that diverged in training are
    left out.

    Args:
        folder: the run folder.
        steps: how far to go; None: 20, or as many as there are test windows if they are fewer.
        output: the picture, FILE.png; beside it goes FILE.csv with the errors of all seeds by
            horizon. None: forecast.png in the run folder.
        task: the task, as of `load`.

    Raises:
        ArgumentError: `steps` that no forecast reaches within the test part, or an `output` that is
            no FILE.png.
        DataError: the run's series cannot be read any more.
        RunError: no finished run there, its windows do not show the series that it predicts, or a
            full disk.
    """
    run = FinishedRun.open(folder, task=task)
    config = run.config
    data = _windows(config, run.task if run.own else None)
    picture = run.folder.path / FORECAST if output is None else Path(output)
    count = data.count - data.boundary
    steps = min(STEPS, count) if steps is None else steps
    reachable = f"be between 1 and {count}, the number of test windows"
    require(1 <= steps <= count, "steps", reachable, steps)
    require(picture.suffix == ".png", "output", "name a .png file", picture)
    sound = {seed: config.kind.network(model) for seed, model in run.sound.items()}
    networks = list(sound.values())
    errors = forecast_errors(networks, data, steps)
    ahead = "1 step" if steps == 1 else f"{steps} steps"
    title = f"{config.dataset}: forecasts of {ahead} ({seeds_in_words(config)})"
    save_figure(forecast_figure(data, free_run(networks, data, steps), errors, title), picture)
    write_atomically(picture.with_suffix(".csv"), forecast_csv(errors, list(sound)).encode())
    return errors


def _windows(config: RunConfig, own: Task | EnvironmentTask | None) -> SeriesData:
    """The run's series, if its predictions can be fed back into its windows."""
    remedy = "only a model that sees the series that it predicts can forecast several steps"
    if isinstance(own, Task):
        data = windows_of(own)
        if data is None:
            what = "are not the successive windows of one series"
            raise RunError(f"The samples of {config.dataset} {what}: {remedy}.")
        return data
    if task_kind(config.dataset) != "series":
        raise RunError(f"The run is on {config.dataset}, which is no series: {remedy}.")
    data = load_windows(
        config.dataset, csv=config.csv, column=config.column, scaling=config.scaling
    )
    if data.last_response is not None:
        head = f"The windows of {config.dataset} show {data.sees}"
        raise RunError(f"{head}: {remedy} (try {config.dataset}-response).")
    return data
