"""The settings of a run: those of its recipe, with what was asked for in place of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from diffqas.agents import AgentSettings, EnvironmentTask
from diffqas.architecture import Relaxation, as_relaxation
from diffqas.errors import ArgumentError, choose, require
from diffqas.kinds import ModelKind
from diffqas.tasks import OWNERS, Settings, Task


def settings_of(
    kind: ModelKind[Any, Any],
    task: Task | EnvironmentTask,
    recipe: str,
    relaxation: str | Relaxation | None,
    rates: Mapping[str, float | None],
    spread: float | None,
    changed: dict[str, Any],
) -> Settings | AgentSettings:
    """Those of the recipe, with what was given in place of its own."""
    recipes = kind.recipes(task)
    settings: Settings | AgentSettings = recipes[choose(recipe, recipes, "recipe")]
    given = {key: value for key, value in changed.items() if value is not None}
    known = {field.name for field in fields(settings)}
    for name in given.keys() - known:
        owner, found = (
            ("an environment", "data")
            if isinstance(settings, Settings)
            else ("a data set", "an environment")
        )
        raise ArgumentError(
            f"Argument `{name}` must be used with {owner}, but got {found} ({task.name})."
        )
    settings = replace(settings, **given)
    if isinstance(settings, Settings):
        if "optimizer" not in given:
            settings = kind.affordable(settings)
        for name in given.keys() & OWNERS.keys():
            rule = f"go with the optimizer {' or '.join(OWNERS[name])}"
            require(settings.optimizer in OWNERS[name], name, rule, settings.optimizer)
    if relaxation is not None:
        settings = replace(
            settings, recipe=replace(settings.recipe, relaxation=as_relaxation(relaxation))
        )
    own = {key: value for key, value in rates.items() if value is not None}
    if own:
        settings = replace(
            settings, recipe=replace(settings.recipe, rates=replace(settings.recipe.rates, **own))
        )
    if spread is not None:
        require(spread >= 0, "spread", "not be negative", spread)
        settings = replace(settings, recipe=replace(settings.recipe, spread=spread))
    return settings
