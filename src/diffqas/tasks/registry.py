"""Tasks by the names of the command line."""

from __future__ import annotations

from pathlib import Path

from diffqas.errors import ArgumentError, choose
from diffqas.tasks.series import SERIES, Scaling, load_csv, load_series
from diffqas.tasks.series.task import series_task
from diffqas.tasks.task import Task

OWN_SERIES = "series"
"""Name of the data set that is read from a user's file."""


def task_names() -> list[str]:
    """All names that `load_task` knows.

    >>> "bessel" in task_names() and "series" in task_names()
    True
    """
    return [*SERIES, OWN_SERIES]


def load_task(
    name: str, *, csv: str | Path | None = None, column: str | None = None, scaling: Scaling = "whole"
) -> Task:
    """A task by name.

    Args:
        name: one of `task_names()`.
        csv: the file, for `"series"`.
        column: its column, for `"series"`.
        scaling: what a series is scaled by, `"whole"` or `"train"`.

    Raises:
        ArgumentError: an unknown name (the nearest is suggested), or `csv` given or missing wrongly.
        DataError: the file cannot be used.
    """
    choose(name, task_names(), "dataset")
    if name == OWN_SERIES:
        if csv is None:
            raise ArgumentError("Argument `csv` must name a file for the data set 'series', but got None.")
        return series_task(load_csv(csv, column, scaling=scaling))
    if csv is not None or column is not None:
        raise ArgumentError(f"Argument `csv` must be used with the data set 'series', but got the data set {name!r}.")
    return series_task(load_series(name, scaling=scaling))
