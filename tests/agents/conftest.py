"""Agents and environments small enough for tests."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import gymnasium
import pytest
import torch

from diffqas.agents.networks import Agents
from diffqas.agents.settings import AgentSettings
from diffqas.agents.task import AGENT_RECIPES, EnvironmentTask, environment_task
from diffqas.studies import populations

_NUMBERS = count()


@pytest.fixture(scope="session")
def settings() -> AgentSettings:
    return replace(
        AGENT_RECIPES["default"], depth=2, workers=3, steps=10, episodes=1_000, decay=200
    )


@pytest.fixture(scope="session")
def cartpole() -> EnvironmentTask:
    """Its agents compute in float64."""
    return environment_task("cartpole").to("cpu", torch.float64)


@pytest.fixture(scope="session")
def make_agents():
    """Agents of a task, one per seed."""

    def make(task: EnvironmentTask, settings: AgentSettings, seeds: list[int]) -> Agents:
        policy = populations.search(task.network("policy"), settings, seeds)
        value = populations.search(
            task.network("value"), settings, [seed + 2**20 for seed in seeds]
        )
        return Agents(
            policy, value, len(seeds), task.observations, settings.centre, settings.shrink
        )

    return make


@pytest.fixture
def registered() -> Iterator[Callable[..., str]]:
    """Registers what makes an environment, and gives its id."""
    ids = []

    def register(make: Callable[..., gymnasium.Env], **options: object) -> str:
        ids.append(f"Tests{next(_NUMBERS)}-v0")
        gymnasium.register(ids[-1], entry_point=make, **options)
        return ids[-1]

    yield register
    for one in ids:
        del gymnasium.registry[one]
