"""Short lists of runs, a line for each, from their JSON files alone.

No model is loaded, no task is executed, and torch is not imported.
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from diffqas.errors import DiffqasError, RunError, path_of
from diffqas.reports import VALUES, RunResult, record_of, spread, text_of
from diffqas.storage import (
    COUNT,
    DURATION,
    FLAG,
    TEXT,
    WHOLE,
    Entries,
    Json,
    RunFolder,
    StoredEnvironment,
    last_record,
    list_of,
    read_json,
    short,
)

STUDY = "study.json"
TAIL = 1 << 20
"""Bytes at the end of metrics.jsonl among which its last line is looked for."""
HIGHER = ("accuracy", "reward")
"""Metrics of which more is better, where a result does not say so."""
MODELS = {
    "QuantumTrainKind": "qt",
    "PerLayerKind": "qt",
    "FixedLayersKind": "qt",
    "QLSTMKind": "qlstm",
    "VQCKind": "vqc",
    "QFWPKind": "qfwp",
    "AgentKind": "qt",
    "QuantumAgentKind": "vqc",
}
"""Words of the command line by the class that config.json names."""


@dataclass(frozen=True)
class RunSummary:
    """One run, or one finished cell of a study.

    Attributes:
        path: the run folder; for a cell, its file.
        name: the path of the folder below the one that was listed; for a cell, the study, the data
            set and the row.
        state: `"finished"`, `"unfinished"` (some epochs are recorded), `"begun"` (none is) or
            `"broken"`.
        task: the name of the data set, environment or task.
        model: the word of the model, such as `"qt"`; for a cell, the name of its row.
        seeds: the numbers of the seeds.
        done, total: how many epochs are done and how many there are in all; for agents, episodes.
            None if that is not known.
        unit: `"epoch"` or `"episode"`.
        metric: the name of the main figure: `"mse"` is the MSE of the test part, `"reward"` the
            mean reward.
        higher: whether more of this figure is better.
        figures: the main figure, one entry per seed; None for a seed that failed. For an unfinished
            run it is that of the last record.
        trainable: how many numbers one seed trains.
        target: how many weights they write, if they write any.
        seconds: the time of the training.
        created: when the run was begun, in ISO 8601.
        fault: why the run is broken, if it is.
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
        """The median of the main figure over the seeds that have one."""
        known = [value for value in self.figures if value is not None]
        return statistics.median(known) if known else None

    @property
    def figure(self) -> str:
        """The main figure as text: its name, the median and the range."""
        if self.metric is None or not self.figures:
            return ""
        part = "" if self.metric == "reward" else "test "
        return f"{part}{self.metric} {spread(self.figures, text_of(self.metric))}"

    def to_json(self) -> Json:
        """The summary as plain JSON."""
        fields = {**vars(self), "path": str(self.path), "median": self.median}
        for key, value in fields.items():
            if isinstance(value, tuple):
                fields[key] = list(value)
        return fields


def is_study(path: Path) -> bool:
    """Whether a study was begun in a folder."""
    return os.path.lexists(path / STUDY)


def list_runs(path: str | Path = "runs") -> list[RunSummary]:
    """List every run and every finished cell of a study in a folder and below, sorted by name.

    This is what `diffqas runs` does, for scripts and notebooks. Folders that cannot be read have
    the state `"broken"`.

    Args:
        path: a folder of runs, a run or a study.

    Raises:
        RunError: there is no such folder.
    """
    top = path_of(path, "path")
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
    """Summarise a run folder; one that cannot be read has the state `"broken"`."""
    name = name or path.resolve().name
    try:
        return _run(path, name)
    except (DiffqasError, OSError) as error:
        return RunSummary(path, name, "broken", fault=_reason(error, path))


def _run(path: Path, name: str) -> RunSummary:
    folder = RunFolder(path)
    begun = _begun(folder, name)
    if folder.finished:
        return _finished(begun, RunResult.from_json(folder.load_result(), folder.result))
    line = last_record(folder.metrics, TAIL)
    if line is None:
        return begun
    record = record_of(line, folder.metrics)
    metric, values = record.main
    return replace(
        begun,
        state="unfinished",
        metric=metric,
        higher=metric in HIGHER,
        figures=_figures(values),
        done=record.done,
    )


