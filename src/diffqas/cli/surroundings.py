"""What a terminal, a pipe or a full disk does to a program that prints."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from diffqas.text import REPLACING, visible

FAILED, UNREAD = 2, 1
"""Exit codes after output that could not be written, and after a reader that has left."""

UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""How writing fails: no space, a quota, a size limit, a broken device, a stream that is closed."""


def prepare() -> None:
    """Make the program independent of what the shell that started it was made for."""
    # The pictures are files, for which no window is needed. The variable often names a backend of
    # a notebook, which need not be installed here, and matplotlib cannot be imported then.
    if "MPLBACKEND" in os.environ:
        os.environ["MPLBACKEND"] = "agg"
    # A stream that was closed: else the first file that is opened would take its place.
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - as long as the program runs
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # Of another class is the stream of a program around this one.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=REPLACING)


@contextmanager
def output() -> Iterator[None]:
    """All that is printed inside has reached its place at the end; if not, the program ends.

    A reader that has left, such as `head`, is no error to be told. A full disk is one: whoever
    reads the file later must not take its beginning for the whole.

    Raises:
        SystemExit: standard output cannot be written.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        if not _reader_gone():
            raise
        _forget_output()
        sys.exit(UNREAD)
    except OSError as error:
        # Files are written by `storage` alone, whose errors are told by name: what has none is
        # standard output.
        if error.filename is not None or error.errno not in UNWRITABLE:
            raise
        _forget_output()
        complain(f"Cannot write to standard output: {error.strerror}.")
        sys.exit(FAILED)


def complain(message: str) -> None:
    """Print a line to standard error, the program's name in front."""
    from rich.text import Text

    from diffqas.reports import Terminal

    # One line, also in a terminal: scripts and people look for it as a whole.
    line = Text.assemble(("diffqas:", "bold red"), f" {visible(message)}")
    with suppress(OSError):  # nothing is left to tell it to
        Terminal(stderr=True).print(line, soft_wrap=True)


def _reader_gone() -> bool:
    """Whether nobody reads what is printed; other pipes of the program may break, too."""
    ends = select.poll()
    ends.register(sys.stdout, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in ends.poll(0))


def _forget_output() -> None:
    """Send the rest to nowhere: Python itself would write once more at its end."""
    with suppress(OSError, ValueError), open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
