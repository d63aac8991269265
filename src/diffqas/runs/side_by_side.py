"""Several runs beside each other: which settings and versions are not the same in all, and what
they reached.
"""

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
    """Several runs.

    Attributes:
        runs: in the order given.
        settings: those that differ: name with dots -> a text for each run.
        environment: the same of versions, machine and commit.
    """

    runs: tuple[RunSummary, ...]
    settings: Rows
    environment: Rows


def compare_runs(folders: Sequence[str | Path]) -> RunsCompared:
    """Read several run folders, finished or not; nothing is loaded but their JSON files.

    Args:
        folders: at least two run folders.

    Raises:
        ArgumentError: fewer than two, or the same one twice.
        RunError: no run in one of them, or a damaged file.
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
