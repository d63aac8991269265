"""Every option of a search, found where it is declared: the fields of the classes of choices.

Nothing is listed here by name. A field that `diffqas.choices.option` made, in one of the classes
below or in a class that one of their families offers, is an option of the command line, of
`diffqas.search`, of the command that repeats a run, of `diffqas tune` and `estimate`, and has its
line in the reference (docs/options.md).
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, is_dataclass, replace
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from diffqas.agents import AgentSettings
from diffqas.architecture import DeviceErrors, Shots
from diffqas.choices import Choice, Declaration, Place, Unread, Value, declared_fields, name_of
from diffqas.errors import ArgumentError
from diffqas.kinds import FixedLayersKind, QFWPKind, QLSTMKind, QuantumTrainKind, VQCKind
from diffqas.quantum_train import Rates, Recipe
from diffqas.searches.config import RunConfig
from diffqas.tasks import OwnSeries, Settings
from diffqas.training import Federated

ROOTS: Mapping[type, str] = {
    QuantumTrainKind: "circuits",
    FixedLayersKind: "circuits",
    QLSTMKind: "quantum LSTM",
    VQCKind: "quantum layer",
    QFWPKind: "fast weights",
    Shots: "device in training",
    DeviceErrors: "device in training",
    Recipe: "structure and mapping",
    Rates: "structure and mapping",
    Settings: "training",
    AgentSettings: "agents",
    Federated: "federated training",
    RunConfig: "data and run",
    OwnSeries: "series of your own",
}
"""Classes whose fields are options, and the group of the help in which they stand."""

NONE = "None"
"""What is typed for an option that may be left open."""


@dataclass(frozen=True, eq=False)
class Option:
    """One option.

    Attributes:
        name: the keyword in Python.
        owners: the classes that have the option, in the order in which they are met.
        fields: the field of each of these classes.
        declared: what the first of these fields declares.
        group: the group of the help.
    """

    name: str
    owners: tuple[type, ...]
    fields: tuple[Place, ...]
    declared: Declaration
    group: str

    @property
    def flag(self) -> str:
        """The flag of the option on the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def optional(self) -> bool:
        """Whether it may be left open, which is None in Python."""
        return types.NoneType in get_args(self.annotation)

    @property
    def annotation(self) -> Any:
        """The type of its values in Python; for a family, the words of its members."""
        if self.declared.family is not None:
            return Literal[tuple(self.declared.family())]
        if self.declared.among:
            return Literal[self.declared.among]
        return _hints(self.owners[0])[self.fields[0].name]

    @property
    def typed(self) -> Any:
        """The type of what is typed on the command line: as `annotation`, but never None."""
        hint = self.annotation
        if get_origin(hint) not in (Union, types.UnionType):
            return hint
        kept = [part for part in get_args(hint) if part is not types.NoneType]
        return Union[tuple(kept)]  # noqa: UP007 - made at run time

    def default(self) -> Value:
        """The default of its first owner; None if it is left open."""
        first = self.fields[0]
        if first.default is not MISSING:
            return first.default
        if first.default_factory is not MISSING:
            return first.default_factory()
        return None

    def owned_by(self, choice: Choice) -> Place | None:
        """The field of the option in a choice; None if the choice does not have it."""
        for owner, each in zip(self.owners, self.fields, strict=True):
            if isinstance(choice, owner):
                return each
        return None


@cache
def _hints(owner: type) -> Mapping[str, Any]:
    """The types of a class's fields; they stand there as texts, and reading them takes a while."""
    return get_type_hints(owner)


@cache
def options() -> Mapping[str, Option]:
    """Every option by its name, in the order of the help."""
    found: dict[str, Option] = {}
    for root, group in ROOTS.items():
        for owner, each, declared, where in _walk(root, group):
            name = name_of(each)
            known = found.get(name)
            if known is None:
                found[name] = Option(name, (owner,), (each,), declared, where)
            elif not issubclass(owner, known.owners):
                owners, fields = (*known.owners, owner), (*known.fields, each)
                shared = _either(known.declared, declared)
                found[name] = replace(known, owners=owners, fields=fields, declared=shared)
    return found


