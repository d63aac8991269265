"""How the code of a run is found again: a task in a file, or the module of an environment.

The code is executed if the user names it now, or has named it for an own run before; see `trust`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from diffqas.agents import EnvironmentTask, is_environment
from diffqas.errors import RunError, require
from diffqas.reports import Terminal
from diffqas.searches.trust import code_of, module_code, record, refuse_untrusted
from diffqas.tasks import Task, TaskSource, is_task_file, load_task_file

if TYPE_CHECKING:
    from diffqas.searches.config import RunConfig

REMEDY = "Name it with --task FILE.py:NAME (from Python: task=...)"
TRUSTED = "If you trust it, name it: --task {} (from Python: task=...)"


def named_task(task: str | Task) -> tuple[str | Task, TaskSource | None]:
    """Load a user's own task, with where it came from; any other word is returned as it is.

    Raises:
        ArgumentError, DataError: as of `load_task_file`.
    """
    if isinstance(task, Task):
        return task, TaskSource()
    return load_task_file(task) if is_task_file(task) else (task, None)


def task_of(
    config: RunConfig,
    folder: Path,
    given: str | Task | EnvironmentTask | None = None,
    *,
    quiet: bool = False,
) -> Task | EnvironmentTask:
    """Load the task of a run.

    Code that config.json names is executed only if the user has named the same file, with the same
    content and at the same place, for a run before, and it lies in no run folder; or if it is named
    now. Standard error tells which file is executed and whether it has changed.

    Args:
        config: the choices of the run.
        folder: the folder of the run.
        given: the task, `FILE.py:NAME`, or an environment whose module is imported, in place of
            what config.json names.
        quiet: whether to tell nothing.

    Raises:
        ArgumentError, DataError, RunError: the task cannot be loaded, or must not be executed
            without being named.
    """
    if isinstance(given, Task | EnvironmentTask):
        return given
    console = Terminal(stderr=True, quiet=quiet)
    if config.own is None:
        return _known_task(config, folder, given, console)
    if given is not None:
        task, now = load_task_file(given)
        remember(now, None, console)
    else:
        words = _located(config.own, config.dataset)
        task, now = load_task_file(words, _allowed(folder, console))
    if config.own.sha256 not in (None, now.sha256):
        changed = f"{now.path} is not the file that the run was begun with: it has changed since."
        console.say(changed, style="yellow")
    return task


def _known_task(
    config: RunConfig, folder: Path, given: str | None, console: Terminal
) -> Task | EnvironmentTask:
    """A named data set, or an environment, whose module is imported by being made."""
    if given is not None and is_task_file(given):
        return load_task_file(given)[0]
    rule = f"name a task in its file, or {config.dataset}, which the run is on"
    require(given in (None, config.dataset), "task", rule, repr(given))
    code = module_code(config.dataset)
    if code is not None and given is None:
        refuse_untrusted(code, folder, TRUSTED.format(config.dataset))
    elif code is not None:
        remember(None, config.dataset, console)
    return config.load()


def remember(source: TaskSource | None, dataset: str | None, console: Terminal) -> None:
    """Record the code that the user named for a run, or say in a line why that is not possible."""
    code = None
    if source is not None and source.path is not None:
        code = code_of(source)
    elif source is None and dataset is not None and is_environment(dataset):
        code = module_code(dataset)
    if code is None:
        return
    reason = record(code)
    if reason is not None:
        line = f"It is not remembered that you named {code.path}: {reason}"
        console.say(line, style="yellow")


def _located(source: TaskSource, name: str) -> str:
    """The words for a task whose file is there."""
    if source.path is None:
        raise RunError(f"The run's task, {name}, was given from Python. {REMEDY}.")
    if not Path(source.path).is_file():
        raise RunError(f"The run's task lay in {source.path}, which is not there. {REMEDY}.")
    return source.words


def _allowed(folder: Path, console: Terminal) -> Callable[[TaskSource], None]:
    """Refuses what must not be executed unasked, and tells what is."""

    def allow(source: TaskSource) -> None:
        refuse_untrusted(code_of(source), folder, TRUSTED.format(source.words))
        console.say(f"Executing {source.path}", style="dim")

    return allow
