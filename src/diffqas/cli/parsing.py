"""The words after a command, read into an object of its class; errors are told in one line.

tyro reads the words and prints the help. It would draw a frame of several lines around an error;
here the same is said in one sentence. This uses public means of tyro only: a rule of our own says
how a command's class is read, and tyro returns the words that no option knows.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import functools
import inspect
import io
import textwrap
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

import tyro
from tyro.constructors import (
    ConstructorRegistry,
    PrimitiveConstructorSpec,
    PrimitiveTypeInfo,
    StructConstructorSpec,
    StructFieldSpec,
    StructTypeInfo,
)

from diffqas.choices import Place, Value
from diffqas.errors import ArgumentError

Command = TypeVar("Command")
Hint: TypeAlias = Any
"""A type as it is written beside a field: a class, a union, or one of them with notes."""
UNSAID = ("None", "True", "False", "")
"""Defaults that the help does not print: its sentence says what happens."""


class UnreadableWords(Exception):
    """Words that are no value of their option; unlike a ValueError it passes through tyro."""


@dataclass(frozen=True)
class Option:
    """An argument of a command, as the messages name it."""

    name: str
    """`--epochs`, or `DATASET` if it is known by its place."""
    values: int | None
    """How many words it takes; None if any number."""
    required: bool


def parse(command: type[Command], name: str, words: Sequence[str]) -> Command:
    """Read the words behind `diffqas NAME`.

    Args:
        command: the class of the command, a dataclass.
        name: the command's name.
        words: what was typed behind it.

    Raises:
        ArgumentError: a word that is unknown, missing or no value of its option.
        SystemExit: after `--help`.
    """
    options: list[Option] = []
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            found, unknown = tyro.cli(
                command,
                prog=f"diffqas {name}",
                description=inspect.getdoc(command),
                args=words,
                return_unknown_args=True,
                config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff),
                registry=_registry(options),
            )
    except UnreadableWords as error:
        raise _refusal(name, str(error)) from None
    except SystemExit as end:
        if not end.code:
            raise
        # Of all that tyro refuses by itself, only words that are not there are left.
        raise _refusal(name, _missing(words, options)) from None
    if unknown:
        raise _refusal(name, _unknown(unknown, options))
    return found


def _refusal(name: str, cause: str) -> ArgumentError:
    return ArgumentError(f"{cause} See `diffqas {name} --help`.")


def _missing(words: Sequence[str], options: Sequence[Option]) -> str:
    """Tell which option has fewer words behind it than it takes, or which argument is not there."""
    takes = {option.name: option.values for option in options}
    bare = 0  # words that belong to no option
    for word, given in _runs(words):
        wanted = takes.get(word.replace("_", "-"), 0)
        if wanted is None:  # any number
            continue
        if len(given) < wanted:
            count = "a value" if wanted == 1 else f"{wanted} values"
            return f"{word} takes {count}, but got {len(given) or 'none'}."
        bare += len(given) - wanted
    required = [option.name for option in options if option.required]
    left = required[bare:] or required
    return f"{' and '.join(left)} {'is' if len(left) == 1 else 'are'} missing."


def _runs(words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Each option with the words behind it; those before the first one have "".

    >>> _runs(["runs/iris", "--lr", "0.1", "new.csv"])
    [('', ['runs/iris']), ('--lr', ['0.1', 'new.csv'])]
    """
    runs: list[tuple[str, list[str]]] = [("", [])]
    for word in words:
        if _is_value(word):
            runs[-1][1].append(word)
        else:
            runs.append((word, []))
    return runs


def _is_value(word: str) -> bool:
    """Whether a word is no option; `-1` is a number.

    >>> _is_value("-1e-3"), _is_value("--lr"), _is_value("bessel")
    (True, False, True)
    """
    return not (word.startswith("-") and word.lstrip("-")[:1].isalpha())


def _unknown(words: Sequence[str], options: Sequence[Option]) -> str:
    cause = f"Unrecognized options: {', '.join(words)}."
    names = [option.name for option in options if option.name.startswith("--")]
    for word in words:
        near = difflib.get_close_matches(word, names, n=1) if word.startswith("--") else []
        if near:
            return f"{cause} Perhaps you meant {near[0]}."
    return cause


def _registry(options: list[Option]) -> ConstructorRegistry:
    """How tyro reads our dataclasses; the options that it meets are added to the list."""
    registry = ConstructorRegistry()

    @registry.struct_rule
    def dataclass_rule(info: StructTypeInfo) -> StructConstructorSpec | None:
        if not is_dataclass(info.type):
            return None
        types = get_type_hints(info.type, include_extras=True)
        helps = field_docstrings(info.type)
        read = []
        for field in fields(info.type):
            if not field.init:
                continue
            default = _default(field, info.default)
            option, annotation = _option(field.name, types[field.name], default)
            if option is not None:
                options.append(option)
            help_text = helps.get(field.name)
            read.append(StructFieldSpec(field.name, annotation, default, help_text))
        return StructConstructorSpec(info.type, tuple(read))

    return registry


