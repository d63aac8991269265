"""The reward of an agent that has learned nothing."""

from __future__ import annotations

import numpy as np

from diffqas.agents.environments.arena import Place
from diffqas.agents.environments.gym import Environment
from diffqas.agents.environments.task import EnvironmentTask

EPISODES = 500


def random_policy(task: EnvironmentTask, episodes: int = EPISODES) -> float:
    """Mean reward of an agent that draws every action evenly."""
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
