"""The parameters that can be tuned: options that declare the range in which they are tried."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

from diffqas.choices import Choice, Tuning, Unread, adjusted
from diffqas.errors import choose, require
from diffqas.kinds import QFWPKind, VQCKind
from diffqas.quantum_train import Rates, Recipe
from diffqas.searches.config import RunConfig
from diffqas.searches.options import (
    Option,
    family_of,
    names_of,
    options,
    refuse_unread,
    unread_in,
    value_of,
)
from diffqas.tasks import Settings

T = TypeVar("T")
Value: TypeAlias = float | str
"""What a parameter is set to: a number, or a word of an option that is one."""

NOTHING: Mapping[str, Unread] = MappingProxyType({})
"""Of a model that reads every option."""

KINDS = (VQCKind, QFWPKind)
"""Kinds of models that have ranges of their own."""

DIGITS = 3
"""Significant digits of a value that is tried: what the command prints is what was tried."""


@dataclass(frozen=True)
class Parameter:
    """A number or a word, of the settings or of the kind of model, that is tried.

    In the methods, `choices` is a dataclass that has the option somewhere inside: the settings, or
    all choices of a run.

    Attributes:
        name: the word of `diffqas tune --params`.
        option: the option; a parameter may be one number of a pair.
        range: the range in which it is tried.
    """

    name: str
    option: Option
    range: Tuning

    @property
    def flag(self) -> str:
        """The flag that sets it."""
        return self.option.flag

    @property
    def whole(self) -> bool:
        """Whether it is a whole number."""
        return self.option.annotation is int

    def used_by(self, choices: Choice) -> bool:
        """Whether the choices have it."""
        return value_of(choices, self.option) is not MISSING

    def get(self, choices: Choice) -> Value:
        """Its value in some choices."""
        value = value_of(choices, self.option)
        return value if self.range.entry is None else value[self.range.entry]

    def put(self, choices: T, value: Value) -> T:
        """The choices with another value."""
        if self.range.entry is None:
            return adjusted(choices, **{self.option.name: value})
        pair = list(value_of(choices, self.option))
        pair[self.range.entry] = value
        return adjusted(choices, **{self.option.name: tuple(pair)})

    def words(self, choices: Choice) -> Sequence[Value]:
        """What follows the flag: of a pair both numbers."""
        value = value_of(choices, self.option)
        return [value] if self.range.entry is None else value

    def distribution(self) -> Any:
        """The range as Optuna's."""
        from optuna.distributions import (
            CategoricalDistribution,
            FloatDistribution,
            IntDistribution,
        )

        if self.range.words:
            return CategoricalDistribution(self.range.words)
        low, high = self.range.low, self.range.high
        if self.whole:
            return IntDistribution(int(low), int(high))
        return FloatDistribution(low, high, log=self.range.log)

    def allows(self, value: object) -> bool:
        """Whether something is a value that may be tried, from a file say."""
        if self.range.words:
            return value in self.range.words
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return math.isfinite(value)

    def nearest(self, value: Value) -> Value:
        """A value, brought into the range."""
        if isinstance(value, str):
            return value
        return min(max(value, self.range.low), self.range.high)

    def rounded(self, value: Value) -> Value:
        """A value as it is tried.

        >>> PARAMETERS["lr"].rounded(0.0123456)
        0.0123
        """
        if isinstance(value, str):
            return value
        return int(value) if self.whole else float(f"{value:.{DIGITS}g}")


@cache
def _parameters() -> Mapping[str, Parameter]:
    """Every range that an option of the settings, or of a searched layer, declares."""
    own = names_of(Settings)
    return {
        name: Parameter(name, option, tuning)
        for option in options().values()
        if option.name in own or option.owners[0] in (Rates, Recipe, *KINDS)
        for tuning in option.declared.tuning
        for name in [tuning.name or option.name]
    }


PARAMETERS = _parameters()
"""By the words of `diffqas tune --params`; a filter's rates are deviations of its prior."""


def parameters_for(
    choices: Choice, names: Sequence[str] = (), unread: Mapping[str, Unread] = NOTHING
) -> dict[str, Parameter]:
    """The parameters to tune.

    Args:
        choices: what the trials start from: settings, or all choices of a run.
        names: words of `PARAMETERS`. If it is empty, all that the choices have, except those that
            are tried only if they are named.
        unread: the options without effect, as `ModelKind.unread` gives them.

    Raises:
        ArgumentError: a parameter is unknown, or the optimiser or the model does not use it.

    >>> from diffqas.tasks.series.task import SERIES_RECIPES
    >>> sorted(parameters_for(SERIES_RECIPES["paper"]))
    ['alpha', 'angles_rate', 'depth', 'lr', 'mapping_rate', 'spread', 'structure_rate']
    """
    for name in names:
        parameter = PARAMETERS[choose(name, PARAMETERS, "params")]
        found = family_of(parameter.option)
        kinds = [kind.name for kind in KINDS if kind in parameter.option.owners]
        owner, other = f"--model {' or '.join(kinds)}", "another model"
        if not kinds:
            owner = f"the optimizer {' or '.join(() if found is None else found[1])}"
            other = value_of(choices, options()["optimizer"])
        require(parameter.used_by(choices), "params", f"hold {name} with {owner} only", other)
        refuse_unread(unread, [parameter.option.name])
    used = {
        name: each
        for name, each in PARAMETERS.items()
        if each.used_by(choices) and unread_in(unread, each.option.name) is None
        if name in names or not each.range.asked
    }
    return {name: used[name] for name in (dict.fromkeys(names) if names else used)}


def variants(choices: RunConfig, names: Sequence[str]) -> list[RunConfig]:
    """Choices with each word, and each end of each range, that is tried only if it is named."""
    found = [choices]
    for name in dict.fromkeys(names):
        parameter = PARAMETERS.get(name)
        if parameter is None or not parameter.range.asked or not parameter.used_by(choices):
            continue
        tried = parameter.range.words or (parameter.range.low, parameter.range.high)
        found = [parameter.put(one, parameter.rounded(value)) for one in found for value in tried]
    return found


def never_read(choices: Sequence[RunConfig]) -> dict[str, Unread]:
    """What none of several choices reads."""
    each = [config.kind.unread(config.settings) for config in choices]
    return {name: said for name, said in each[0].items() if all(name in one for one in each)}


def applied(parameters: dict[str, Parameter], choices: T, values: Mapping[str, Value]) -> T:
    """Choices with the values of a trial."""
    for name, parameter in parameters.items():
        choices = parameter.put(choices, parameter.rounded(values[name]))
    return choices


def own_values(parameters: dict[str, Parameter], choices: Choice) -> dict[str, Value]:
    """What the choices have, brought into the ranges: the first trial."""
    return {name: each.nearest(each.get(choices)) for name, each in parameters.items()}


def words_of(
    parameters: dict[str, Parameter], choices: Choice, unread: Mapping[str, Unread] = NOTHING
) -> list[str]:
    """Words of `diffqas search` that set what was tuned, but for what nothing reads."""
    words: dict[str, list[str]] = {}
    for parameter in parameters.values():
        if unread_in(unread, parameter.option.name) is None:
            words[parameter.flag] = [shown(value) for value in parameter.words(choices)]
    return [word for flag, values in words.items() for word in (flag, *values)]


def shown(value: Value, form: str = "g") -> str:
    """A value for people and for the command line."""
    return value if isinstance(value, str) else f"{value:{form}}"
