"""The errors that a user of the library can meet, and the checks that raise them.

Every message is one line that names the argument, the rule and the value that was given.
The command line prints that line and exits with code 2; nothing else is shown.
"""

from __future__ import annotations

import difflib
import math
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from diffqas.text import visible

LONGEST = 2_000
"""The most characters of a message. No message of the package itself is as long."""


class DiffqasError(Exception):
    r"""Base of all errors raised on purpose: the message is meant for the user, in one line.

    Characters from a file or an argument that would break the line are written out, and a message
    of more than `LONGEST` characters is cut in the middle.

    >>> print(DataError("unknown word '\x0b'"))
    unknown word '\x0b'
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(_shortened(visible(message)))


def _shortened(line: str) -> str:
    """A line of at most `LONGEST` characters: a file from elsewhere may hold a name of a megabyte.

    Beginning and end are kept: the beginning says what is wrong, the end what to do about it.
    """
    if len(line) <= LONGEST:
        return line
    return f"{line[: LONGEST - 300]} ... {line[-295:]}"


class ArgumentError(DiffqasError, ValueError):
    """An argument breaks a rule. The message names the argument, the rule and the value."""


class DataError(DiffqasError, ValueError):
    """A data file or series cannot be used.

    The message names the file, the place and the remedy.
    """


class RunError(DiffqasError, RuntimeError):
    """A run cannot start, go on or be shown. The message names the folder and the remedy."""


def require(condition: bool, argument: str, rule: str, got: object) -> None:
    """Raise `ArgumentError` unless `condition` holds.

    Args:
        condition: what must be true.
        argument: the name of the argument.
        rule: what the argument must do or be, to stand behind the word "must".
        got: the value that was given.

    Raises:
        ArgumentError: `condition` is false.

    >>> require(0 >= 1, "depth", "be at least 1", 0)
    Traceback (most recent call last):
        ...
    diffqas.errors.ArgumentError: Argument `depth` must be at least 1, but got 0.
    """
    if not condition:
        # An integer of NumPy is none of Python's, and looks like one where it is printed.
        shown = repr(got) if type(got).__module__ == "numpy" else got
        raise ArgumentError(f"Argument `{argument}` must {rule}, but got {shown}.")


def path_of(value: object, argument: str) -> Path:
    """The `Path` that a caller's argument stands for.

    Raises:
        ArgumentError: the value is neither a text nor a path.

    >>> path_of(3, "folder")
    Traceback (most recent call last):
        ...
    diffqas.errors.ArgumentError: Argument `folder` must be a path, but got 3.
    """
    if isinstance(value, (str, os.PathLike)):
        found = os.fspath(value)
        if isinstance(found, str):
            return Path(found)
    raise ArgumentError(f"Argument `{argument}` must be a path, but got {value!r}.")


def whole(value: object, least: int = 1) -> bool:
    """Whether a value is an `int` of at least `least`; True and False do not count.

    >>> whole(2), whole(2.0), whole(True), whole(0)
    (True, False, False, False)
    """
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def finite(value: object) -> bool:
    """Whether a value is a finite number within double precision; True and False do not count.

    >>> finite(2), finite(0.5), finite(True), finite(float("nan")), finite(10**400)
    (True, True, False, False, False)
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    # An integer is not converted: beyond the largest float the conversion would fail.
    return abs(value) <= sys.float_info.max


def as_number(value: object) -> float:
    """A value, or the one entry of a tensor or array, as a Python float; NaN if it is no number.

    Texts and truth values are no numbers here, though Python makes floats of them. The function is
    for arguments whose types nobody has checked: `require(finite(as_number(lr)), ...)`.

    >>> as_number(2), as_number("2"), as_number(True), as_number([1.0]), as_number(10**400)
    (2.0, nan, nan, nan, nan)
    """
    if isinstance(value, (str, bytes, bool)):
        return math.nan
    try:
        return float(value)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return math.nan


def positive(value: object) -> bool:
    """Whether a value, or the one entry of a tensor or array, is a finite number above 0.

    >>> positive(0.5), positive(0), positive("1"), positive(float("inf"))
    (True, False, False, False)
    """
    number = as_number(value)
    return finite(number) and number > 0


def choose(name: str, options: Iterable[str], argument: str) -> str:
    """Return `name` if it is one of `options`, else raise an error that suggests the nearest one.

    Args:
        name: the word that was given.
        options: the words that are allowed.
        argument: the name of the argument, for the message.

    Raises:
        ArgumentError: `name` is none of them.

    >>> choose("besel", ["bessel", "shm"], "task")
    Traceback (most recent call last):
        ...
    diffqas.errors.ArgumentError: Argument `task` must be one of bessel, shm, but got 'besel' (did
    you mean 'bessel'?).
    """
    known = list(options)
    if name in known:
        return name
    near = difflib.get_close_matches(str(name), known, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise ArgumentError(
        f"Argument `{argument}` must be one of {', '.join(known)}, but got {name!r}{hint}."
    )
