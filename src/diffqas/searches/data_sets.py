"""Tasks by the names of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from diffqas.agents import ENVIRONMENTS, EnvironmentTask, environment_task, is_environment
from diffqas.errors import ArgumentError, choose
from diffqas.tasks import (
    DEFAULT_TARGET,
    IMAGES,
    SERIES,
    TARGETS,
    Scaling,
    SeriesData,
    Task,
    image_task,
    load_csv,
    load_images,
    load_series,
    series_task,
)

OWN_SERIES = "series"
"""Name of the data set that is read from a user's file."""

SERIES_TARGETS = ("lstm",)


def task_names() -> list[str]:
    """All names that `load_task` knows.

    >>> {"bessel", "series", "mnist"} <= set(task_names())
    True
    """
    return [*SERIES, OWN_SERIES, *IMAGES, *ENVIRONMENTS]


def task_kind(name: str) -> str:
    """What a task is, before anything is loaded: `"environment"`, or what its samples are:
    `Task.kind`.

    Raises:
        ArgumentError: an unknown name.

    >>> task_kind("narma5"), task_kind("mnist"), task_kind("CartPole-v1")
    ('series', 'images', 'environment')
    """
    if is_environment(name):
        return "environment"
    return "images" if choose(name, task_names(), "dataset") in IMAGES else "series"


def generated(name: str) -> bool:
    """Whether a data set's samples are computed, not read.

    Another machine may round their last digit otherwise.
    """
    known = name in task_names()
    return known and task_kind(name) == "series" and name != OWN_SERIES


def load_task(
    name: str,
    *,
    csv: str | Path | None = None,
    column: str | None = None,
    scaling: Scaling = "whole",
    classes: Sequence[int] | None = None,
    data_dir: str | Path | None = None,
    target: str | None = None,
) -> Task | EnvironmentTask:
    """A task by name.

    Args:
        name: one of `task_names()`, or an environment's id of gymnasium.
        csv: the file, for `"series"`.
        column: its column, for `"series"`.
        scaling: what a series is scaled by, `"whole"` or `"train"`.
        classes: labels to tell apart, for images; None: all.
        data_dir: folder with the files of MNIST or FashionMNIST, as in `load_images`.
        target: the network, `"lstm"` for series, `"mlp"`, `"smooth-mlp"` or `"cnn"` for images;
            None: the first of these.

    Raises:
        ArgumentError: an unknown name (the nearest is suggested), or an argument that is missing or
            belongs to another data set.
        DataError: a file is missing or cannot be used.
    """
    if is_environment(name):
        _refuse(name, "a data set", csv=csv, column=column, classes=classes, data_dir=data_dir)
        _refuse(name, "a data set", target=target, scaling=None if scaling == "whole" else scaling)
        return environment_task(name)
    choose(name, task_names(), "dataset")
    if name in IMAGES:
        _refuse(name, "the data set 'series'", csv=csv, column=column)
        _refuse(name, "a series", scaling=None if scaling == "whole" else scaling)
        # The target first: loading may mean a download.
        chosen = DEFAULT_TARGET if target is None else choose(target, TARGETS, "target")
        return image_task(load_images(name, classes, data_dir), chosen)
    _refuse(name, f"images ({', '.join(IMAGES)})", classes=classes, data_dir=data_dir)
    if target is not None:
        choose(target, SERIES_TARGETS, "target")
    return series_task(load_windows(name, csv=csv, column=column, scaling=scaling))


def load_windows(
    name: str,
    *,
    csv: str | Path | None = None,
    column: str | None = None,
    scaling: Scaling = "whole",
) -> SeriesData:
    """The windows of a series; arguments and errors as of `load_task`."""
    if name == OWN_SERIES:
        if csv is None:
            raise ArgumentError(
                "Argument `csv` must name a file for the data set 'series', but got None."
            )
        return load_csv(csv, column, scaling=scaling)
    _refuse(name, "the data set 'series'", csv=csv, column=column)
    return load_series(name, scaling=scaling)


def _refuse(name: str, owner: str, **arguments: object) -> None:
    """Raise an error if an argument was given that only `owner` takes."""
    for argument, value in arguments.items():
        if value is not None:
            rule = f"Argument `{argument}` must be used with {owner}"
            what = "environment" if is_environment(name) else "data set"
            raise ArgumentError(f"{rule}, but got the {what} {name!r}.")
