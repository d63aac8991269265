"""Settings of agents whose policy and value are circuits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from diffqas.agents.environments import ENVIRONMENTS
from diffqas.agents.settings import AgentSettings
from diffqas.agents.task import AGENT_RECIPES, EnvironmentTask

DEPTH = 2
"""Layers behind each upload."""

QUANTUM_RECIPES: dict[str, AgentSettings] = {
    name: replace(settings, depth=DEPTH) for name, settings in AGENT_RECIPES.items()
}
"""Those of written networks, with fewer layers."""

CLASSIC = ("CartPole-v1", "Acrobot-v1", "MountainCar-v0")
"""Gymnasium's classic rooms with few observations and long episodes."""
CLASSIC_RECIPES: dict[str, AgentSettings] = {
    "paper": QUANTUM_RECIPES["paper"],
    # docs/agents.md says how it was chosen. There an action has effects for hundreds of steps, and
    # the observations have units of their own, with zero at rest.
    "default": replace(
        QUANTUM_RECIPES["default"],
        most_steps=200_000,
        gamma=0.99,
        entropy=0.01,
        decay=1_500,
        centre=False,
        shrink=1.0,
    ),
}


def quantum_recipes(task: EnvironmentTask) -> Mapping[str, AgentSettings]:
    """The settings of each recipe for agents whose networks are circuits, by its name."""
    identity = ENVIRONMENTS.get(task.name, task.name)
    return CLASSIC_RECIPES if identity in CLASSIC else QUANTUM_RECIPES