def _either(one: Declaration, other: Declaration) -> Declaration:
    """What may be typed for an option of two owners: the words of both; each checks its own."""
    if not one.among or not other.among:
        return one
    new = tuple(word for word in other.among if word not in one.among)
    return replace(one, among=(*one.among, *new))


def names_of(*roots: type) -> frozenset[str]:
    """The names of the options of some classes, including those of their families."""
    return frozenset(name_of(each) for root in roots for _, each, _, _ in _walk(root, ""))


def _walk(owner: type, group: str) -> Iterator[tuple[type, Place, Declaration, str]]:
    """The options of a class with their groups, those of a family behind the word that chooses."""
    for each, declared in declared_fields(owner):
        where = declared.group or group
        yield owner, each, declared, where
        if declared.family is not None:
            for member in declared.family().values():
                if is_dataclass(member):
                    yield from _walk(member, where)


def value_of(choice: Choice, option: Option) -> Value:
    """The value of an option somewhere inside a choice; MISSING if the choice does not have it.

    For a family it is the word of the member.
    """
    own = option.owned_by(choice)
    if own is not None:
        value = getattr(choice, own.name)
        return value if option.declared.family is None else word_of(option, value)
    for inner in vars(choice).values() if is_dataclass(choice) else ():
        if is_dataclass(inner):
            found = value_of(inner, option)
            if found is not MISSING:
                return found
    return MISSING


def word_of(option: Option, member: Value) -> str | None:
    """The word of a family for one of its members; None for an object that is no member."""
    assert option.declared.family is not None
    family = option.declared.family()
    return next((word for word, kind in family.items() if type(member) is kind), None)


def family_of(option: Option) -> tuple[Option, tuple[str, ...]] | None:
    """The family of an option's owners, with the words of the owners; None if there is none."""
    for family in options().values():
        if family.declared.family is None:
            continue
        members = family.declared.family()
        words = tuple(word for word, kind in members.items() if kind in option.owners)
        if words:
            return family, words
    return None


def words_for(flag: str, value: Value) -> list[str]:
    """The words that set the option of this flag on the command line."""
    if value is None:
        return [flag, NONE]
    if isinstance(value, bool):
        return [flag if value else flag.replace("--", "--no-", 1)]
    if isinstance(value, tuple):
        return [flag, *map(str, value)]
    return [flag, str(value)]


def refuse_foreign(settings: Choice, given: Iterable[str]) -> None:
    """Refuse options that belong to another member of a family than the chosen one.

    Raises:
        ArgumentError: there is such an option; the message names the members that have it.
    """
    for name in given:
        option = options()[name]
        if value_of(settings, option) is not MISSING:
            continue
        found = family_of(option)
        if found is None:
            continue
        family, words = found
        chosen = value_of(settings, family)
        if chosen is not MISSING:
            rule = f"Argument `{name}` must go with the {family.name} {' or '.join(words)}"
            raise ArgumentError(f"{rule}, but got {chosen}.")


def unread_in(unread: Mapping[str, Unread], name: str) -> Unread | None:
    """Why an option has no effect; None if it has.

    Args:
        unread: the options without effect, as `ModelKind.unread` gives them.
        name: the name of the option, or of another argument of a search, such as `candidates`.
    """
    if name in unread or name not in options():
        return unread.get(name)
    found = family_of(options()[name])
    return None if found is None else unread.get(found[0].name)


def refuse_unread(unread: Mapping[str, Unread], given: Iterable[str]) -> None:
    """Refuse options that were given and have no effect.

    Raises:
        ArgumentError: there is such an option; the message says what it goes with.
    """
    for name in given:
        why = unread_in(unread, name)
        if why is not None:
            raise ArgumentError(f"Argument `{name}` must {why.rule}, but got {why.found}.")
