"""What can be tuned: numbers of the settings, each with a range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from diffqas.errors import choose, require
from diffqas.tasks import OPTIMIZERS, OWNERS, Settings

DIGITS = 3
"""Significant digits of a value that is tried: what the command prints is what was tried."""


@dataclass(frozen=True)
class Parameter:
    """A number of the settings.

    Attributes:
        get: its value in some settings.
        put: (settings, value) -> settings with that value.
        low: least value.
        high: greatest value.
        log: drawn on a logarithmic scale.
        whole: a whole number.
        flag: option of `diffqas search` that sets it.
        words: what follows the option, from the settings.
        optimizers: those that use it.
    """

    get: Callable[[Settings], float]
    put: Callable[[Settings, Any], Settings]
    low: float
    high: float
    flag: str
    words: Callable[[Settings], Sequence[float]]
    log: bool = True
    whole: bool = False
    optimizers: Sequence[str] = OPTIMIZERS

    def distribution(self) -> Any:
        """The range as Optuna's."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.whole:
            return IntDistribution(int(self.low), int(self.high))
        return FloatDistribution(self.low, self.high, log=self.log)

    def rounded(self, value: float) -> float:
        """A value as it is tried.

        >>> PARAMETERS["lr"].rounded(0.0123456)
        0.0123
        """
        return int(value) if self.whole else float(f"{value:.{DIGITS}g}")


def _rate(name: str, low: float, high: float) -> Parameter:
    def get(settings: Settings) -> float:
        return getattr(settings.recipe.rates, name)

    def put(settings: Settings, value: float) -> Settings:
        rates = replace(settings.recipe.rates, **{name: value})
        return replace(settings, recipe=replace(settings.recipe, rates=rates))

    return Parameter(get, put, low, high, f"--{name}-rate", lambda settings: [get(settings)])


def _plain(name: str, low: float, high: float, **choices: Any) -> Parameter:
    def get(settings: Settings) -> float:
        return getattr(settings, name)

    def put(settings: Settings, value: float) -> Settings:
        return replace(settings, **{name: value})

    users = OWNERS.get(name, OPTIMIZERS)
    return Parameter(
        get, put, low, high, f"--{name}", lambda s: [get(s)], optimizers=users, **choices
    )


def _entry(field: str, index: int, low: float, high: float, **choices: Any) -> Parameter:
    """One of the two numbers of a pair; the option sets both."""

    def pair(settings: Settings) -> tuple[float, float]:
        return getattr(settings, field)

    def put(settings: Settings, value: float) -> Settings:
        changed = [value if place == index else old for place, old in enumerate(pair(settings))]
        return replace(settings, **{field: tuple(changed)})

    users = OWNERS.get(field, OPTIMIZERS)
    return Parameter(
        lambda s: pair(s)[index], put, low, high, f"--{field}", pair, optimizers=users, **choices
    )


def _put_spread(settings: Settings, value: float) -> Settings:
    return replace(settings, recipe=replace(settings.recipe, spread=value))


PARAMETERS: dict[str, Parameter] = {
    "lr": _plain("lr", 1e-4, 0.3),
    "angles_rate": _rate("angles", 0.1, 100.0),
    "structure_rate": _rate("structure", 0.1, 100.0),
    "mapping_rate": _rate("mapping", 0.1, 10.0),
    "depth": _plain("depth", 1, 20, log=False, whole=True),
    "spread": Parameter(
        lambda s: s.recipe.spread, _put_spread, 0.01, 3.0, "--spread", lambda s: [s.recipe.spread]
    ),
    "beta2": _entry("betas", 1, 0.9, 0.999, log=False),
    "alpha": _plain("alpha", 0.8, 0.999, log=False),
    "noise_start": _entry("noise", 0, 1.0, 1e4),
    "noise_end": _entry("noise", 1, 1e-5, 1e-1),
    "memory": _plain("memory", 1.0, 30.0),
}
"""By the words of `diffqas tune --params`. For the Kalman filter rates are deviations of its prior."""


def parameters_for(settings: Settings, names: Sequence[str] = ()) -> dict[str, Parameter]:
    """The parameters to tune.

    Args:
        settings: those that the trials start from.
        names: words of `PARAMETERS`; empty: all that the optimiser uses.

    Raises:
        ArgumentError: an unknown parameter, or one that the optimiser does not use.

    >>> from diffqas.tasks.series.task import SERIES_RECIPES
    >>> list(parameters_for(SERIES_RECIPES["paper"]))
    ['lr', 'angles_rate', 'structure_rate', 'mapping_rate', 'depth', 'spread', 'alpha']
    """
    for name in names:
        owners = PARAMETERS[choose(name, PARAMETERS, "params")].optimizers
        rule = f"hold {name} with the optimizer {' or '.join(owners)} only"
        require(settings.optimizer in owners, "params", rule, settings.optimizer)
    used = {k: p for k, p in PARAMETERS.items() if settings.optimizer in p.optimizers}
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
    return {name: min(max(p.get(settings), p.low), p.high) for name, p in parameters.items()}


def options(parameters: dict[str, Parameter], settings: Settings) -> list[str]:
    """Words of `diffqas search` that set what was tuned."""
    words: dict[str, list[str]] = {}
    for parameter in parameters.values():
        words[parameter.flag] = [f"{value:g}" for value in parameter.words(settings)]
    return [word for flag, values in words.items() for word in (flag, *values)]
