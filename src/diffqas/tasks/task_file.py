"""A task of your own from a Python file, named as `FILE.py:NAME`."""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from diffqas.errors import ArgumentError, DataError, DiffqasError, require
from diffqas.storage import read_file, storable
from diffqas.tasks.task import Task

T = TypeVar("T")

TRACEBACK = "DIFFQAS_TRACEBACK"
"""Environment variable: set, errors in a task's file come with their whole traceback."""

LONGEST = 300
"""Characters of somebody else's error message that are kept."""


@storable
@dataclass(frozen=True)
class TaskSource:
    """The file from which a task came; all is None for a task that was passed in Python.

    Attributes:
        given: the words as typed, `FILE.py:NAME`.
        path: the absolute path of the file.
        name: the name of the task in the file.
        sha256: the SHA-256 checksum of the file's content.
    """

    given: str | None = None
    path: str | None = None
    name: str | None = None
    sha256: str | None = None

    @property
    def words(self) -> str:
        """The file and the name, whatever folder one is in."""
        return f"{self.path}:{self.name}"


def is_task_file(word: str) -> bool:
    """Whether a word names a Python file, with or without the name of a task in it.

    >>> is_task_file("heart/task.py:heart"), is_task_file("task.py")
    (True, True)
    >>> is_task_file("mnist"), is_task_file("my:Room-v0")
    (False, False)
    """
    return word.endswith(".py") or word.rpartition(":")[0].endswith(".py")


def load_task_file(
    word: str, allow: Callable[[TaskSource], None] | None = None
) -> tuple[Task, TaskSource]:
    """Execute a Python file and take a task from it.

    The name stands for a `Task`, or for a function without arguments that gives one.

    Args:
        word: `FILE.py:NAME`.
        allow: as in `load_from_file`.

    Returns:
        The task, and the file it comes from.

    Raises:
        ArgumentError: as in `load_from_file`.
        DataError: as in `load_from_file`.
    """
    return load_from_file(word, (Task,), "task", allow)


def load_from_file(
    word: str,
    kinds: tuple[type[T], ...],
    what: str,
    allow: Callable[[TaskSource], None] | None = None,
) -> tuple[T, TaskSource]:
    """Execute a Python file and take an object from it.

    If the object is a function without arguments, it is called, and its value is taken. The file
    can import modules from its own folder, as a script can. No cache is written there.

    Args:
        word: `FILE.py:NAME`.
        kinds: the classes that the object may have; messages name the first.
        what: the word for the object in messages, such as "task".
        allow: a function that is called with the source before it is executed. It raises an error
            if the file must not be executed.

    Returns:
        The object, and the file it comes from.

    Raises:
        ArgumentError: the word has another form.
        DataError: the file is missing, raises an error (the message names file, line and error), or
            holds no such object.
    """
    place, _, name = word.rpartition(":")
    rule = f"name a {what} in its file, as in {what}.py:NAME"
    require(place.endswith(".py") and name.isidentifier(), what, rule, repr(word))
    try:
        path = Path(place).expanduser().resolve()
        content = read_file(path)
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(f"Cannot read {place}: {_reason(error)}.") from None
    source = TaskSource(word, str(path), name, hashlib.sha256(content).hexdigest())
    if allow is not None:
        allow(source)
    with explained(source):
        found = _named(_executed(path, content), name, place, kinds, what)
        made = found() if callable(found) else found
    if not isinstance(made, kinds):
        got = f"a function that gives {_what(made)}" if callable(found) else _what(found)
        kind = kinds[0].__name__
        raise DataError(
            f"{place}: {name} must be a {kind} or a function without arguments that gives one, "
            f"but is {got}."
        )
    return made, source


@contextmanager
def explained(source: TaskSource | None) -> Iterator[None]:
    """Turn errors in a task's file into one line that names the file and the line in it.

    Errors of tasks that come from no file are not changed. If the environment variable
    DIFFQAS_TRACEBACK is set, no error is changed.

    Raises:
        DataError: in place of any error that is not diffqas's own.
    """
    if source is None or source.path is None or os.environ.get(TRACEBACK):
        yield
        return
    try:
        yield
    except (Exception, SystemExit) as error:
        line = _line(error, source.path)
        if line is None and isinstance(error, OSError) and error.filename is None:
            raise  # of what is printed meanwhile: a reader that has left, a full disk
        if isinstance(error, DiffqasError):
            if line is None:
                raise
            said = str(error)
        else:
            said = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")[:LONGEST]
        place = f"Training {source.words} failed" if line is None else f"{source.path}:{line}"
        raise DataError(f"{place}: {said} (the whole traceback: {TRACEBACK}=1)") from None


def _reason(error: Exception) -> str:
    """Why a file cannot be read: no such file, no home folder, or no name that a file can have."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)


def _line(error: BaseException, path: str) -> int | None:
    """The last line of the file that took part in an error; None: none did."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == path), None)


def _executed(path: Path, content: bytes) -> ModuleType:
    """The module that the content makes; what was read, and its checksum taken, is executed."""
    # A name by the path: two files called task.py can be loaded in one process.
    name = f"diffqas_task_{hashlib.sha256(bytes(path)).hexdigest()[:12]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses look their module up
    sys.path.insert(0, str(path.parent))
    try:
        exec(compile(content, str(path), "exec", dont_inherit=True), module.__dict__)
    finally:
        with suppress(ValueError):
            sys.path.remove(str(path.parent))
    return module


def _named(module: ModuleType, name: str, place: str, kinds: tuple[type, ...], what: str) -> object:
    names = vars(module)
    if name not in names:
        known = [key for key, value in names.items() if isinstance(value, kinds)]
        known += [key for key, value in names.items() if _makes(value, module.__name__)]
        listed = ", ".join(sorted(known)) or f"no {what}"
        raise ArgumentError(f"There is no {name} in {place}; it has {listed}.")
    found = names[name]
    if inspect.isfunction(found) and not _makes(found, found.__module__):
        parameters = ", ".join(inspect.signature(found).parameters)
        raise ArgumentError(
            f"{place}: the function {name} must need no arguments, but has {parameters}."
        )
    return found


def _makes(value: object, module: str) -> bool:
    """Whether a value is a function of a module that can be called without arguments."""
    if not inspect.isfunction(value) or value.__module__ != module:
        return False
    parameters = inspect.signature(value).parameters.values()
    return all(
        each.default is not each.empty or each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        for each in parameters
    )


def _what(value: object) -> str:
    return f"a {type(value).__name__}"
