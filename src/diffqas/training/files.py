"""Files that are either whole or not there, whatever happens to the process or the disk."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from diffqas.errors import RunError


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the place, then move there: a reader sees the old file or the new one, nothing between.

    Raises:
        RunError: the disk is full or the folder cannot be written; the old file, if any, still stands.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RunError(f"Cannot write {path}: {error.strerror}. Free some space or choose another --output.") from None


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
        raise RunError(f"There is no {path.name} in {path.parent}: it is not a run folder.") from None
    except (OSError, ValueError) as error:
        raise RunError(f"Cannot read {path}: {_short(error)}.") from None
    if not isinstance(value, dict):
        raise RunError(f"Cannot read {path}: it holds no JSON object.")
    return value


def save_tensors(path: Path, state: dict[str, Any]) -> None:
    """Save tensors, numbers and plain containers; `load_tensors` reads them without unpickling objects."""
    write_through(path, lambda buffer: torch.save(state, buffer))


def load_tensors(path: Path) -> dict[str, Any]:
    """Load what `save_tensors` wrote.

    Raises:
        RunError: the file is damaged.
    """
    try:
        return torch.load(path, weights_only=True)
    except Exception as error:
        raise RunError(f"Cannot read {path}: it is damaged ({_short(error)}). Start again with --overwrite.") from None


def write_through(path: Path, write: Callable[[io.BytesIO], None]) -> None:
    """Let `write` fill a buffer, then write that atomically."""
    buffer = io.BytesIO()
    write(buffer)
    write_atomically(path, buffer.getvalue())


def _short(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0].rstrip(".")[:120] if lines else type(error).__name__
