"""The file that trials are kept in: Optuna's journal, one record a line, with a whole last line.

A process that is killed, or a disk that is full, may leave a part of a line at the end. Optuna
writes the next record behind it, and from then on reads the file no more. Here a part of a line is
cut off: at once where the process that wrote it can still do so, else when the file is opened.
"""

from __future__ import annotations

import io
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

from diffqas.errors import DataError, RunError
from diffqas.storage import (
    TEXT,
    WHOLE,
    Entries,
    append_lines,
    cut_back,
    parse_json,
    read_file,
    short,
)

FIRST = b'{"op_code":'
"""How every record begins, whole or torn."""

LARGEST = 1 << 30
"""Bytes that a journal may have; a trial of 100 epochs takes some ten thousand."""


class Journal(JournalFileBackend):
    """Optuna's journal in a file that ends with a whole record, whatever happens while writing.

    Args:
        path: the file; it is made if it is not there.

    Attributes:
        mended: what was done to a file whose last record was torn; empty if nothing was.

    Raises:
        DataError: the file holds something else, or is damaged before its end.
        RunError: it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = JournalFileSymlinkLock(str(path))
        self.mended = ""
        if path.exists():
            with self._alone():
                self._mend()
        try:
            super().__init__(str(path), self._turn)
        except OSError as error:
            raise RunError(f"Cannot write {path}: {short(error)}.") from None

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add records, all of them or none."""
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with self._alone():
            append_lines(self._path, lines.encode(), named=True)

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        """The records from one on."""
        try:
            yield from super().read_logs(log_number_from)
        except (OSError, ValueError) as error:
            raise DataError(f"Cannot read {self._path}: {short(error)}.") from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process writes meanwhile."""
        try:
            self._turn.acquire()
        except OSError as error:
            raise RunError(f"Cannot write {self._path}: {short(error)}.") from None
        try:
            yield
        finally:
            self._turn.release()

    def _mend(self) -> None:
        """Cut off a part of a record at the end, and refuse a file that is damaged elsewhere."""
        try:
            content = read_file(self._path, LARGEST, named=True)
        except OSError as error:
            raise RunError(f"Cannot read {self._path}: {short(error)}.") from None
        # By line feeds alone: what a crash has left may hold any other sign.
        lines = io.BytesIO(content).readlines()
        sound = _sound(lines)
        if sound == 0 and content and not (len(lines) == 1 and content.startswith(FIRST)):
            remedy = "Give another --storage."
            raise DataError(f"{self._path} is no journal of trials, or is damaged. {remedy}")
        if len(lines) - sound > 1:
            # Later records count trials: without this one they would be of others.
            remedy = f"Give another --storage, or keep its first {sound} lines alone."
            raise DataError(f"{self._path} is damaged in line {sound + 1}. {remedy}")
        if sound < len(lines):
            cut_back(self._path, sum(map(len, lines[:sound])))
            self.mended = f"{self._path} ended within a record: it was cut back to the one before."
        elif content and not content.endswith(b"\n"):
            append_lines(self._path, b"\n", named=True)


def _sound(lines: list[bytes]) -> int:
    """How many lines from the first on are records."""
    for number, line in enumerate(lines):
        try:
            record = parse_json(line)
        except ValueError:
            return number
        if not isinstance(record, dict) or not _is_record(Entries.of(record, "")):
            return number
    return len(lines)


def _is_record(entries: Entries) -> bool:
    try:
        entries.one("op_code", WHOLE)
        entries.one("worker_id", TEXT)
    except RunError:
        return False
    return True
