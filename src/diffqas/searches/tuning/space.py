"""What can be tuned: the options that declare a range to be tried in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from diffqas.choices import Tuning, Unread, adjusted
from diffqas.errors import choose, require
from diffqas.quantum_train import Rates, Recipe
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

NOTHING: Mapping[str, Unread] = MappingProxyType({})
"""Of a model that reads every option."""

DIGITS = 3
"""Significant digits of a value that is tried: what the command prints is what was tried."""


@dataclass(frozen=True)
class Parameter:
    """A number of the settings that is tried.

    Attributes:
        name: word of `diffqas tune --params`.
        option: that it is, or of whose pair it is one.
        range: in which it is tried.
    """

    name: str
    option: Option
    range: Tuning

    @property
    def flag(self) -> str:
        """What sets it."""
        return self.option.flag

    @property
    def whole(self) -> bool:
        """Whether it is a whole number."""
        return self.option.annotation is int

    def used_by(self, settings: Settings) -> bool:
        """Whether the settings have it."""
        return value_of(settings, self.option) is not MISSING

    def get(self, settings: Settings) -> float:
        """Its value in some settings."""
        value = value_of(settings, self.option)
        return value if self.range.entry is None else value[self.range.entry]

    def put(self, settings: Settings, value: float) -> Settings:
        """The settings with another value."""
        if self.range.entry is None:
            return adjusted(settings, **{self.option.name: value})
        pair = list(value_of(settings, self.option))
        pair[self.range.entry] = value
        return adjusted(settings, **{self.option.name: tuple(pair)})

    def words(self, settings: Settings) -> Sequence[float]:
        """What follows the flag: of a pair both numbers."""
        value = value_of(settings, self.option)
        return [value] if self.range.entry is None else value

    def distribution(self) -> Any:
        """The range as Optuna's."""
        from optuna.distributions import FloatDistribution, IntDistribution

        low, high = self.range.low, self.range.high
        if self.whole:
            return IntDistribution(int(low), int(high))
        return FloatDistribution(low, high, log=self.range.log)

    def rounded(self, value: float) -> float:
        """A value as it is tried.

        >>> PARAMETERS["lr"].rounded(0.0123456)
        0.0123
        """
        return int(value) if self.whole else float(f"{value:.{DIGITS}g}")


@cache
def _parameters() -> Mapping[str, Parameter]:
    """Every range that an option of the settings declares."""
    own = names_of(Settings)
    return {
        name: Parameter(name, option, tuning)
        for option in options().values()
        if option.name in own or option.owners[0] in (Rates, Recipe)
        for tuning in option.declared.tuning
        for name in [tuning.name or option.name]
    }


PARAMETERS = _parameters()
"""By the words of `diffqas tune --params`; a filter's rates are deviations of its prior."""


def parameters_for(
    settings: Settings, names: Sequence[str] = (), unread: Mapping[str, Unread] = NOTHING
) -> dict[str, Parameter]:
    """The parameters to tune.

    Args:
        settings: those that the trials start from.
        names: words of `PARAMETERS`; empty: all that the settings have.
        unread: options that nothing reads, as of `ModelKind.unread`.

    Raises:
        ArgumentError: an unknown parameter, or one that the optimiser or the model does not use.

    >>> from diffqas.tasks.series.task import SERIES_RECIPES
    >>> sorted(parameters_for(SERIES_RECIPES["paper"]))
    ['alpha', 'angles_rate', 'depth', 'lr', 'mapping_rate', 'spread', 'structure_rate']
    """
    for name in names:
        parameter = PARAMETERS[choose(name, PARAMETERS, "params")]
        found = family_of(parameter.option)
        owners = () if found is None else found[1]
        rule = f"hold {name} with the optimizer {' or '.join(owners)} only"
        require(parameter.used_by(settings), "params", rule, settings.optimizer.name)
        refuse_unread(unread, [parameter.option.name])
    used = {
        name: each
        for name, each in PARAMETERS.items()
        if each.used_by(settings) and unread_in(unread, each.option.name) is None
    }
    return {name: used[name] for name in (dict.fromkeys(names) if names else used)}


def applied(
    parameters: dict[str, Parameter], settings: Settings, values: dict[str, float]
) -> Settings:
    """Settings with the values of a trial."""
    for name, parameter in parameters.items():
        settings = parameter.put(settings, parameter.rounded(values[name]))
    return settings


def own_values(parameters: dict[str, Parameter], settings: Settings) -> dict[str, float]:
    """What the settings have, brought into the ranges: the first trial."""
    return {
        name: min(max(each.get(settings), each.range.low), each.range.high)
        for name, each in parameters.items()
    }


def words_of(parameters: dict[str, Parameter], settings: Settings) -> list[str]:
    """Words of `diffqas search` that set what was tuned."""
    words: dict[str, list[str]] = {}
    for parameter in parameters.values():
        words[parameter.flag] = [f"{value:g}" for value in parameter.words(settings)]
    return [word for flag, values in words.items() for word in (flag, *values)]
