"""Reading metrics.jsonl again; lines that are damaged are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from diffqas.errors import RunError, whole
from diffqas.storage.codec import Json
from diffqas.storage.entries import LARGEST
from diffqas.storage.files import parse_json, read_file, short

MAX_METRICS_BYTES = 2 << 30
"""The most bytes of the file; a long run of many seeds writes a few hundred MiB."""

Shape = tuple["Shape", ...] | int | None
"""What a value looks like: 0 for a number, a tuple for a list, None for anything else."""

Form = tuple[tuple[str, Shape], ...]
"""The names in a line, and what stands under each."""


def read_records(path: Path) -> list[Json]:
    """The sound lines of a file, by rising epoch; none if there is no file.

    A sound line is an object with the number of an epoch. Its other values are numbers, lists of
    numbers or lists of such lists, with the same names and shapes as in most lines. If several
    lines belong to one epoch, the last one counts: a run that was continued has written it later.

    Raises:
        RunError: the file cannot be read.
    """
    try:
        content = read_file(path, MAX_METRICS_BYTES)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"Cannot read {path}: {short(error)}.") from None
    found = []
    for line in content.split(b"\n"):
        record = _record(line)
        if record is not None:
            found.append(record)
    # Not the form of the first line: that one may be the damaged one.
    forms = Counter(form for _, form in found)
    usual = max(forms, key=forms.__getitem__, default=())
    by_epoch: dict[int, Json] = {}
    for record, form in found:
        if form == usual:
            by_epoch[record["epoch"]] = record
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]


def missing_epochs(records: Sequence[Json], until: int, step: int = 1) -> list[range]:
    """The epochs up to `until` that no record covers, in unbroken ranges.

    A record covers `step` epochs. In federated training these are the local epochs of a round.

    >>> missing_epochs([{"epoch": 2}, {"epoch": 3}, {"epoch": 6}], 7)
    [range(1, 2), range(4, 6), range(7, 8)]
    >>> missing_epochs([{"epoch": 5}, {"epoch": 15}], 15, step=5)
    [range(6, 11)]
    """
    epochs = [record["epoch"] for record in records if record["epoch"] <= until]
    gaps = []
    expected = 1
    for epoch in epochs:
        gaps.append(range(expected, epoch - step + 1))
        expected = epoch + 1
    gaps.append(range(expected, until + 1))
    return [gap for gap in gaps if gap]


def in_words(gaps: Sequence[range]) -> str:
    """Ranges of epochs in words.

    >>> in_words([range(1, 2), range(4, 6)])
    '1, 4 to 5'
    """
    words = [str(gap[0]) if len(gap) == 1 else f"{gap[0]} to {gap[-1]}" for gap in gaps]
    return ", ".join(words)


def last_record(path: Path, size: int) -> Json | None:
    """The last sound line among the last `size` bytes; None if there is none, or no file.

    It is for listings, which look at many runs, whose files may be long.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        lines = read_file(path, last=size).split(b"\n")
    except FileNotFoundError:
        return None
    for line in reversed(lines):
        found = _record(line)
        if found is not None:
            return found[0]
    return None


def _record(line: bytes) -> tuple[Json, Form] | None:
    """The object of one line and its form; None if it is cut off, or something else."""
    try:
        record = parse_json(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or "structural_weights" not in record:
        return None
    if not whole(record.get("epoch")) or record["epoch"] >= LARGEST:
        return None
    form = tuple((name, _shape(part)) for name, part in record.items())
    if any(_is_unknown(shape) for _, shape in form):
        return None
    return record, form


def _shape(value: object) -> Shape:
    """A number (or none) becomes 0, a list the tuple of its entries' shapes, anything else None.

    >>> _shape([[1.0, None], [2.0, 3]]), _shape("a"), _shape([True])
    (((0, 0), (0, 0)), None, (None,))
    """
    if isinstance(value, list):
        return tuple(_shape(entry) for entry in value)
    if isinstance(value, bool):
        return None
    # Larger whole numbers fit into no array.
    if isinstance(value, int):
        return 0 if abs(value) < LARGEST else None
    return 0 if value is None or isinstance(value, float) else None


def _is_unknown(shape: Shape) -> bool:
    if isinstance(shape, tuple):
        return any(_is_unknown(part) for part in shape)
    return shape is None
