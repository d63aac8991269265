"""How a choice is declared: once, in the frozen dataclass that it belongs to.

A field made by `option` holds everything that any part of the program says about that option: its
default, its text for `--help` and the reference page, its allowed range, its flag, and the range in
which `diffqas tune` tries it. Every place that lists options (the command line, `diffqas.search`,
the command that repeats a run, the reference) reads these fields and has no list of its own.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import wraps
from numbers import Integral, Real
from pathlib import PurePath
from typing import Any, TypeAlias, TypeVar

from diffqas.errors import ArgumentError, choose, require

KEY = "option"
"""The key under which the metadata of a field hold its `Declaration`."""

LARGEST = 1e30
"""The largest number that any option takes, as float32 ends at 3.4e38."""

MOST = 10**9
"""The largest count that any option takes: no machine would finish with more of anything."""

Value: TypeAlias = Any
"""What an option is set to: a number, a word, a tuple of them, None, or an object of a family."""
Choice: TypeAlias = Any
"""A frozen dataclass whose fields are options, or one that holds such dataclasses."""
Place: TypeAlias = dataclasses.Field[Any]
"""Where an option stands: a field of a dataclass."""

ONE_BOUND = {"at least 0": "not be negative", "above 0": "be positive"}
"""Ranges that have a shorter name where they have no other end."""

LEFT_OPEN: Value = object()
"""Stands for a value of None, such as no limit, where None itself means that no value was given."""

T = TypeVar("T")


@dataclass(frozen=True)
class Tuning:
    """The range in which `diffqas tune` tries a number.

    Attributes:
        low: least value.
        high: greatest value.
        log: whether the number is drawn on a logarithmic scale.
        entry: the index of the number that is tuned, if the option is a pair of numbers; None: the
            option is one number.
        name: the name for `diffqas tune --params`; empty: the option's own name.
        asked: whether the option is tried only if `--params` names it.
        words: the words that are tried instead of a range, if the option is a word.
    """

    low: float = 0.0
    high: float = 0.0
    log: bool = True
    entry: int | None = None
    name: str = ""
    asked: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declaration:
    """What is declared about an option besides its name, its type and its default.

    Attributes:
        help: the text for `--help` and the reference: what the option decides.
        least: the smallest value that is allowed.
        above: a number that every value must exceed.
        most: the largest value that is allowed.
        below: a number that every value must stay under.
        rule: the range in words, to stand behind "must"; empty: words made from the bounds above.
        among: the words that are allowed.
        family: a function that returns the classes to choose from, by their words.
        keeps: whether the word of the member that is set already keeps its settings; if not, the
            word stands for that member with its defaults.
        flag: the name on the command line and of the keyword in Python, if it differs from the
            name of the field.
        group: the group in `--help`, if it is not that of the class.
        tuning: how `diffqas tune` tries the option.
    """

    help: str
    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None
    rule: str = ""
    among: tuple[str, ...] = ()
    family: Callable[[], Mapping[str, type]] | None = None
    keeps: bool = False
    flag: str = ""
    group: str = ""
    tuning: tuple[Tuning, ...] = ()

    def in_words(self) -> str:
        """The range in words, to stand behind "must"."""
        if self.rule:
            return self.rule
        bounds = {
            "at least": self.least,
            "above": self.above,
            "at most": self.most,
            "below": self.below,
        }
        given = [f"{words} {bound:g}" for words, bound in bounds.items() if bound is not None]
        if not given:
            return "be a finite number"
        if len(given) == 1:
            return ONE_BOUND.get(given[0], f"be {given[0]}")
        return f"be {' and '.join(given)}"

    def allows(self, number: float) -> bool:
        """Whether a number lies in the range."""
        return (
            math.isfinite(number)
            and abs(number) <= LARGEST
            and (self.least is None or number >= self.least)
            and (self.above is None or number > self.above)
            and (self.most is None or number <= self.most)
            and (self.below is None or number < self.below)
        )


@dataclass(frozen=True)
class Unread:
    """Why an option has no effect beside the other choices.

    Attributes:
        rule: what the option needs, to stand behind "must".
        found: what was chosen instead.
    """

    rule: str
    found: str


def option(
    default: Value = dataclasses.MISSING,
    help: str = "",
    *,
    factory: Callable[[], Value] | None = None,
    tune: Tuning | tuple[Tuning, ...] = (),
    **declared: Value,
) -> Any:
    """Declare a field of a dataclass as an option.

    Args:
        default: the value if none is given. Without default and factory a value must be given.
        help: the text for `--help` and the reference: what the option decides.
        factory: makes the default, where that is not a plain value.
        tune: how `diffqas tune` tries the option.
        declared: the other attributes of `Declaration`.
    """
    tuning = (tune,) if isinstance(tune, Tuning) else tune
    metadata = {KEY: Declaration(help, tuning=tuning, **declared)}
    if factory is not None:
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


def declaration(of: Place) -> Declaration | None:
    """What is declared about a field; None for a field that is no option."""
    return of.metadata.get(KEY)


def name_of(of: Place) -> str:
    """An option's name in Python: its flag if it has one, else the name of the field."""
    declared = declaration(of)
    return of.name if declared is None or not declared.flag else declared.flag


