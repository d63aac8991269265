"""Agents small enough for tests: circuits of two layers that write the networks of a task."""

from dataclasses import replace

import pytest
import torch

from diffqas.agents.actor_critic import Agents
from diffqas.agents.environments import AgentSettings, EnvironmentTask, environment_task
from diffqas.agents.environments.task import AGENT_RECIPES
from diffqas.studies import populations


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
