"""The tasks, by their names on the command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from diffqas.agents import ENVIRONMENTS, EnvironmentTask, environment_task, is_environment
from diffqas.errors import ArgumentError, choose
from diffqas.searches.data_choices import DataChoices
from diffqas.tasks import (
    IMAGES,
    SERIES,
    TABLES,
    TARGETS,
    OwnSeriesData,
    SeriesData,
    TableData,
    Task,
    image_task,
    load_csv,
    load_images,
    load_named,
    load_series,
    load_table,
    own_series_data,
    own_series_task,
    read_columns,
    series_task,
    table_task,
    view_of,
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
    """The kind of a task, before anything is loaded: `"environment"`, or the `Task.kind`.

    Raises:
        ArgumentError: the name is unknown.

    >>> task_kind("narma5"), task_kind("mnist"), task_kind("wine"), task_kind("CartPole-v1")
    ('series', 'images', 'table', 'environment')
    """
    if is_environment(name):
        return "environment"
    _known(name)
    if name in IMAGES:
        return "images"
    if name in TABLES or name == OWN_TABLE:
        return "table"
    return "series"


def _known(name: str) -> None:
    """Refuse the name of no data set; that of a CSV file belongs behind another word."""
    if name.lower().endswith((".csv", ".tsv")):
        typed = shlex.quote(name)
        raise ArgumentError(
            f"Argument `dataset` must be {OWN_SERIES} or {OWN_TABLE} for a file of your own: "
            f"`diffqas search {OWN_SERIES} --csv {typed} --column NAME`, or "
            f"`diffqas search {OWN_TABLE} --csv {typed} --label NAME`."
        )
    choose(name, task_names(), "dataset")


def generated(name: str) -> bool:
    """Whether the samples of a data set are computed and not read from a file.

    Another machine may round their last digit differently.
    """
    return name in SERIES or name in COMPUTED_TABLES


NO_CHOICES = DataChoices()
OF_OWN = ("column", "series")
"""Choices of a series of one's own."""
OF_TABLES = ("label", "predict", "leave_out", "missing")
"""Choices of a table of one's own."""
OF_IMAGES = ("classes", "data_dir")
"""Choices of images."""


def load_task(
    name: str, chosen: DataChoices = NO_CHOICES, target: str | None = None
) -> Task | EnvironmentTask:
    """Load a task by its name.

    Args:
        name: one of `task_names()`, or the id of an environment of gymnasium.
        chosen: the choices of the data set; those of a user's own series are settled before.
        target: the network: `"lstm"` for series, `"mlp"` for tables, and `"mlp"`, `"smooth-mlp"` or
            `"cnn"` for images. None stands for the first of these.

    Raises:
        ArgumentError: the name is unknown (the nearest is suggested), or a choice is missing or
            belongs to another data set.
        DataError: a file is missing or cannot be used.
    """
    if is_environment(name):
        every = ("csv", "column", "scaling", *OF_TABLES, "fold", *OF_IMAGES, "series")
        _refuse(name, "a data set", chosen.given(*every) | _given(target=target))
        return environment_task(name)
    what = task_kind(name)
    if name not in (OWN_SERIES, OWN_TABLE):
        _refuse(name, f"the data set '{OWN_SERIES}' or '{OWN_TABLE}'", chosen.given("csv"))
    if name != OWN_SERIES:
        _refuse(name, f"the data set '{OWN_SERIES}'", chosen.given(*OF_OWN))
    if name != OWN_TABLE:
        _refuse(name, f"the data set '{OWN_TABLE}'", chosen.given(*OF_TABLES))
    if what != "series":
        _refuse(name, "a series", chosen.given("scaling"))
    if what != "table":
        _refuse(name, "a table", chosen.given("fold"))
    if what != "images":
        _refuse(name, f"images ({', '.join(IMAGES)})", chosen.given(*OF_IMAGES))
    # The target first: loading may mean a download.
    network = _target(what, target)
    if what == "images":
        return image_task(load_images(name, chosen.classes, chosen.data_dir), network)
    if what == "table":
        return table_task(load_rows(name, chosen))
    if chosen.series is not None:
        correction = chosen.series.correction
        return own_series_task(load_own(chosen), 1.0 if correction is None else correction)
    return series_task(load_windows(name, chosen))


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


def load_windows(name: str, chosen: DataChoices = NO_CHOICES) -> SeriesData:
    """Load the windows of a series as the papers use them; as of `load_task`."""
    if name != OWN_SERIES:
        return load_series(name, scaling=chosen.scaling)
    return load_csv(_file(name, chosen), chosen.column, scaling=chosen.scaling)


def load_own(chosen: DataChoices) -> OwnSeriesData:
    """Load a user's own series; as of `load_task`."""
    assert chosen.series is not None, "of other series see `load_windows`"
    further = chosen.series.columns or ()
    read = read_columns(_file(OWN_SERIES, chosen), chosen.column, further)
    return own_series_data(
        read.name,
        read.values,
        view_of(chosen.series),
        scaling=chosen.scaling,
        columns=read.columns,
        dates=read.dates,
    )


def load_rows(name: str, chosen: DataChoices = NO_CHOICES) -> TableData:
    """Load the rows of a table; as of `load_task`."""
    if name != OWN_TABLE:
        return load_named(name, fold=chosen.fold)
    return load_table(
        _file(name, chosen),
        chosen.label,
        predict=chosen.predict,
        leave_out=chosen.leave_out or (),
        missing=chosen.missing,
        fold=chosen.fold,
    )


def _file(name: str, chosen: DataChoices) -> Path:
    """The file of a data set of one's own."""
    if chosen.csv is None:
        raise ArgumentError(
            f"Argument `csv` must name a file for the data set {name!r}, but got None."
        )
    return Path(chosen.csv)


def _given(**arguments: object) -> dict[str, object]:
    return {name: value for name, value in arguments.items() if value is not None}


def _refuse(name: str, owner: str, given: Mapping[str, object]) -> None:
    """Raise an error if a choice was given that only `owner` takes."""
    for argument in given:
        if argument == "series":
            argument = "window"
        rule = f"Argument `{argument}` must be used with {owner}"
        what = "environment" if is_environment(name) else "data set"
        raise ArgumentError(f"{rule}, but got the {what} {name!r}.")
