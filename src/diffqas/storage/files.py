"""Files that are either whole or not there, and the one place that writes and reads them.

What is written:
    A new file gets a random name in the same folder. It is opened in such a way that no existing
    file is overwritten and no link is followed. When it is complete and on the disk, it is moved to
    its place, so that a reader sees the old file or the new one. Only an ordinary file may be
    replaced: a link, a device or a pipe is refused, as it was not made for this content.
    The folders on the way may be links if a person named them (`--output`). Below a folder that may
    come from somebody else, such as a run folder, no folder may be a link. Its subfolders are made
    and checked by `make_folder(.., inside=..)`.
What is read:
    Only ordinary files of a size that a machine can hold are read, so that no pipe blocks the
    program and no device fills its memory. A link is followed only where a person named the file.
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
"""The most bytes that a file may hold by default: networks and checkpoints are large."""

MAX_JSON_BYTES = 256 << 20
"""The most bytes of one JSON value: the figures of a run, or of a cell of a study."""

MAX_NESTING = 100
"""The deepest nesting of JSON that is read. Files of this package have fewer than 20 levels; with
about 900, functions that call themselves for each level meet Python's limit."""

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
        path: the place of the file. An ordinary file there is replaced; anything else is refused.
        content: all bytes of the file.
        remedy: the end of the message if the file cannot be written.
        mode: the permissions of the file, as far as the umask allows them.

    Raises:
        RunError: the disk is full, the folder cannot be written, or something other than an
            ordinary file is there. An old file is then unchanged, and no temporary file is left.
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
    """Let `write` fill a buffer, and write its content as `write_atomically` does.

    Raises:
        RunError: as in `write_atomically`.
    """
    buffer = io.BytesIO()
    write(buffer)
    write_atomically(path, buffer.getvalue())


def write_json(path: Path, value: object) -> None:
    """Write a value as indented JSON, as `write_atomically` does.

    Raises:
        RunError: as in `write_atomically`.
    """
    write_atomically(path, (json.dumps(value, indent=2) + "\n").encode())


def append_json(path: Path, value: object) -> None:
    """Add a value as one line of JSON to an ordinary file, which is made if it does not exist.

    Raises:
        RunError: the line cannot be written, or the place is a link or no ordinary file.
    """
    append_lines(path, (json.dumps(value) + "\n").encode())


def append_lines(path: Path, content: bytes, *, named: bool = False) -> None:
    """Add all of some lines, or none, to an ordinary file, which is made if it does not exist.

    Args:
        path: the file.
        content: the lines.
        named: whether a person named this file. If so, a link to it is followed, and the lines are
            on the disk when the function returns.

    Raises:
        RunError: the lines cannot be written, or the place is a link or no ordinary file.
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
    """Write all of the content, or remove the part that was written before an error.

    Otherwise the next line would follow a part of a line, and both would be lost.
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
    """Cut an ordinary file that a person named after its first `size` bytes.

    Raises:
        RunError: the file cannot be written.
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
    """Make a folder and those above it, if they do not exist.

    Args:
        path: the folder.
        inside: a folder above it, which may come from somebody else. No folder below it on the way
            to `path`, and not `path` itself, may then be a link.

    Raises:
        RunError: the folder cannot be made, or one of the folders below `inside` is a link.
    """
    try:
        if inside is not None:
            _refuse_links(path, inside)
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"Cannot make the folder {path}: {error.strerror}.") from None


def csv_content(rows: Iterable[Sequence[object]]) -> str:
    r"""Rows as CSV, in which cells are quoted where needed and no text is a formula.

    >>> csv_content([["name", "value"], ["a, b", 0.5], ["=1+1", -0.5]])
    'name,value\n"a, b",0.5\n\'=1+1,-0.5\n'
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([csv_cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def create_new(path: Path, mode: int = 0o666) -> int:
    """Open a new file for writing; anything already there, even a broken link, is an error."""
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
        # The open file is asked, not its name, which could stand for something else by now.
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
        limit: the most bytes that the file may hold.
        named: whether a person named this file; only then a link to it is followed.
        last: the number of bytes to read from the end of a file, which may then be of any size;
            None reads the whole file.

    Raises:
        OSError: the file does not exist, cannot be read, is no ordinary file, or is larger than
            `limit`; the `strerror` says which.
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
    """Read a JSON object from a file.

    Raises:
        RunError: the file is missing or cannot be read, or it holds no JSON object.
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
    """The value of a JSON text in UTF-8; a byte order mark, as some editors write it, is ignored.

    Raises:
        ValueError: the text is no JSON, it is nested more than `MAX_NESTING` levels deep, an object
            in it has two entries of one name, or it holds a half of a Unicode character.

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
    """An object, whose names must differ: of two values, each program might take another one."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
    raise ValueError(f"it says {twice[:40]!r} twice")


def _refuse_half_characters(value: object) -> None:
    """Refuse a text with half a character, which JSON allows, but no file and no terminal takes."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a text in it is no Unicode") from None


def _is_deep(value: object) -> bool:
    """Whether a value is nested too deeply.

    It is searched level by level: a recursion would meet the very limit that is guarded here.
    """
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
    """Turn any error inside the block into a `RunError` of one line that names the file.

    It is for files that may come from somebody else, whose content no check foresees. Errors of
    this package pass unchanged.

    Raises:
        RunError: an error of another kind was raised inside the block.
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
    """The first line of an error's message, without the full stop and at most 120 characters long.

    For an error of the operating system it is the reason alone.
    """
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror
    lines = text.splitlines()
    if not lines:
        return type(error).__name__
    return lines[0].rstrip(".")[:120]
