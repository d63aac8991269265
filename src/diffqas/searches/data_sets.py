"""Tasks by the names of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from diffqas.agents import ENVIRONMENTS, EnvironmentTask, environment_task, is_environment
from diffqas.errors import ArgumentError, choose
from diffqas.tasks import (
    IMAGES,
    SERIES,
    TABLES,
    TARGETS,
    Scaling,
    SeriesData,
    TableData,
    Task,
    image_task,
    load_csv,
    load_images,
    load_named,
    load_series,
    load_table,
    series_task,
    table_task,
)

OWN_SERIES = "series"
"""Name of the data set that is a series from a user's file."""
OWN_TABLE = "table"
"""Name of the data set that is a table from a user's file."""
COMPUTED_TABLES = ("moons",)

SERIES_TARGETS = ("lstm",)
TABLE_TARGETS = ("mlp",)


def task_names() -> list[str]:
    """All names that `load_task` knows.

    >>> {"bessel", "series", "mnist"} <= set(task_names())
    True
    """
    return [*SERIES, OWN_SERIES, *IMAGES, *TABLES, OWN_TABLE, *ENVIRONMENTS]


def task_kind(name: str) -> str:
    """What a task is, before anything is loaded: `"environment"`, or what its samples are:
    `Task.kind`.

    Raises:
        ArgumentError: an unknown name.

    >>> task_kind("narma5"), task_kind("mnist"), task_kind("wine"), task_kind("CartPole-v1")
    ('series', 'images', 'table', 'environment')
    """
    if is_environment(name):
        return "environment"
    choose(name, task_names(), "dataset")
    if name in IMAGES:
        return "images"
    if name in TABLES or name == OWN_TABLE:
        return "table"
    return "series"


def generated(name: str) -> bool:
    """Whether a data set's samples are computed, not read.

    Another machine may round their last digit otherwise.
    """
    return name in SERIES or name in COMPUTED_TABLES


def load_task(
    name: str,
    *,
    csv: str | Path | None = None,
    column: str | None = None,
    scaling: Scaling = "whole",
    label: str | None = None,
    predict: str | None = None,
    leave_out: Sequence[str] | None = None,
    missing: str = "error",
    fold: int = 0,
    classes: Sequence[int] | None = None,
    data_dir: str | Path | None = None,
    target: str | None = None,
) -> Task | EnvironmentTask:
    """A task by name.

    Args:
        name: one of `task_names()`, or an environment's id of gymnasium.
        csv: the file, for `"series"` and `"table"`.
        column: its column, for `"series"`.
        scaling: what a series is scaled by, `"whole"` or `"train"`.
        label: the column to predict, for `"table"`.
        predict: what it is, `"classes"` or `"values"`, for `"table"`, as in `load_table`.
        leave_out: columns that are not read, for `"table"`.
        missing: what is done about missing values, for `"table"`, as in `load_table`.
        fold: which of five folds is the test part, for tables.
        classes: labels to tell apart, for images; None: all.
        data_dir: folder with the files of MNIST or FashionMNIST, as in `load_images`.
        target: the network, `"lstm"` for series, `"mlp"` for tables, `"mlp"`, `"smooth-mlp"` or
            `"cnn"` for images; None: the first of these.

    Raises:
        ArgumentError: an unknown name (the nearest is suggested), or an argument that is missing or
            belongs to another data set.
        DataError: a file is missing or cannot be used.
    """
    # What belongs to other data sets is refused; None stands for what was not given.
    of_series = {"scaling": None if scaling == "whole" else scaling}
    of_tables = {"label": label, "predict": predict, "leave_out": leave_out}
    of_tables["missing"] = None if missing == "error" else missing
    fold_given = {"fold": fold or None}
    of_images = {"classes": classes, "data_dir": data_dir}
    if is_environment(name):
        others = {"csv": csv, "column": column, "target": target}
        _refuse(name, "a data set", **others | of_series | of_tables | fold_given | of_images)
        return environment_task(name)
    choose(name, task_names(), "dataset")
    what = task_kind(name)
    if name not in (OWN_SERIES, OWN_TABLE):
        _refuse(name, f"the data set '{OWN_SERIES}' or '{OWN_TABLE}'", csv=csv)
    if name != OWN_SERIES:
        _refuse(name, f"the data set '{OWN_SERIES}'", column=column)
    if name != OWN_TABLE:
        _refuse(name, f"the data set '{OWN_TABLE}'", **of_tables)
    if what != "series":
        _refuse(name, "a series", **of_series)
    if what != "table":
        _refuse(name, "a table", **fold_given)
    if what != "images":
        _refuse(name, f"images ({', '.join(IMAGES)})", **of_images)
    # The target first: loading may mean a download.
    chosen = _target(what, target)
    if what == "images":
        return image_task(load_images(name, classes, data_dir), chosen)
    if what == "table":
        rows = load_rows(
            name,
            csv=csv,
            label=label,
            predict=predict,
            leave_out=leave_out,
            missing=missing,
            fold=fold,
        )
        return table_task(rows)
    return series_task(load_windows(name, csv=csv, column=column, scaling=scaling))


def _target(what: str, target: str | None) -> str:
    """The network of a kind of task; the first one if none is named."""
    known: Sequence[str] = SERIES_TARGETS
    if what == "images":
        known = tuple(TARGETS)
    elif what == "table":
        known = TABLE_TARGETS
    if target is None:
        return known[0]
    return choose(target, known, "target")


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


def load_rows(
    name: str,
    *,
    csv: str | Path | None = None,
    label: str | None = None,
    predict: str | None = None,
    leave_out: Sequence[str] | None = None,
    missing: str = "error",
    fold: int = 0,
) -> TableData:
    """The rows of a table; arguments and errors as of `load_task`."""
    if name != OWN_TABLE:
        return load_named(name, fold=fold)
    if csv is None:
        raise ArgumentError(
            f"Argument `csv` must name a file for the data set '{OWN_TABLE}', but got None."
        )
    left = leave_out or ()
    return load_table(csv, label, predict=predict, leave_out=left, missing=missing, fold=fold)


def _refuse(name: str, owner: str, **arguments: object) -> None:
    """Raise an error if an argument was given that only `owner` takes."""
    for argument, value in arguments.items():
        if value is not None:
            rule = f"Argument `{argument}` must be used with {owner}"
            what = "environment" if is_environment(name) else "data set"
            raise ArgumentError(f"{rule}, but got the {what} {name!r}.")
