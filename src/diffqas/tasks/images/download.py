"""Downloads into the cache: mirrors in turn, checksums, and never a half-written file."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from diffqas.errors import DataError
from diffqas.tasks.images.sources import Source

TIMEOUT = 20.0
"""Seconds without an answer after which the next mirror is tried."""

CHUNK = 1 << 16


def cache_folder() -> Path:
    """The folder of downloaded files, the user's cache folder of this system."""
    import pooch

    return Path(pooch.os_cache("diffqas"))


def cached(source: Source, name: str) -> Path | None:
    """A file's path if the cache holds it undamaged, else None."""
    import pooch

    path = cache_folder() / source.folder / name
    if not path.is_file():
        return None
    genuine = pooch.file_hash(str(path), alg="md5") == source.md5[name]
    return path if genuine else None


def download(source: Source, names: Sequence[str]) -> dict[str, Path]:
    """Download files into the cache and return their paths by name.

    A damaged file in the cache is replaced.

    Raises:
        DataError: no mirror gave an undamaged file, or the cache cannot be written.
    """
    folder = cache_folder() / source.folder
    paths = {}
    for name in names:
        failures = _try_mirrors(source, name, folder)
        if failures is not None:
            left = ", ".join(names[names.index(name) :])
            where = f"put {left} into {folder}, or into a folder that --data-dir names"
            what = f"{name} of {source.title}"
            raise DataError(f"Cannot download {what} ({failures}); try again later, or {where}")
        paths[name] = folder / name
    return paths


def _try_mirrors(source: Source, name: str, folder: Path) -> str | None:
    """None after success, else why each mirror failed."""
    import requests

    failures = []
    for mirror in source.mirrors:
        try:
            _fetch(source, name, mirror, folder)
            return None
        except (requests.RequestException, ValueError) as error:
            failures.append(f"{urlsplit(mirror).netloc}: {_reason(error)}")
        except OSError as error:  # not of the network: the disk, which no other mirror mends
            remedy = "free some space or make it writable, or give the files with --data-dir"
            reason = error.strerror or "permission denied"
            raise DataError(f"Cannot write the cache {folder} ({reason}); {remedy}") from None
    return ", ".join(failures)


def _fetch(source: Source, name: str, mirror: str, folder: Path) -> None:
    import pooch

    with _quiet(pooch.get_logger()), ProgressBar(f"{source.title}: {name}") as bar:
        # Without `identity` some servers unpack the file on the way, and no checksum fits.
        options: dict[str, Any] = {"progressbar": bar, "headers": {"Accept-Encoding": "identity"}}
        downloader: Any = pooch.HTTPDownloader(chunk_size=CHUNK, timeout=TIMEOUT, **options)
        # It writes to a temporary file, compares the checksum, and moves the file into place.
        pooch.retrieve(
            mirror + name, f"md5:{source.md5[name]}", fname=name, path=folder, downloader=downloader
        )


def _reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"status {error.response.status_code}"
    # From the narrow to the wide: a connection may time out, and is both.
    if isinstance(error, requests.Timeout):
        return "no answer"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "cut off"
    if isinstance(error, requests.RequestException):
        return type(error).__name__
    # What is no error of the network is pooch's: the checksum does not fit.
    return "a damaged file"


class ProgressBar:
    """A bar on stderr, in the form that pooch calls; nothing where stderr is no terminal."""

    def __init__(self, label: str, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        columns = (TextColumn(label), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    @property
    def total(self) -> float | None:
        """Bytes to come, None if the server does not say."""
        return self._bar.tasks[0].total

    @total.setter
    def total(self, count: int) -> None:
        self._bar.update(self._task, total=count or None)

    def update(self, count: int) -> None:
        """So many bytes more have come."""
        self._bar.advance(self._task, count)

    def reset(self) -> None:
        """Back to no byte; pooch calls this at the end, then reports all bytes at once."""
        self._bar.update(self._task, completed=0)

    def close(self) -> None:
        """Called after the last byte; the bar stops when its context ends."""


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
