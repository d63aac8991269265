"""An environment as a task: the agent's networks, their settings, and figures to compare with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import nn

from diffqas.agents.arena import Place
from diffqas.agents.environments import ENVIRONMENTS, Environment, try_out
from diffqas.agents.networks import tanh_network
from diffqas.agents.settings import AgentSettings
from diffqas.architecture import Raw
from diffqas.errors import choose
from diffqas.quantum_train import RECIPES, DimensionScale, Rates, Recipe
from diffqas.tasks import Reference, Split, Task

AGENT_RECIPES: dict[str, AgentSettings] = {
    # arXiv 2505.09653, section V-C; what it leaves open as in the recipe of the other tasks.
    "paper": AgentSettings(RECIPES["paper"], algorithm="a3c", workers=16),
    # docs/agents.md says how it was chosen.
    "default": AgentSettings(
        Recipe(relaxation=Raw(0.4), scale=DimensionScale(16.0), rates=Rates(3.0, 3.0, 1.0)),
        lr=3e-3,
        clip=1.0,
        entropy=0.02,
        decay=5_000,
        floor=0.1,
        centre=True,
        shrink=0.6,
        bootstrap=True,
    ),
}

POLICY_HEAD = 0.2
"""Factor on the start of the policy's last layer: the first actions are nearly uniform."""


@dataclass(frozen=True, eq=False)
class EnvironmentTask:
    """Everything that a search needs to know about an environment.

    Attributes:
        name: the word for it on the command line.
        identity: the id of gymnasium.
        observations: the length of an observation.
        actions: the number of actions.
        policy, value: functions that make fresh networks.
        recipes: the settings of each recipe, by its name.
        references: figures that the mean reward is compared with.
        cut: the number of steps after which diffqas ends an episode; None if the environment has a
            limit of its own.
        device, dtype: where and in which precision the agents compute.
        kind: always `"environment"`.
    """

    name: str
    identity: str
    observations: int
    actions: int
    policy: Callable[[], nn.Module]
    value: Callable[[], nn.Module]
    recipes: Mapping[str, AgentSettings]
    references: Sequence[Reference] = ()
    cut: int | None = None
    device: torch.device | str = "cpu"
    dtype: torch.dtype = torch.float32
    kind: str = "environment"

    def settings(self, recipe: str) -> AgentSettings:
        """The settings of a recipe.

        Raises:
            ArgumentError: the task has no recipe of that name.
        """
        return self.recipes[choose(recipe, self.recipes, "recipe")]

    def checksum(self) -> None:
        """Return None, because an environment has no samples that could change."""

    def to(self, device: torch.device | str, dtype: torch.dtype) -> EnvironmentTask:
        """The same task for agents on another device or in another dtype."""
        return replace(self, device=device, dtype=dtype)

    def network(self, name: str) -> Task:
        """A task whose target is the policy or the value, with one observation of zeros."""
        target: Callable[[], nn.Module] = {"policy": self.policy, "value": self.value}[name]
        zeros = torch.zeros(1, self.observations, dtype=self.dtype, device=self.device)
        only = Split(zeros, zeros)
        loss = nn.functional.mse_loss
        return Task(f"{self.name}: {name}", only, only, target, loss, {"mse": loss}, {})


def environment_task(name: str) -> EnvironmentTask:
    """Make the task of an environment; policy and value have two hidden tanh layers of 32 units.

    Args:
        name: a key of `ENVIRONMENTS` or an id of gymnasium.

    Raises:
        DataError: gymnasium, or what the environment needs, is not installed; or the environment
            fails in a few random steps.
        ArgumentError: there is no such environment, or its observations or actions are of another
            kind.
    """
    environment = Environment(name)
    size, actions = environment.observations, environment.actions
    try:
        try_out(environment)
    finally:
        environment.close()
    return EnvironmentTask(
        name=name,
        identity=ENVIRONMENTS.get(name, name),
        observations=size,
        actions=actions,
        policy=partial(tanh_network, size, actions, head=POLICY_HEAD),
        value=partial(tanh_network, size, 1),
        recipes=AGENT_RECIPES,
        references=BEST.get(name, ()),
        cut=environment.cut,
    )


BEST = {
    "minigrid-empty-5x5": (Reference("best possible", 0.955, "5 steps of at most 100"),),
    "minigrid-empty-6x6": (Reference("best possible", 0.95625, "7 steps of at most 144"),),
}
"""1 - 0.9 * steps / most steps, by the environment's own rules."""


EPISODES = 500


def random_policy(task: EnvironmentTask, episodes: int = EPISODES) -> float:
    """The mean reward of an agent that draws all actions with equal probability."""
    place = Place(Environment(task.identity), seed=0, number=0)
    draw = np.random.default_rng(0)
    rewards = []
    for episode in range(episodes):
        place.begin(episode)
        over = False
        while not over:
            step = place.act(int(draw.integers(task.actions)))
            over = step.terminated or step.truncated
        rewards.append(place.reward)
    place.environment.close()
    return float(np.mean(rewards))
