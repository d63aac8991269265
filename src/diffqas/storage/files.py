"""Files that are either whole or not there, and the one place that writes and reads them.

What is written:
    A file comes into being under a random name beside its place, opened so that nothing is there
    already and no link is followed, and is moved to its place when it is whole and on the disk. A
    reader therefore sees the old file or the new one. What stands at the place may only be an
    ordinary file: a link, a device or a pipe is refused, for it was not made for this content.
    The folders on the way to the place may be links, as far as a person named them (`--output`).
    Below a folder that may come from somebody else, such as a run folder, none may be one:
    `make_folder(.., inside=..)` is how its subfolders are made and checked.
What is read:
    Only ordinary files of a size that a machine can hold, so that no pipe blocks the program and
    no device fills its memory. A link is followed only where a person named the file.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import secrets
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from diffqas.errors import DiffqasError, RunError
from diffqas.storage.codec import Json
from diffqas.text import csv_cell

MAX_BYTES = 16 << 30
"""The most that a file may hold, where nothing else is said: networks and checkpoints."""

MAX_JSON_BYTES = 256 << 20
"""The most that one JSON value may take: the figures of a run, or of a cell of a study."""

MAX_NESTING = 100
"""How deep JSON may be nested. What is written here is less than 20 deep; with some 900 levels,
functions that call themselves for each of them meet Python's limit."""

# Names that not every system has are 0 there: such a system has no such files either.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)


# Writing


