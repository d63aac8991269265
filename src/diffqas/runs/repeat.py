"""A finished run repeated from its config.json alone, and what is different then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors

from diffqas.agents import AgentSettings
from diffqas.errors import RunError, path_of, require
from diffqas.runs.differences import ComparedPart, compare_part
from diffqas.runs.finished import FinishedRun
from diffqas.searches import (
    RunConfig,
    begin,
    environment,
    generated,
    task_of,
)
from diffqas.storage import TEXT, Entries, Json, RunFolder, StoredEnvironment, read_file
from diffqas.tasks import Task

TOLERANCE = 1e-6
PLACES = ("csv", "data_dir")
"""Choices that say where data lie on a machine."""


@dataclass(frozen=True)
class Repetition:
    """What `repeat_run` returns.

    Attributes:
        original: the folder of the run.
        folder: the folder of the repetition; None if it was not trained because its data differ.
        lines: the parts that were compared.
        changes: versions, machine and the like that differ from those of the original.
        tolerance: the largest relative difference that counts as none.
    """

    original: Path
    folder: Path | None
    lines: list[ComparedPart]
    changes: list[str]
    tolerance: float

    @property
    def equal(self) -> bool:
        """Whether everything was trained and is equal within the tolerance."""
        return self.folder is not None and all(
            line.difference <= self.tolerance for line in self.lines
        )

    def verdict(self, line: ComparedPart) -> str:
        """A line's result in words; where something is different, with what may be the reason."""
        words = line.in_words(self.tolerance)
        if line.difference <= self.tolerance or not self.changes:
            return words
        return f"{words}; not the same: {', '.join(self.changes)}"


def repeat_run(
    folder: str | Path,
    *,
    output: str | Path | None = None,
    tolerance: float = TOLERANCE,
    csv: str | Path | None = None,
    data_dir: str | Path | None = None,
    task: str | Task | None = None,
    quiet: bool = False,
) -> Repetition:
    """Train a finished run again with its own choices, seeds and data, and compare.

    This is what `diffqas repeat` does, for scripts and notebooks. A run whose file of samples has
    changed is not trained.

    Args:
        folder: the run folder.
        output: the folder of the repetition; None stands for a folder beside the run, with
            `-repeat` at the end of its name.
        tolerance: the largest relative difference of a number that counts as none.
        csv: the present path of the file of samples, if the run is on a user's own series or table.
        data_dir: the present folder of the files of images.
        task: the task, if it was one of your own.
        quiet: whether to print nothing while training.

    Raises:
        ArgumentError: the tolerance is negative, or `task` does not fit the run.
        DataError: the run's data cannot be used any more.
        RunError: there is no finished run, a file is damaged, `output` holds a run, or the training
            diverged.
    """
    require(tolerance >= 0, "tolerance", "be at least 0", tolerance)
    original = FinishedRun.open(folder)
    content = original.stored_config
    moved = _moved(csv=csv, data_dir=data_dir)
    config = replace(original.config, **moved)
    # Not `original.task`: the files may have moved since.
    loaded = task_of(config, Path(folder), task, quiet=quiet)
    stored = Entries.of(content, original.folder.config)
    changes = _changes(StoredEnvironment.of(stored), config)
    data = _data(stored.perhaps("data", TEXT), loaded.checksum())
    place = original.folder
    if data.difference > 0 and not generated(config.dataset):
        return Repetition(place.path, None, [data], changes, tolerance)
    target = RunFolder(_beside(place.path) if output is None else path_of(output, "output"))
    run = begin(target, config, loaded, source=place.config, quiet=quiet)
    then, now = _lasting(original.content, moved), _lasting(run.result, moved)
    if "baselines" not in then:  # none were trained beside a search of version 0.1.0
        now.pop("baselines", None)
    lines = [
        compare_part("choices", _choices(content), _choices(target.load_config())),
        data,
        compare_part("metrics.jsonl", place.records(), target.records()),
        compare_part("result.json", then, now),
        compare_part("exported networks", _networks(place.path), _networks(target.path)),
    ]
    return Repetition(place.path, target.path, lines, changes, tolerance)


def _moved(**places: str | Path | None) -> dict[str, str]:
    """Where the data lie now, of those that were named."""
    return {name: str(Path(path).resolve()) for name, path in places.items() if path}


def _data(then: str | None, now: str | None) -> ComparedPart:
    if now is None:
        return ComparedPart("data", 0.0, "an environment has none")
    if then is None:
        return ComparedPart("data", 0.0, "no checksum in the run's config.json")
    if then == now:
        return ComparedPart("data", 0.0, "")
    return ComparedPart("data", float("inf"), "the samples are others")


def _choices(content: Json) -> Json:
    return {name: value for name, value in content["run"].items() if name not in PLACES}


def _lasting(result: Json, moved: dict[str, str]) -> Json:
    """A result without the entries that differ though the training was the same."""
    passing = {"seconds"}
    # A task may be called like its file, which has another name now, and so may its series; the
    # range of the values follows from the samples, which are compared by themselves.
    if moved:
        passing |= {"task", "scale"}
    lasting = {name: value for name, value in result.items() if name not in passing}
    # What is trained beside a search has a time of its own.
    for name in ("references", "baselines"):
        if name in lasting:
            lasting[name] = [_without_seconds(row) for row in lasting[name]]
    return lasting


def _without_seconds(row: Json) -> Json:
    return {name: value for name, value in row.items() if name != "seconds"}


def _networks(path: Path) -> Json:
    """All numbers of the exported networks, file by file."""
    found = {}
    for file in sorted(path.glob("model*.safetensors")):
        try:
            tensors = load_safetensors(read_file(file))
        except (OSError, SafetensorError) as error:
            raise RunError(f"Cannot read {file}: {' '.join(str(error).split())}.") from None
        found[file.name] = {name: tensor.tolist() for name, tensor in tensors.items()}
    return found


def _changes(then: StoredEnvironment, config: RunConfig) -> list[str]:
    """What is not as it was, and can change the last digits or more."""
    now = environment()
    pairs: dict[str, tuple[object, object]]
    pairs = {name: (then.versions.get(name), new) for name, new in now["versions"].items()}
    for name in ("machine", "compiled", "commit"):
        pairs[name] = (then.facts.get(name), now[name])
    changes = [
        f"{name} {_short(a)} -> {_short(b)}"
        for name, (a, b) in pairs.items()
        if a is not None and a != b
    ]
    if isinstance(config.settings, AgentSettings) and config.settings.algorithm == "a3c":
        changes.append("the order in which a3c's processes came to their turn")
    return changes


def _short(value: object) -> str:
    return value[:10] if isinstance(value, str) else str(value)


def _beside(path: Path) -> Path:
    path = path if path.name else path.resolve()  # `.` has no name
    base = path.with_name(f"{path.name}-repeat")
    found, number = base, 1
    while found.exists():
        number += 1
        found = base.with_name(f"{base.name}-{number}")
    return found
