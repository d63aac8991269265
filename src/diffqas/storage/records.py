"""Lines of metrics.jsonl as they are read again: whole, in order and all of one form, or not at
all.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from diffqas.errors import RunError, whole


def read_records(path: Path) -> list[dict[str, Any]]:
    """The lines of a file up to the first that is damaged; none if there is no file.

    Line k must be an object of epoch k, or of k times what the first line says, whose other values
    are numbers, or lists of numbers, or lists of such lists, under the same names and in the same
    shapes as in the first line.

    Raises:
        RunError: the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"Cannot read {path}: {error.strerror}.") from None
    records: list[dict[str, Any]] = []
    wanted: Any = None
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):  # cut off by a crash, or no text at all
            break
        if not isinstance(record, dict) or "structural_weights" not in record:
            break
        # Of clients that are averaged now and then, a record comes after several epochs.
        first: Any = records[0]["epoch"] if records else record.get("epoch")
        if not whole(first) or record.get("epoch") != number * first:
            break
        form = {name: _form(value) for name, value in record.items()}
        wanted = wanted or form
        if form != wanted or any(_unknown(part) for part in form.values()):
            break
        records.append(record)
    return records


def _form(value: Any) -> Any:
    """A number (or none) becomes 0, a list the tuple of its entries' forms, anything else None.

    >>> _form([[1.0, None], [2.0, 3]]), _form("a"), _form([True])
    (((0, 0), (0, 0)), None, (None,))
    """
    if isinstance(value, list):
        return tuple(map(_form, value))
    if value is None or isinstance(value, float):
        return 0
    return (
        0 if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None
    )


def _unknown(form: Any) -> bool:
    return any(map(_unknown, form)) if isinstance(form, tuple) else form is None
