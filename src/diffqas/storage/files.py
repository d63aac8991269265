"""Files that are either whole or not there, whatever happens to the process or the disk."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import torch

from diffqas.errors import DiffqasError, RunError
from diffqas.storage.seal import fault, seal


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the place, then move there: a reader sees the old file or the new one, nothing
    between.

    Raises:
        RunError: the disk is full or the folder cannot be written; the old file, if any, still
            stands.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            synchronise(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise RunError(
            f"Cannot write {path}: {error.strerror}. Free some space or choose another --output."
        ) from None
    except BaseException:  # Ctrl-C: the old file stands, and no rubbish beside it
        temporary.unlink(missing_ok=True)
        raise


def synchronise(descriptor: int) -> None:
    """Wait until a file's content is on the disk: a disk that is full says so here at the latest."""
    os.fsync(descriptor)


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON."""
    write_atomically(path, (json.dumps(value, indent=2) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        RunError: the file is missing, unreadable or no JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(
            f"There is no {path.name} in {path.parent}: it is not a run folder."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"Cannot read {path}: {_short(error)}.") from None
    if not isinstance(value, dict):
        raise RunError(f"Cannot read {path}: it holds no JSON object.")
    return value


def save_tensors(path: Path, state: dict[str, Any]) -> None:
    """Save tensors, numbers and plain containers with a checksum; `load_tensors` reads them, no
    object is unpickled.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomically(path, seal(buffer.getvalue()))


def load_tensors(path: Path, remedy: str = "Start again with --overwrite.") -> dict[str, Any]:
    """Load what `save_tensors` wrote.

    Raises:
        RunError: the file is damaged, or holds something else; the message ends with `remedy`.
    """
    try:
        content = path.read_bytes()
        damage = fault(content)
        state = None if damage else torch.load(io.BytesIO(content), weights_only=True)
    except Exception as error:
        damage, state = _short(error), None
    if damage is None and not isinstance(state, dict):
        damage = "it holds no state"
    if damage is not None:
        raise RunError(f"Cannot read {path}: it is damaged ({damage}). {remedy}")
    return cast("dict[str, Any]", state)


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Whatever goes wrong inside is the fault of a file's content: one line that names the file.

    For files that may come from somebody else, whose content no check foresees.

    Raises:
        RunError: anything but an error of this package was raised.
    """
    try:
        yield
    except DiffqasError:
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {_short(error)}"
        raise RunError(
            f"Cannot use {path}: it does not hold what this version of diffqas writes ({what})."
        ) from None


def write_through(path: Path, write: Callable[[io.BytesIO], None]) -> None:
    """Let `write` fill a buffer, then write that atomically."""
    buffer = io.BytesIO()
    write(buffer)
    write_atomically(path, buffer.getvalue())


def _short(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0].rstrip(".")[:120] if lines else type(error).__name__
