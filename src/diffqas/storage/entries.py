"""The entries of a JSON object from a file, each checked when it is taken.

A file of a run may come from another version, from an editor or from a stranger. So every value
that is read from it is checked here, once. After that it has the type that its name promises. A
wrong value is reported in one line: the file, the place in it and what should be there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from diffqas.errors import RunError
from diffqas.storage.codec import JsonView

T = TypeVar("T")
U = TypeVar("U")
Number = TypeVar("Number", int, float)

LARGEST = 2**63
"""Whole numbers below it fit into the 64 bits of arrays."""

SHOWN = 60
"""Characters of a wrong value that a message shows."""


class Unfit(ValueError):
    """The error for a value that does not have its form; the message says what it should be."""

    def __init__(self, rule: str, value: object) -> None:
        super().__init__(f"should be {rule}, but is {repr(value)[:SHOWN]}")


@dataclass(frozen=True)
class Form(Generic[T]):
    """What an entry should be.

    Attributes:
        read: a function from a JSON value to the entry, which raises `Unfit` for a wrong value.
    """

    read: Callable[[object], T]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit("a text", value)
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Unfit("true or false", value)
    return value


def _whole(value: object) -> int:
    # Python takes true for 1; for the person who reads the file it is not a number.
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unfit("a whole number", value)
    if abs(value) >= LARGEST:
        raise Unfit("a whole number of at most 64 bits", value)
    return value


def _number(value: object) -> float:
    # JSON has one kind of number: 1 is as good as 1.0, and stays as it stands there.
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise Unfit("a number", value)
    if isinstance(value, int):
        return _whole(value)
    return value


def _finite(value: object) -> float:
    number = _number(value)
    if not math.isfinite(number):
        raise Unfit("a finite number", value)
    return number


def _at_least(form: Form[Number], least: int) -> Form[Number]:
    """The same form for numbers of at least `least`."""

    def read(value: object) -> Number:
        number = form.read(value)
        if number < least:
            raise Unfit(f"at least {least}", value)
        return number

    return Form(read)


TEXT = Form(_text)
FLAG = Form(_flag)
WHOLE = Form(_whole)
COUNT = _at_least(WHOLE, 0)
"""A whole number of at least 0."""
POSITIVE = _at_least(WHOLE, 1)
"""A whole number of at least 1."""
NUMBER = Form(_number)
"""A number. Where a seed's training diverged, it may be infinite or NaN."""
FINITE = Form(_finite)
DURATION = _at_least(FINITE, 0)
"""A finite number of at least 0."""


def or_null(form: Form[T]) -> Form[T | None]:
    """The same form, or null."""
    return Form(lambda value: None if value is None else form.read(value))


def list_of(form: Form[T]) -> Form[tuple[T, ...]]:
    """A list whose entries all have the given form, read as a tuple."""

    def read(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise Unfit("a list", value)
        return tuple(form.read(entry) for entry in value)

    return Form(read)


@dataclass(frozen=True)
class Entries:
    """A JSON object from a file, whose entries are checked when they are taken.

    The methods that take entries raise `RunError` for an entry that is missing or has another form.

    Attributes:
        content: the object.
        source: the file, for messages.
        place: the place of the object in the file, with a dot at the end; empty at the top.
    """

    content: JsonView
    source: str
    place: str = ""

    @classmethod
    def of(cls, content: JsonView, source: Path | str) -> Entries:
        """The entries of a whole file."""
        return cls(content, str(source))

    def one(self, name: str, form: Form[T]) -> T:
        """An entry that must be there."""
        self._there(name)
        return self._read(name, form)

    def perhaps(self, name: str, form: Form[T]) -> T | None:
        """An entry that may be null or missing."""
        return self._read(name, or_null(form))

    def many(self, name: str, form: Form[T]) -> tuple[T, ...]:
        """A list; empty if it is missing."""
        if name not in self.content:
            return ()
        return self._read(name, list_of(form))

    def inner(self, name: str) -> Entries:
        """An object."""
        return self._object(name, self._there(name))

    def perhaps_inner(self, name: str) -> Entries | None:
        """An object that may be null or missing."""
        return None if self.content.get(name) is None else self.inner(name)

    def rows(self, name: str) -> list[Entries]:
        """A list of objects."""
        value = self._there(name)
        if not isinstance(value, list):
            raise self.wrong(name, Unfit("a list", value))
        return [self._object(f"{name}.{index}", row) for index, row in enumerate(value)]

    def every(self, form: Form[T]) -> dict[str, T]:
        """All entries, each of one form."""
        return {name: self._read(name, form) for name in self.content}

    def by_seed(self, form: Form[T]) -> dict[int, T]:
        """All entries by their names, which are seeds: JSON has texts for keys."""
        found: dict[int, T] = {}
        for name in self.content:
            digits = name.removeprefix("-")
            if not (digits.isascii() and digits.isdecimal() and len(digits) < 20):
                raise self.wrong(name, Unfit("named by a seed", name))
            found[int(name)] = self._read(name, form)
        return found

    def fault(self, what: str) -> RunError:
        """An error about the file."""
        return RunError(f"Cannot use {self.source}: {what}.")

    def wrong(self, name: str, unfit: Unfit) -> RunError:
        """An error about one entry."""
        return self.fault(f"`{self.place}{name}` {unfit}")

    def _there(self, name: str) -> object:
        if name not in self.content:
            raise self.fault(f"it lacks `{self.place}{name}`")
        return self.content[name]

    def _read(self, name: str, form: Form[U]) -> U:
        try:
            return form.read(self.content.get(name))
        except Unfit as unfit:
            raise self.wrong(name, unfit) from None

    def _object(self, name: str, value: object) -> Entries:
        if not isinstance(value, Mapping):
            raise self.wrong(name, Unfit("an object", value))
        return Entries(value, self.source, f"{self.place}{name}.")
