"""Several runs beside each other: what they reached, and which settings and versions differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diffqas.errors import RunError, path_of, require
from diffqas.runs.listing import RunSummary, summarise
from diffqas.searches import choices_in_words, config_from_json, flat
from diffqas.storage import Entries, RunFolder, StoredEnvironment

ABSENT = "–"
"""A setting that a run has not."""

Rows = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class RunsCompared:
    """The comparison of several runs.

    Attributes:
        runs: the runs, in the order in which they were given.
        settings: the settings that differ: name with dots -> a text for each run.
        environment: versions, machine and commit, if they differ, in the same form.
    """

    runs: tuple[RunSummary, ...]
    settings: Rows
    environment: Rows


def compare_runs(folders: Sequence[str | Path]) -> RunsCompared:
    """Compare several runs, finished or not, from their JSON files alone.

    Args:
        folders: at least two run folders.

    Raises:
        ArgumentError: there are fewer than two folders, or one is named twice.
        RunError: a folder holds no run, or a file is damaged.
    """
    paths = [path_of(folder, "runs") for folder in folders]
    listed = ", ".join(map(str, paths))
    different = {path.resolve() for path in paths}
    require(len(paths) >= 2, "runs", "name at least two run folders", listed or "none")
    require(len(different) == len(paths), "runs", "differ from each other", listed)
    runs, settings, environments = [], [], []
    for path in paths:
        stored = RunFolder(path).load_config()
        settings.append(choices_in_words(config_from_json(stored)))
        environment = StoredEnvironment.of(Entries.of(stored, RunFolder(path).config))
        environments.append(flat(environment.to_json()))
        run = summarise(path, _name(path, paths))
        if run.state == "broken":
            raise RunError(f"Cannot compare {path}: {run.fault}.")
        runs.append(run)
    return RunsCompared(tuple(runs), _different(settings), _different(environments))


def _different(each: Sequence[dict[str, str]]) -> Rows:
    names: dict[str, None] = {}  # in the order in which they come first
    for one in each:
        names.update(dict.fromkeys(one))
    rows: Rows = {}
    for name in names:
        texts = tuple(one.get(name, ABSENT) for one in each)
        if len(set(texts)) > 1:
            rows[name] = texts
    return rows


def _name(path: Path, paths: Sequence[Path]) -> str:
    """The folder's name; the whole path where two have the same."""
    name = path.resolve().name
    names = [other.resolve().name for other in paths]
    if names.count(name) > 1:
        return str(path)
    return name