def _begun(folder: RunFolder, name: str) -> RunSummary:
    """A summary from config.json, which does not need the classes of the choices in it."""
    content = Entries.of(folder.load_config(), folder.config)
    choices = content.inner("run")
    settings, kind = choices.inner("settings"), choices.inner("kind").one("is", TEXT)
    episodes = settings.perhaps("episodes", COUNT)
    total = settings.perhaps("epochs", COUNT) if episodes is None else episodes
    if settings.perhaps("most_steps", COUNT) is not None:
        total = None  # nobody knows how many episodes there will be
    return RunSummary(
        folder.path,
        name,
        "begun",
        task=choices.one("dataset", TEXT),
        model=MODELS.get(kind, kind),
        seeds=choices.one("seeds", list_of(WHOLE)),
        total=total,
        unit="epoch" if episodes is None else "episode",
        created=StoredEnvironment.of(content).created,
    )


def _finished(begun: RunSummary, result: RunResult) -> RunSummary:
    """The summary of a finished run: that of its choices, with what the result says."""
    done = result.epochs
    if result.agents is not None:
        done = max(int(count or 0) for count in result.figure("episodes"))
    # Old results do not say of which metrics more is better.
    higher = result.higher or HIGHER
    return replace(
        begun,
        state="finished",
        model=result.model or begun.model,
        metric=result.metric,
        higher=result.metric in higher,
        figures=result.main,
        trainable=result.trainable_parameters,
        target=result.target_parameters,
        seconds=result.seconds,
        done=done,
    )


def _figures(values: Iterable[float]) -> tuple[float | None, ...]:
    """The finite figures; the others, of seeds that failed, become None."""
    return tuple(value if math.isfinite(value) else None for value in values)


def _cells(path: Path, name: str) -> Iterator[RunSummary]:
    """The finished cells of a study; a single summary if there are none."""
    place = path / STUDY
    try:
        study = Entries.of(read_json(place), place)
        created = StoredEnvironment.of(study).created
        higher = _better_if_higher(study.perhaps_inner("metric"))
    except RunError as error:
        yield RunSummary(place, name, "broken", fault=_reason(error, place))
        return
    files = sorted(path.glob("cells/*/*.json"))
    for file in files:
        words = f"{name}/{file.parent.name}/{file.stem}"
        try:
            cell = _cell(file, words, higher)
        except DiffqasError as error:
            cell = RunSummary(file, words, "broken", fault=_reason(error, file))
        yield replace(cell, created=created)
    if not files:
        yield RunSummary(path, name, "begun", created=created)


def _better_if_higher(metric: Entries | None) -> tuple[str, ...]:
    """Metrics of which more is better, as study.json says."""
    if metric is None or not metric.perhaps("higher", FLAG):
        return HIGHER
    return (metric.one("name", TEXT),)


def _cell(file: Path, name: str, higher: Sequence[str]) -> RunSummary:
    cell = Entries.of(read_json(file), file)
    metric = _main(cell)
    return RunSummary(
        path=file,
        name=name,
        state="finished",
        task=cell.one("dataset", TEXT),
        model=cell.one("row", TEXT),
        seeds=cell.one("seeds", list_of(WHOLE)),
        metric=metric,
        higher=metric in higher,
        figures=cell.one(f"test_{metric}", VALUES),
        trainable=cell.one("trainable", COUNT),
        target=cell.perhaps("target", COUNT),
        seconds=cell.perhaps("seconds", DURATION),
    )


def _main(cell: Entries) -> str:
    """The name of a cell's main figure, which is the first one."""
    for name in cell.content:
        if name.startswith("test_"):
            return name.removeprefix("test_")
    raise cell.fault("it lacks a figure of the test part")


def _reason(error: Exception, path: Path) -> str:
    """An error in a few words, without the path, which stands beside it already."""
    said = short(error) if isinstance(error, OSError) else str(error).rstrip(".")
    return said.replace(f"{path}{os.sep}", "").replace(str(path), path.name)