def _default(field: Place, parent: object) -> Value:
    """The default of a field: that of the object in which it lies, else its own."""
    if is_dataclass(parent):
        return getattr(parent, field.name)
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    return tyro.MISSING


def _option(name: str, annotation: Hint, default: Value) -> tuple[Option | None, Hint]:
    """A field as an option, and its type with a reader of our own; None for a field of fields."""
    plain, notes = _parts(annotation)
    word = _word(name, notes)
    if plain is bool:
        switch = f"--no-{word.removeprefix('--')}" if default is True else word
        return Option(switch, 0, False), _with_hint(annotation)
    spec = ConstructorRegistry.get_primitive_spec(PrimitiveTypeInfo.make(plain, set()))
    if not isinstance(spec, PrimitiveConstructorSpec):
        return None, annotation
    reader = _reader(word, plain)
    if not word.startswith("-"):
        reader = replace(reader, metavar=word)
    count = reader.nargs if isinstance(reader.nargs, int) else None
    option = Option(word, count, required=default is tyro.MISSING and count is not None)
    return option, _with_hint(Annotated[annotation, reader])


def _parts(annotation: Hint) -> tuple[Hint, tuple[object, ...]]:
    """A type, and what Annotated notes beside it.

    >>> _parts(Annotated[int | None, "a note"])
    (int | None, ('a note',))
    """
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    plain, *notes = get_args(annotation)
    return plain, tuple(notes)


def _word(name: str, notes: Sequence[object]) -> str:
    """How an argument is called: `--hidden-size`, or `DATASET` if it is known by its place."""
    if tyro.conf.Positional not in notes:
        return f"--{name.replace('_', '-')}"
    for note in notes:
        metavar = getattr(note, "metavar", None)
        if metavar is not None:
            return metavar
    return name.upper()


def _with_hint(annotation: Hint) -> Hint:
    """The type with what the help says of the default."""
    return Annotated[annotation, tyro.conf.arg(help_behavior_hint=_default_hint)]


def _default_hint(default: str) -> str:
    """What the help says of a default: nothing where the option's sentence says what happens."""
    return "" if default in UNSAID else f"(default: {default})"


def _reader(word: str, plain: Hint) -> PrimitiveConstructorSpec[Value]:
    """How the words behind an option become its value, by the rules of tyro.

    An option that may be left out is shown as what it takes, `INT`. The word `None` stands for
    leaving it out.
    """
    inner = _given(plain)
    spec = ConstructorRegistry.get_primitive_spec(PrimitiveTypeInfo.make(inner, set()))
    assert isinstance(spec, PrimitiveConstructorSpec)

    def read(words: list[str]) -> Value:
        if inner is not plain and words == ["None"]:
            return None
        for each in words:
            if "\0" in each:
                raise UnreadableWords(f"{word} takes no text with a null byte, such as {each!r}.")
            if spec.choices is not None and each not in spec.choices:
                raise UnreadableWords(_wrong_choice(word, each, spec.choices))
        try:
            return spec.instance_from_str(words)
        except ValueError:
            came = ", ".join(map(repr, words))
            raise UnreadableWords(f"{word} takes {spec.metavar}, not {came}.") from None

    def written(value: Value) -> list[str]:
        return ["None"] if value is None else spec.str_from_instance(value)

    # Without `choices`, tyro leaves it to `read` to refuse a word.
    return replace(spec, instance_from_str=read, str_from_instance=written, choices=None)


def _given(plain: Hint) -> Hint:
    """The type of an option that is given.

    >>> _given(int | None), _given(int)
    (<class 'int'>, <class 'int'>)
    """
    members = [member for member in get_args(plain) if member is not NoneType]
    optional = get_origin(plain) in (Union, UnionType) and len(members) == 1
    return members[0] if optional else plain


def _wrong_choice(word: str, came: str, choices: Sequence[str]) -> str:
    """What is told of a word that is none of those that an option knows."""
    near = difflib.get_close_matches(came, choices, n=1)
    hint = f" Perhaps you meant {near[0]!r}." if near else ""
    return f"{word}: invalid choice {came!r}, it is one of {', '.join(map(repr, choices))}.{hint}"


def field_docstrings(command: type) -> dict[str, str]:
    """The sentences below the fields of a class and of its bases, each as one line."""
    found: dict[str, str] = {}
    for each in reversed(command.__mro__):
        found |= _own_docstrings(each)
    return found


@functools.cache
def _own_docstrings(command: type) -> dict[str, str]:
    """The same, of the class alone."""
    try:
        source = inspect.getsource(command)
    except (OSError, TypeError):
        # `object` has no source. Nor has what `make_dataclass` has made, in whatever module Python
        # says that it lies (in the caller's from 3.12 on): its fields bring their help along.
        return {}
    (definition,) = ast.parse(textwrap.dedent(source)).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in pairwise(definition.body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as text)),
            ):
                found[name] = " ".join(text.split())
    return found
