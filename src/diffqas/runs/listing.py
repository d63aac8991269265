"""Folders of runs in short, a line for each run, from their JSON files alone.

No model is loaded, no task is executed, and torch is not imported.
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diffqas.errors import DiffqasError, RunError
from diffqas.reports import spread, text_of
from diffqas.storage import Json, JsonView, RunFolder, last_record, read_json

STATES = ("finished", "unfinished", "begun", "broken")
STUDY = "study.json"
TAIL = 1 << 20
"""Bytes at the end of metrics.jsonl among which its last line is looked for."""
HIGHER = ("accuracy", "reward")
"""Metrics of which more is better, where a result does not say so."""
MODELS = {"QuantumTrainKind": "qt", "PerLayerKind": "qt", "QLSTMKind": "qlstm", "AgentKind": "qt"}
"""Words of the command line by the class that config.json names."""


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
        """The state in words: `finished`, `epoch 17 of 100`, `begun`, or why it is broken."""
        if self.state == "broken":
            return f"broken: {self.fault}"
        if self.state != "unfinished":
            return self.state
        done = f"{self.unit} {self.done:,}"
        return f"{done} of {self.total:,}" if self.total else done

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

    def to_json(self) -> Json:
        """Plain JSON."""
        fields = {**vars(self), "path": str(self.path), "median": self.median}
        for key, value in fields.items():
            if isinstance(value, tuple):
                fields[key] = list(value)
        return fields


def is_study(path: Path) -> bool:
    """Whether a study was begun in a folder."""
    return (path / STUDY).exists()


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
        name = place.resolve().name if place == top else place.relative_to(top).as_posix()
        if STUDY in files:
            found += _cells(place, name)
        elif "config.json" in files or "result.json" in files:
            found.append(summarise(place, name))
        else:
            continue
        # What lies inside a run or a study belongs to it.
        inner.clear()
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
        fault = f"its files are not of this version of diffqas ({said})"
        return RunSummary(path, name, "broken", fault=fault)


def _run(path: Path, name: str) -> RunSummary:
    folder = RunFolder(path)
    config = folder.load_config()
    if not isinstance(config.get("run"), dict):
        raise RunError("config.json is no run's")
    choices, settings = config["run"], config["run"]["settings"]
    common: Json = {
        "task": str(choices["dataset"]),
        "seeds": tuple(int(seed) for seed in choices["seeds"]),
        "created": (config.get("environment") or {}).get("created"),
        "unit": "episode" if "episodes" in settings else "epoch",
        "total": settings.get("episodes", settings.get("epochs")),
        "model": MODELS.get(choices["kind"]["is"], "qt"),
    }
    if folder.finished:
        result = folder.load_result()
        metric, values = _main(result)
        # A run that is finished says more than its choices do.
        common["model"] = result["model"]
        return RunSummary(
            path,
            name,
            "finished",
            metric=metric,
            higher=metric in result.get("higher", HIGHER),
            figures=_figures(values),
            trainable=result["trainable_parameters"],
            target=result["target_parameters"],
            seconds=result["seconds"],
            done=_done(result),
            **common,
        )
    record = last_record(folder.metrics, TAIL)
    if record is None:
        return RunSummary(path, name, "begun", **common)
    metric, values = _main(record)
    return RunSummary(
        path,
        name,
        "unfinished",
        metric=metric,
        higher=metric in HIGHER,
        figures=_figures(values),
        done=_done(record),
        **common,
    )


def _main(entries: JsonView) -> tuple[str, Sequence[Any]]:
    """Name and values of the main figure of a result, a record or a cell."""
    for key in ("test_reward", "mean_reward", "reward"):
        if isinstance(entries.get(key), list):
            return "reward", entries[key]
    metric = entries.get("metric")
    if not metric:
        # A record names no metric: its first test figure is the main one.
        tests = (key.removeprefix("test_") for key in entries if key.startswith("test_"))
        metric = next(tests, "figure")
    return metric, entries[f"test_{metric}"]


def _done(entries: JsonView) -> int:
    """Epochs of a result or a record, or of agents the episodes of the seed with the most."""
    if "episodes" in entries:
        return int(max(entries["episodes"]))
    # A result counts epochs, a record says which one it is of.
    return int(entries["epochs"] if "epochs" in entries else entries["epoch"])


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
        told = study.get("metric") or {}
        higher = (str(told["name"]),) if told.get("higher") else HIGHER
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
    if isinstance(error, KeyError):
        return f"it lacks {said}"
    if not isinstance(error, DiffqasError):
        return "its content is no cell of a study"
    return said.replace(f"{path}{os.sep}", "").replace(str(path), path.name).rstrip(".")
