"""Lines of metrics.jsonl, read again: whole, in order and all of one form, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diffqas.errors import RunError, whole
from diffqas.storage.codec import Json
from diffqas.storage.files import parse_json, read_file

MAX_METRICS_BYTES = 2 << 30
"""The most that the file may hold; a long run of many seeds writes some hundred MiB."""

Form = tuple[Any, ...] | int | None
"""What a value looks like: 0 for a number, a tuple for a list, None for anything else."""


def read_records(path: Path) -> list[Json]:
    """The lines of a file up to the first that is damaged; none if there is no file.

    Line k must be an object of epoch k, or of k times what the first line says, whose other values
    are numbers, or lists of numbers, or lists of such lists, under the same names and in the same
    shapes as in the first line.

    Raises:
        RunError: the file cannot be read.
    """
    try:
        content = read_file(path, MAX_METRICS_BYTES)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"Cannot read {path}: {error.strerror}.") from None
    records: list[Json] = []
    wanted: dict[str, Form] = {}
    for number, line in enumerate(content.split(b"\n"), start=1):
        record = _record(line)
        if record is None:
            break
        # Of clients that are averaged now and then, a record comes after several epochs.
        step: Any = records[0]["epoch"] if records else record.get("epoch")
        if not whole(step) or record.get("epoch") != number * step:
            break
        form = {name: _form(value) for name, value in record.items()}
        if not records:
            wanted = form
        if form != wanted or any(_is_unknown(part) for part in form.values()):
            break
        records.append(record)
    return records


def last_record(path: Path, size: int) -> Json | None:
    """The last whole line among the last `size` bytes; None if there is none, or no file.

    For listings, which look at many runs whose files may be long.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        lines = read_file(path, last=size).splitlines()
    except FileNotFoundError:
        return None
    for line in reversed(lines):
        try:
            record = parse_json(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            return record
    return None


def _record(line: bytes) -> Json | None:
    """The object of one line; None if a crash cut it off, or if it is something else."""
    try:
        record = parse_json(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or "structural_weights" not in record:
        return None
    return record


def _form(value: Any) -> Form:
    """A number (or none) becomes 0, a list the tuple of its entries' forms, anything else None.

    >>> _form([[1.0, None], [2.0, 3]]), _form("a"), _form([True])
    (((0, 0), (0, 0)), None, (None,))
    """
    if isinstance(value, list):
        return tuple(_form(entry) for entry in value)
    if isinstance(value, bool):
        return None
    # Larger whole numbers fit into no array.
    if isinstance(value, int):
        return 0 if abs(value) < 2**63 else None
    return 0 if value is None or isinstance(value, float) else None


def _is_unknown(form: Form) -> bool:
    if isinstance(form, tuple):
        return any(_is_unknown(part) for part in form)
    return form is None
