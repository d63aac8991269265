"""What agents reach when the circuits that write their policies are measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor

from diffqas.agents import STEPS, Agent, Environment, Place, choose_actions
from diffqas.quantum_train import Lockstep, QuantumTrain
from diffqas.runs.noise.writing import written

EPISODES = 20
"""Episodes of every network that is scored."""


class EpisodeScorer:
    """Mean reward and share of successes of agents, for any mixed probabilities of their policies.

    Actions are drawn, as in training. Episodes and draws are the same for every agent and every
    call, so that only the networks differ.

    Args:
        agents: one agent per seed; they differ in their numbers only.
        name: the name of the environment.
        episodes: how many episodes each agent plays.
    """

    part = ""
    metrics: tuple[str, ...] = ("reward", "success")

    def __init__(self, agents: Sequence[Agent], name: str, episodes: int = EPISODES) -> None:
        self.population = Lockstep([cast("QuantumTrain", agent.policy) for agent in agents]).eval()
        self.mean = torch.stack([agent.mean for agent in agents]).unsqueeze(1)
        self.shrink = agents[0].shrink
        self.notes = (
            f"Rewards are means of {episodes} episodes with actions drawn; "
            "the value's circuits play no part.",
        )
        self.places = [
            [Place(Environment(name), 0, number) for number in range(episodes)] for _ in agents
        ]

    @torch.no_grad()
    def __call__(self, mixed: Sequence[Tensor]) -> dict[str, list[float]]:
        """Figures by metric, one per agent; `mixed` holds (2**n,) for each."""
        tensors = written(self.population, mixed)
        draw = np.random.default_rng(0)
        for place in self._all():
            place.begin(0)
        active = np.ones((len(self.places), len(self.places[0])), bool)
        for _ in range(STEPS):
            if not active.any():
                break
            actions = self._actions(tensors, torch.from_numpy(draw.random(active.shape[1])))
            for row, column in zip(*active.nonzero(), strict=True):
                step = self.places[row][column].act(int(actions[row, column]))
                active[row, column] = not (step.terminated or step.truncated)
        rewards = np.array([[place.reward for place in row] for row in self.places])
        return {"reward": rewards.mean(1).tolist(), "success": (rewards > 0).mean(1).tolist()}

    def _actions(self, tensors: dict[str, Tensor], draws: Tensor) -> Tensor:
        """One action for each policy and place, drawn by numbers in [0, 1) for each place."""
        seen = np.stack([np.stack([place.observation for place in row]) for row in self.places])
        inputs = (torch.from_numpy(seen).to(self.mean) - self.mean) * self.shrink
        return choose_actions(self.population.call(tensors, inputs, own=True), draws)

    def close(self) -> None:
        """Close the environments."""
        for place in self._all():
            place.environment.close()

    def _all(self) -> list[Place]:
        return [place for row in self.places for place in row]
