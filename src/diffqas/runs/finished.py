"""A finished run opened for use: its figures, choices, task and models."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from diffqas.agents import EnvironmentTask
from diffqas.errors import RunError, path_of, require
from diffqas.reports import RunResult
from diffqas.searches import RunConfig, config_from_json, load, refuse_other_data, task_of
from diffqas.storage import Json, RunFolder
from diffqas.tasks import Task


class FinishedRun:
    """A finished run that is read as far as it is needed.

    Nothing is read twice. Loading models and samples takes time, so they are loaded when they are
    first asked for, after the caller has made its own checks.

    Args:
        folder: the folder of the run.
        content: the content of its result.json.
        task: the task if it was one of your own, as of `load`.
        quiet: whether to print nothing about the file from which the task is executed.

    Attributes:
        folder: the paths of the run.
        content: the content of result.json as it stands there; `result` has typed entries.
    """

    def __init__(
        self,
        folder: RunFolder,
        content: Json,
        task: str | Task | None = None,
        quiet: bool = False,
    ) -> None:
        self.folder = folder
        self.content = content
        self._given = task
        self._quiet = quiet

    @classmethod
    def open(
        cls, folder: str | Path, *, task: str | Task | None = None, quiet: bool = False
    ) -> FinishedRun:
        """Open a run folder; the arguments are those of the class.

        Raises:
            RunError: there is no finished run, or its result.json is damaged.
        """
        place = RunFolder(path_of(folder, "folder"))
        return cls(place, place.load_result(), task, quiet)

    @cached_property
    def result(self) -> RunResult:
        """The result of the run, with a type for every entry."""
        return RunResult.from_json(self.content, self.folder.result)

    @cached_property
    def stored_config(self) -> Json:
        """The content of config.json: choices, versions and the checksum of the data."""
        return self.folder.load_config()

    @cached_property
    def config(self) -> RunConfig:
        """The choices of the run."""
        return config_from_json(self.stored_config)

    @property
    def own(self) -> bool:
        """Whether the task is a user's own, of which only the samples are known."""
        named = self._given in (None, self.config.dataset)
        return not named or self.config.own is not None

    @cached_property
    def task(self) -> Task | EnvironmentTask:
        """The task of the run; a user's own file is executed once, see `task_of`."""
        return task_of(self.config, self.folder.path, self._given, quiet=self._quiet)

    def refuse_other_data(self) -> None:
        """Refuse a file of samples that has changed since the run.

        A linear part that is fitted to other samples would be another one.

        Raises:
            RunError: the file has changed.
        """
        begun_with = self.stored_config.get("data")
        refuse_other_data(self.folder, self.config, begun_with, self.task.checksum())

    @cached_property
    def models(self) -> list[Any]:
        """The trained models, one per seed."""
        place = self.folder.path
        # `load` makes an environment from its name, and needs no samples.
        if self.result.agents is not None and self._given is None:
            return load(place).models
        return load(place, task=self.task).models

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, in the order of the models; results of old versions do not list them."""
        return self.result.seeds or self.config.seeds

    @property
    def sound(self) -> dict[int, Any]:
        """The models by their seeds, without those of seeds that diverged in training."""
        models = zip(self.seeds, self.models, strict=True)
        return {seed: model for seed, model in models if seed not in self.result.failures}

    def index_of(self, seed: int | None) -> int:
        """The place of a seed among the run's; None stands for the first.

        Raises:
            ArgumentError: the run has no such seed.
        """
        if seed is None:
            return 0
        known = ", ".join(map(str, self.seeds))
        require(seed in self.seeds, "seed", f"be one of the run's seeds, {known}", seed)
        return self.seeds.index(seed)

    def finished_index(self, seed: int | None) -> int:
        """As `index_of`, for a seed that did not diverge.

        Raises:
            ArgumentError: the run has no such seed.
            RunError: the seed diverged.
        """
        index = self.index_of(seed)
        number = self.seeds[index]
        if number in self.result.failures:
            place = self.folder.path
            raise RunError(f"Seed {number} of the run in {place} diverged: choose another --seed.")
        return index
