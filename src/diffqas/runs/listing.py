"""What lies in folders of runs, read from their JSON files alone: nothing is loaded, nothing is
executed.
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diffqas.errors import DiffqasError, RunError
from diffqas.reports import spread, text_of
from diffqas.storage import RunFolder, last_record, read_json

STATES = ("finished", "unfinished", "begun", "broken")
STUDY = "study.json"
TAIL = 1 << 20
"""Bytes at the end of metrics.jsonl among which its last line is looked for."""
HIGHER = ("accuracy", "reward")
"""Metrics of which more is better, where a result does not say so."""


@dataclass(frozen=True)
class RunSummary:
    """One run, or one finished cell of a study.

    Attributes:
        path: the run folder; of a cell its file.
        name: the folder's place below the one that was listed; of a cell study, data set and row.
        state: `"finished"`, `"unfinished"` (some epochs are recorded), `"begun"` (none is) or
            `"broken"`.
        task: name of the data set, environment or task.
        model: `"qt"`, `"qlstm"`, ...; of a cell the row's name.
        seeds: their numbers.
        done, total: epochs, or of agents episodes; None where that is not known.
        unit: `"epoch"` or `"episode"`.
        metric: name of the main figure: `"mse"` is the MSE of the test part, `"reward"` the mean
            reward.
        higher: whether more of it is better.
        figures: it, one entry per seed, None of a seed that failed; of an unfinished run of its
            last record.
        trainable: trained numbers of one seed.
        target: weights that they write, if they do.
        seconds: of training.
        created: when it was begun, ISO 8601.
        fault: of a broken one the reason.
    """

    path: Path
    name: str
    state: str
    task: str | None = None
    model: str | None = None
    seeds: tuple[int, ...] = ()
    done: int | None = None
    total: int | None = None
    unit: str = "epoch"
    metric: str | None = None
    higher: bool = False
    figures: tuple[float | None, ...] = field(default_factory=tuple)
    trainable: int | None = None
    target: int | None = None
    seconds: float | None = None
    created: str | None = None
    fault: str | None = None

    @property
    def progress(self) -> str:
        """The state as a person reads it: `finished`, `epoch 17 of 100`, `begun` or why it is
        broken.
        """
        if self.state == "broken":
            return f"broken: {self.fault}"
        if self.state != "unfinished":
            return self.state
        return f"{self.unit} {self.done:,}" + (f" of {self.total:,}" if self.total else "")

    @property
    def median(self) -> float | None:
        """Of the main figure over the seeds that have one."""
        known = [value for value in self.figures if value is not None]
        return statistics.median(known) if known else None

    @property
    def figure(self) -> str:
        """The main figure with its name, median and range."""
        if self.metric is None or not self.figures:
            return ""
        part = "" if self.metric == "reward" else "test "
        return f"{part}{self.metric} {spread(self.figures, text_of(self.metric))}"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        fields = {**vars(self), "path": str(self.path), "median": self.median}
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()
        }


def list_runs(path: str | Path = "runs") -> list[RunSummary]:
    """Every run and every finished cell of a study in a folder and below, by their names.

    What `diffqas runs` does, for scripts and notebooks. Folders that cannot be read have the state
    `"broken"`.

    Args:
        path: a folder of runs, a run or a study.

    Raises:
        RunError: there is no such folder.
    """
    top = Path(path)
    if not top.is_dir():
        raise RunError(f"There is no folder {top}: name one that holds runs, or search first.")
    found: list[RunSummary] = []
    for folder, inner, files in os.walk(top):
        place = Path(folder)
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        kind = (
            STUDY
            if STUDY in files
            else "config.json"
            if {"config.json", "result.json"} & set(files)
            else None
        )
        if kind is not None:
            inner.clear()
            name = place.resolve().name if place == top else place.relative_to(top).as_posix()
            found += _cells(place, name) if kind == STUDY else [summarise(place, name)]
    return sorted(found, key=lambda run: run.name)


def summarise(path: Path, name: str | None = None) -> RunSummary:
    """A run folder in short; one that cannot be read has the state `"broken"`."""
    name = name or path.resolve().name
    try:
        return _run(path, name)
    except DiffqasError as error:
        return RunSummary(path, name, "broken", fault=_reason(error, path))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OSError) as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        return RunSummary(
            path, name, "broken", fault=f"its files are not of this version of diffqas ({said})"
        )


def _run(path: Path, name: str) -> RunSummary:
    folder = RunFolder(path)
    config = folder.load_config()
    if not isinstance(config.get("run"), dict):
        raise RunError("config.json is no run's")
    choices, settings = config["run"], config["run"]["settings"]
    common: dict[str, Any] = {
        "task": str(choices["dataset"]),
        "seeds": tuple(int(seed) for seed in choices["seeds"]),
        "created": (config.get("environment") or {}).get("created"),
        "unit": "episode" if "episodes" in settings else "epoch",
        "total": settings.get("episodes", settings.get("epochs")),
        "model": _model(choices["kind"]),
    }
    if folder.finished:
        result = folder.load_result()
        metric, values = _main(result)
        common |= {"model": result["model"], "trainable": result["trainable_parameters"]}
        common |= {
            "target": result["target_parameters"],
            "seconds": result["seconds"],
            "done": _done(result),
        }
        higher = metric in result.get("higher", HIGHER)
        return RunSummary(
            path, name, "finished", metric=metric, higher=higher, figures=_figures(values), **common
        )
    record = last_record(folder.metrics, TAIL)
    if record is None:
        return RunSummary(path, name, "begun", **common)
    metric, values = _main(record)
    common |= {"done": _done(record), "higher": metric in HIGHER}
    return RunSummary(path, name, "unfinished", metric=metric, figures=_figures(values), **common)


def _model(kind: Mapping[str, Any]) -> str:
    """Word of the command line for what config.json names by its class; a finished run's result
    says it.
    """
    return "qlstm" if "qlstm" in str(kind["is"]).lower() else "qt"


def _main(entries: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
    """Name and values of the main figure of a result, a record or a cell."""
    for key in ("test_reward", "mean_reward", "reward"):
        if isinstance(entries.get(key), list):
            return "reward", entries[key]
    metric = entries.get("metric") or next(
        (key[5:] for key in entries if key.startswith("test_")), "figure"
    )
    return metric, entries[f"test_{metric}"]


def _done(entries: Mapping[str, Any]) -> int:
    return (
        int(max(entries["episodes"]))
        if "episodes" in entries
        else int(entries.get("epochs", entries.get("epoch")))
    )


def _figures(values: Iterable[Any]) -> tuple[float | None, ...]:
    """Finite ones; a seed without one failed."""
    return tuple(
        float(value) if value is not None and math.isfinite(value) else None for value in values
    )


def _cells(path: Path, name: str) -> Iterator[RunSummary]:
    """The finished cells of a study; one line if there are none."""
    try:
        study = read_json(path / STUDY)
        created = (study.get("environment") or {}).get("created")
        higher = (
            {str(told["name"])}
            if (told := study.get("metric") or {}).get("higher")
            else set(HIGHER)
        )
    except (RunError, KeyError, AttributeError) as error:
        yield RunSummary(path / STUDY, name, "broken", fault=_reason(error, path / STUDY))
        return
    files = sorted(path.glob("cells/*/*.json"))
    for file in files:
        words = f"{name}/{file.parent.name}/{file.stem}"
        try:
            cell = read_json(file)
            metric, values = _main(cell)
            yield RunSummary(
                path=file,
                name=words,
                state="finished",
                task=str(cell["dataset"]),
                model=str(cell["row"]),
                seeds=tuple(cell["seeds"]),
                metric=metric,
                higher=metric in higher,
                figures=_figures(values),
                trainable=cell["trainable"],
                target=cell["target"],
                seconds=cell["seconds"],
                created=created,
            )
        except (DiffqasError, KeyError, TypeError, ValueError, AttributeError) as error:
            yield RunSummary(file, words, "broken", fault=_reason(error, file))
    if not files:
        yield RunSummary(path, name, "begun", created=created)


def _reason(error: Exception, path: Path) -> str:
    """An error in a few words: the path stands beside it already."""
    said = " ".join(str(error).split())
    if not isinstance(error, DiffqasError):
        return (
            f"it lacks {said}"
            if isinstance(error, KeyError)
            else "its content is no cell of a study"
        )
    return said.replace(f"{path}{os.sep}", "").replace(str(path), path.name).rstrip(".")