def write_atomically(
    path: Path,
    content: bytes,
    remedy: str = "Free some space or choose another --output.",
    mode: int = 0o666,
) -> None:
    """Write a file as a whole: a reader sees the old file or the new one, nothing between.

    Args:
        path: where. A file that is there is replaced, unless it is a link or no ordinary file.
        content: all of its bytes.
        remedy: the end of the message if it cannot be written.
        mode: who may read and write it, as far as the umask allows.

    Raises:
        RunError: the disk is full, the folder cannot be written, or something else than an
            ordinary file is there; what was there still stands, and nothing lies beside it.
    """
    temporary = path.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        refuse_other_than_file(path)
        with os.fdopen(create_new(temporary, mode), "wb") as file:
            file.write(content)
            file.flush()
            # Before the move: after a power cut, a name that has moved may have lost its content.
            synchronise(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        _remove(temporary)
        raise RunError(f"Cannot write {path}: {error.strerror}. {remedy}") from None
    except BaseException:  # Ctrl-C: the old file stands, and no rubbish beside it
        _remove(temporary)
        raise
    _synchronise_folder(path.parent)


def write_through(path: Path, write: Callable[[io.BytesIO], None]) -> None:
    """Let `write` fill a buffer, then write that atomically."""
    buffer = io.BytesIO()
    write(buffer)
    write_atomically(path, buffer.getvalue())


def write_json(path: Path, value: object) -> None:
    """Write a value as indented JSON."""
    write_atomically(path, (json.dumps(value, indent=2) + "\n").encode())


def append_json(path: Path, value: object) -> None:
    """Add a value as one line of JSON to an ordinary file, which is made if it is not there.

    Raises:
        RunError: the line cannot be written, or the place is a link or no ordinary file.
    """
    append_lines(path, (json.dumps(value) + "\n").encode())


def append_lines(path: Path, content: bytes, *, named: bool = False) -> None:
    """Add whole lines to an ordinary file, which is made if it is not there: all of them or none.

    Args:
        path: the file.
        content: the lines.
        named: whether a person named this file: then a link is followed to it, and its content is
            on the disk when this returns.

    Raises:
        RunError: they cannot be written, or the place is a link or no ordinary file.
    """
    try:
        descriptor = open_to_append(path, named=named)
        try:
            _append(descriptor, content)
            if named:
                synchronise(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RunError(f"Cannot write {path}: {error.strerror}. Free some space.") from None


def _append(descriptor: int, content: bytes) -> None:
    """Write all of it, or take back the part that a full disk has taken.

    The next line would be written behind a part of a line, and both would be lost.
    """
    before = os.fstat(descriptor).st_size
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except BaseException:
        with suppress(OSError):
            os.ftruncate(descriptor, before)
        raise


def cut_back(path: Path, size: int) -> None:
    """Take away what stands behind the first `size` bytes of an ordinary file that a person named.

    Raises:
        RunError: it cannot be written.
    """
    try:
        descriptor = open_to_append(path, named=True)
        try:
            os.ftruncate(descriptor, size)
            synchronise(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RunError(f"Cannot write {path}: {error.strerror}.") from None


def make_folder(path: Path, inside: Path | None = None) -> None:
    """Make a folder and those above it, as far as they are not there.

    Args:
        path: the folder.
        inside: a folder above it, which may come from somebody else: no folder between the two,
            `path` itself included, may be a link that leads out of it.

    Raises:
        RunError: it cannot be made, or one of the folders is a link.
    """
    try:
        if inside is not None:
            _refuse_links(path, inside)
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"Cannot make the folder {path}: {error.strerror}.") from None


def csv_content(rows: Iterable[Sequence[object]]) -> str:
    r"""Rows as CSV; what holds a comma or a quotation mark is quoted, and no text is a formula.

    >>> csv_content([["name", "value"], ["a, b", 0.5], ["=1+1", -0.5]])
    'name,value\n"a, b",0.5\n\'=1+1,-0.5\n'
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([csv_cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def create_new(path: Path, mode: int = 0o666) -> int:
    """Open a new file for writing; an error if anything, be it a broken link, is there already."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY, mode)


def open_to_append(path: Path, *, named: bool = False) -> int:
    """Open an ordinary file for writing at its end; a pipe is an error and does not wait.

    A link is followed only if a person named the file.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_WAIT | _BINARY
    if not named:
        flags |= _NO_LINK
    descriptor = os.open(path, flags, 0o666)
    try:
        # Asked of what is open, not of the name, which could be given to something else meanwhile.
        _require_ordinary(os.fstat(descriptor))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def synchronise(descriptor: int) -> None:
    """Wait until a file's content is on the disk; a full disk raises here at the latest."""
    os.fsync(descriptor)


def is_linked(path: Path, inside: Path) -> bool:
    """Whether a path leads over a symbolic link somewhere below the folder `inside`.

    Raises:
        ValueError: the path does not lie in that folder.
    """
    place = inside
    for part in path.relative_to(inside).parts:
        place = place / part
        if place.is_symlink() or part == "..":
            return True
    return False


def refuse_other_than_file(path: Path) -> None:
    """Refuse a place that holds a link, a device, a pipe or a folder; an empty one is fine.

    Raises:
        OSError: its `strerror` says what is there.
    """
    try:
        _require_ordinary(path.lstat())
    except FileNotFoundError:
        return


def _refuse_links(path: Path, inside: Path) -> None:
    if is_linked(path, inside):
        raise OSError(errno.ELOOP, f"a symbolic link leads out of {inside}")


def _require_ordinary(status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "it is a symbolic link")
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no ordinary file")


def _remove(path: Path) -> None:
    """Remove what is left of a failed write, whose own error is the one to be told."""
    with suppress(OSError):
        os.unlink(path)


def _synchronise_folder(path: Path) -> None:
    """Have a new name on the disk, too, where the system can do that; the file itself is whole."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# Reading


def read_file(
    path: Path, limit: int = MAX_BYTES, *, named: bool = False, last: int | None = None
) -> bytes:
    """Read an ordinary file.

    Args:
        path: the file.
        limit: the most bytes that it may hold.
        named: whether a person named this file: only then a link is followed to it.
        last: read so many bytes from its end, of a file of any size; None reads all of it.

    Raises:
        OSError: there is none, it cannot be read, it is no ordinary file, or it is larger; its
            `strerror` says which.
    """
    link = 0 if named else _NO_LINK
    try:
        # Without waiting: of a pipe that nobody writes into, opening would never return.
        descriptor = os.open(path, os.O_RDONLY | _NO_WAIT | _BINARY | link)
    except OSError as error:
        # The system speaks of too many links, where one is too many.
        if error.errno == errno.ELOOP and not named:
            raise OSError(errno.ELOOP, "it is a symbolic link") from None
        raise
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        _require_ordinary(status)
        if last is not None:
            file.seek(max(0, status.st_size - last))
            return file.read(last)
        if status.st_size > limit:
            raise OSError(errno.EFBIG, f"it is larger than {limit >> 20} MiB")
        return file.read(status.st_size)


def read_json(path: Path) -> Json:
    """Read a JSON object.

    Raises:
        RunError: the file is missing, unreadable or no JSON object.
    """
    try:
        value = parse_json(read_file(path, MAX_JSON_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(_no_run_in(path)) from None
    except (OSError, ValueError) as error:
        raise RunError(f"Cannot read {path}: {short(error)}.") from None
    if not isinstance(value, dict):
        raise RunError(f"Cannot read {path}: it holds no JSON object.")
    return value


def _no_run_in(path: Path) -> str:
    """Why a file of a run folder is not there, and where run folders are."""
    if path.parent.is_dir():
        return (
            f"There is no {path.name} in {path.parent}: it is not a run folder. "
            "`diffqas runs FOLDER` lists those in a folder."
        )
    return f"There is no folder {path.parent}. `diffqas runs` lists the runs below runs/."


def parse_json(content: bytes | str) -> object:
    """The value of a JSON text in UTF-8; a byte order mark, as some editors write it, is read over.

    Raises:
        ValueError: it is none, it is nested deeper than any that is written here, an object in it
            has two entries of one name, or a text in it is none that can be written again.

    >>> parse_json("[" * 900 + "]" * 900)
    Traceback (most recent call last):
        ...
    ValueError: it is nested more than 100-fold
    >>> parse_json('{"lr": 1, "lr": 2}')
    Traceback (most recent call last):
        ...
    ValueError: it says 'lr' twice
    """
    text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
    if not text.strip():
        raise ValueError("it is empty")
    try:
        value = json.loads(text, object_pairs_hook=_named_once)
    except RecursionError:
        raise ValueError(f"it is nested more than {MAX_NESTING}-fold") from None
    if _is_deep(value):
        raise ValueError(f"it is nested more than {MAX_NESTING}-fold")
    if "\\ud" in text or "\\uD" in text:
        _refuse_half_characters(value)
    return value


def _named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose names differ: of two values, programs would take one or the other."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
    raise ValueError(f"it says {twice[:40]!r} twice")


def _refuse_half_characters(value: object) -> None:
    """JSON can write one half of a character; no file and no terminal takes such a text."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a text in it is no Unicode") from None


def _is_deep(value: object) -> bool:
    """Level by level and not by recursion, which would meet the limit that this guards."""
    level = [value]
    for _ in range(MAX_NESTING):
        below: list[object] = []
        for entry in level:
            below.extend(_containers(entry))
        if not below:
            return False
        level = below
    return True


def _containers(value: object) -> list[object]:
    parts: Iterable[object] = ()
    if isinstance(value, dict):
        parts = value.values()
    elif isinstance(value, list):
        parts = value
    return [part for part in parts if isinstance(part, (dict, list))]


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
        what = f"{type(error).__name__}: {short(error)}"
        raise RunError(
            f"Cannot use {path}: it does not hold what this version of diffqas writes ({what})."
        ) from None


def short(error: BaseException) -> str:
    """An error's own first line, without the full stop; of the system's errors what went wrong."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror
    lines = text.splitlines()
    if not lines:
        return type(error).__name__
    return lines[0].rstrip(".")[:120]
