"""The task of your own that a run was made of, found again.

Its file is executed, and a person is told which one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from diffqas.agents import EnvironmentTask
from diffqas.errors import RunError
from diffqas.reports import Terminal
from diffqas.tasks import Task, TaskSource, is_task_file, load_task_file

if TYPE_CHECKING:
    from diffqas.searches.config import RunConfig

REMEDY = "Name it with --task FILE.py:NAME (from Python: task=...)"


def named_task(task: str | Task) -> tuple[str | Task, TaskSource | None]:
    """The task if it is one of your own, and where it came from; any other word as it is.

    Raises:
        ArgumentError, DataError: as of `load_task_file`.
    """
    if isinstance(task, Task):
        return task, TaskSource()
    return load_task_file(task) if is_task_file(task) else (task, None)


def own_task(source: TaskSource, name: str) -> tuple[Task, TaskSource]:
    """Execute the file that a run names; returns the task, and the file as it is now.

    Raises:
        DataError: the file cannot be used.
        RunError: the run names none, or it is not there any more.
    """
    return load_task_file(_located(source, name))


def _located(source: TaskSource, name: str) -> str:
    """The words for a task whose file is there."""
    if source.path is None:
        raise RunError(f"The run's task, {name}, was given from Python. {REMEDY}.")
    if not Path(source.path).is_file():
        raise RunError(f"The run's task lay in {source.path}, which is not there. {REMEDY}.")
    return source.words


def task_of(
    config: RunConfig, folder: Path, given: str | Task | None = None, *, quiet: bool = False
) -> Task | EnvironmentTask:
    """The task of a run.

    A file is executed if it was named by hand, or if it lies where config.json says and not in the
    run folder itself, which may come from anybody. Which one, and whether it has changed, is told
    on standard error.

    Args:
        config: of the run.
        folder: of the run.
        given: the task, or `FILE.py:NAME`, in place of what config.json names.
        quiet: tell nothing.

    Raises:
        ArgumentError, DataError, RunError: it cannot be had.
    """
    if isinstance(given, Task):
        return given
    if given is None and config.own is None:
        return config.load()
    console = Terminal(stderr=True, quiet=quiet)
    if given is not None:
        task, now = load_task_file(given)
    else:
        assert config.own is not None
        words = _located(config.own, config.dataset)
        path = Path(str(config.own.path))
        # A run folder may come from anybody, and config.json may name a file beside it.
        if path.is_relative_to(folder.resolve()):
            raise RunError(
                f"{path} lies in the run folder itself, and is not executed unasked. {REMEDY}."
            )
        console.say(f"Executing {path}", style="dim")
        task, now = load_task_file(words)
    if config.own is not None and config.own.sha256 not in (None, now.sha256):
        changed = f"{now.path} is not the file that the run was begun with: it has changed since."
        console.say(changed, style="yellow")
    return task