def declared_fields(choice: Choice) -> Iterator[tuple[Place, Declaration]]:
    """The options of a dataclass, given as an object or as its class, in their order."""
    for each in fields(choice):
        declared = declaration(each)
        if declared is not None:
            yield each, declared


def check(choice: Choice) -> None:
    """Refuse values outside of what their fields declare; to be called by `__post_init__`.

    None and the objects of a family are not checked.

    Raises:
        ArgumentError: a value breaks the rule of its field; the message names the option.

    >>> @dataclass(frozen=True)
    ... class Step:
    ...     lr: float = option(0.1, "Learning rate.", above=0)
    ...     def __post_init__(self):
    ...         check(self)
    >>> Step(lr=float("nan"))
    Traceback (most recent call last):
        ...
    diffqas.errors.ArgumentError: Argument `lr` must be positive, but got nan.
    """
    for each, declared in declared_fields(choice):
        check_value(each, declared, getattr(choice, each.name))


def check_value(each: Place, declared: Declaration, value: Value) -> None:
    """Refuse a value that an option cannot have, as `check` does.

    Args:
        each: the field of the option.
        declared: what is declared about it.
        value: the value.

    Raises:
        ArgumentError: the value breaks the rule of the option.
    """
    name = name_of(each)
    if value is None or declared.family is not None or is_dataclass(value):
        return
    if declared.among:
        if declared.rule:
            require(value in declared.among, name, declared.rule, value)
        choose(value, declared.among, name)
        return
    kind = each.type if isinstance(each.type, str) else each.type.__name__
    if kind.startswith("bool"):
        require(isinstance(value, bool), name, "be True or False", repr(value))
    elif kind.startswith("str"):
        # No system has a file whose name holds a NUL.
        fits = isinstance(value, str | PurePath) and "\0" not in str(value)
        require(fits, name, "be a text without NUL characters", repr(value))
    elif kind.startswith("tuple[str"):
        texts = isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)
        require(texts and len(value) > 0, name, "be one text or several", repr(value))
    elif kind.startswith("tuple"):
        _check_numbers(kind, name, declared, value)
    elif kind.startswith(("int", "float")):
        _check_number(value, kind.startswith("int"), name, declared, value)


def _check_numbers(kind: str, name: str, declared: Declaration, value: Value) -> None:
    """Refuse what is no row of numbers in their range: a pair, or of any length but none."""
    whole = kind.startswith("tuple[int")
    numbers = [value] if whole and isinstance(value, int) else value
    pair = not kind.startswith(("tuple[int, ...", "tuple[float, ..."))
    rule = declared.rule or ("be two numbers" if pair else "be one number or several")
    fits = isinstance(numbers, list | tuple)
    require(fits and (len(numbers) == 2 if pair else len(numbers) > 0), name, rule, repr(value))
    for number in numbers:
        _check_number(number, whole, name, declared, value)


