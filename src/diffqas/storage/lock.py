"""One process at a time: a lock of the operating system, which lets go of it when its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from diffqas.errors import RunError

LOCK = "run.lock"


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is made if it is not there.

    What counts is who holds the lock, not whether its file is there: one that a killed process has
    left locks nothing, except where a file system knows no locks.

    Raises:
        RunError: another process holds it, or the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(blocking=False)
    except Timeout:
        remedy = "Wait until that one ends, or give another --output."
        raise RunError(f"Another process is working on the run in {folder}. {remedy}") from None
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"Cannot make or lock the folder {folder}: {reason}.") from None
    try:
        yield
    finally:
        with suppress(
            OSError
        ):  # before it is released: afterwards it may be another process's; nobody waits for it
            (folder / LOCK).unlink()
        lock.release()