def _check_number(
    number: Value, whole: bool, name: str, declared: Declaration, value: Value
) -> None:
    """Refuse a number outside of its range, and what is no number where one belongs."""
    # Numbers of numpy are allowed as well, and True is not a number here.
    kind = Integral if whole else Real
    fits = isinstance(number, kind) and not isinstance(number, bool)
    if not fits:
        raise ArgumentError(f"Argument `{name}` must {declared.in_words()}, but got {value!r}.")
    largest = MOST if whole else LARGEST
    # An integer may be larger than any float: it is compared before it is made one.
    if isinstance(number, int):
        require(number <= largest, name, f"be at most {largest:g}", value)
        require(number >= -largest, name, declared.in_words(), value)
    number = _plain(number, whole)
    require(not math.isinf(number), name, "be a finite number", value)
    small = not math.isfinite(number) or abs(number) <= largest
    require(small, name, f"be at most {largest:g}", value)
    require(declared.allows(number), name, declared.in_words(), value)
    if isinstance(value, int) and not whole:
        # torch computes with Python's floats of any size, but with integers of 64 bits only.
        require(abs(value) < 2**63, name, f"be written as a float, {number:g}", value)


def _plain(number: Value, whole: bool) -> float:
    """Python's own number."""
    return int(number) if whole else float(number)


def accept_old_names(cls: type[object], names: Mapping[str, str]) -> None:
    """Let a dataclass take keywords by the names that they had in an earlier version.

    An old name works and gives a `DeprecationWarning`.

    Args:
        cls: the dataclass; its `__init__` is replaced.
        names: the new name of each old name.
    """
    init = cls.__init__

    def accepting(self: Choice, *arguments: Value, **named: Value) -> None:
        for old, new in names.items():
            if old in named:
                line = f"{cls.__name__}({old}=...) is deprecated: it is called {new}."
                warnings.warn(line, DeprecationWarning, stacklevel=2)
                named[new] = named.pop(old)
        init(self, *arguments, **named)

    cls.__init__ = wraps(init)(accepting)


def renamed(values: Mapping[str, Value], names: Mapping[str, str]) -> dict[str, Value]:
    """Stored fields under the names of this version.

    Args:
        values: the stored values by their names, old or new.
        names: the new name of each old name.

    >>> renamed({"spread": 1.0, "bits": "signed"}, {"spread": "init_std"})
    {'init_std': 1.0, 'bits': 'signed'}
    """
    return {names.get(name, name): value for name, value in values.items()}


def adjusted(choice: T, /, **values: Value) -> T:
    """A copy of a choice in which some options or fields, at any depth, have other values.

    A word for a family (`optimizer="adam"`) is set first, so that options of the new member can be
    given in the same call.

    Args:
        choice: a frozen dataclass whose fields may be such dataclasses themselves.
        values: the new values by the names of the options.

    Raises:
        ArgumentError: nothing inside the choice declares the option, or a value breaks its rule.

    >>> from diffqas.quantum_train import Recipe
    >>> adjusted(Recipe(), relaxation="softmax", temperature=0.5).relaxation
    Softmax(temperature=0.5)
    """
    families = {name for name, declared in _declared(choice).items() if declared.family}
    first = {name: value for name, value in values.items() if name in families}
    changed = _replaced(choice, first)
    rest = {name: value for name, value in values.items() if name not in families}
    known = _declared(changed)
    for name in rest:
        if name not in known:
            raise ArgumentError(f"Argument `{name}` is no option of {type(choice).__name__}.")
    return _replaced(changed, rest)


def _declared(choice: Choice) -> dict[str, Declaration]:
    """Every field inside a choice by its name, with what is declared of it."""
    found = {}
    for each in fields(choice):
        found[name_of(each)] = declaration(each) or Declaration("")
        value = getattr(choice, each.name)
        if is_dataclass(value):
            found |= _declared(value)
    return found


def _already(declared: Declaration, inner: Value, value: Value) -> bool:
    """Whether a word names the member of a family that is set already, whose settings then stay."""
    if declared.family is None or not declared.keeps or not isinstance(value, str):
        return False
    return type(inner) is declared.family().get(value)


def _replaced(choice: Choice, values: Mapping[str, Value]) -> Choice:
    """A choice with these values where it, or what is inside of it, declares them."""
    changes = {}
    for each in fields(choice):
        inner, declared = getattr(choice, each.name), declaration(each)
        if name_of(each) in values:
            value = values[name_of(each)]
            if declared is None or not _already(declared, inner, value):
                changes[each.name] = value
        elif is_dataclass(inner):
            new = _replaced(inner, values)
            if new != inner:
                changes[each.name] = new
    return replace(choice, **changes) if changes else choice
