"""Advantage actor-critic with all environments in step: repeatable, and the seeds in lockstep."""

from __future__ import annotations

import numpy as np
import torch

from diffqas.agents.arena import Arena
from diffqas.agents.environments import CUT
from diffqas.agents.networks import Agents
from diffqas.agents.rollouts import experience
from diffqas.agents.settings import AgentSettings
from diffqas.agents.task import EnvironmentTask
from diffqas.agents.training import AgentTraining, schedule
from diffqas.optimisers import move_numbers
from diffqas.storage import State
from diffqas.training import first_fault

UPDATES_PER_RECORD = 25


class SyncTraining(AgentTraining[Agents]):
    """A training in which all environments of all seeds step together.

    After a few steps each seed has one update. What is random in update k of a seed depends on the
    seed and on k alone. So the seeds stay independent of each other, except that an annealed
    relaxation follows the slowest seed, and a run that is continued ends like one that was never
    stopped.
    """

    def __init__(
        self, population: Agents, task: EnvironmentTask, settings: AgentSettings, seeds: list[int]
    ) -> None:
        super().__init__(population, task, settings, seeds)
        self.arena = Arena(task.identity, seeds, settings.places)
        first = torch.as_tensor(self.arena.observations, device=population.example.device)
        population.see(first, torch.ones(len(seeds), dtype=torch.bool))

    def update(self) -> None:
        """Make a few steps in every environment, then one step of Adam."""
        settings, agents, active = self.settings, self.population, self.active
        agents.train()
        agents.advance(self.progress, self.updates, self.seeds)
        lr, entropy_weight = schedule(settings, torch.tensor(self.log.counts))
        found = experience(agents, self.arena, settings, self._draws(), active, entropy_weight)
        sound = found.sound
        moving = torch.tensor(active, device=sound.device) & sound
        like = found.gradient
        gradient = torch.where(sound.unsqueeze(1), like, 0)
        move_numbers(agents.parameters_in_order, self.adam.step(gradient, lr.to(like), moving))
        agents.see(found.observations, moving)
        self.entropy = torch.where(moving, found.entropy, self.entropy.to(found.entropy)).cpu()
        self.updates += 1
        for row, ended in enumerate(self.arena.finished):
            self.log.add(row, ended)
            ended.clear()
        for index in torch.nonzero(torch.tensor(active) & ~sound.cpu()).flatten().tolist():
            tensor = first_fault(agents, index, found.losses[index].item(), found.gradient)
            self._drop(index, f"{found.fault(index)} at update {self.updates} (first in {tensor})")

    def _draws(self) -> torch.Tensor:
        """The uniform numbers that choose the actions, (steps, seeds, workers)."""
        shape = (self.settings.steps, self.settings.places)
        # Every seed and update has a generator of its own. So no state has to be stored, and the
        # draws of a seed do not depend on how many other seeds there are.
        of_seeds = [
            np.random.default_rng([seed, self.updates]).random(shape) for seed in self.seeds
        ]
        return torch.from_numpy(np.stack(of_seeds, 1))

    def _until_next_record(self) -> None:
        before = self.updates * self.settings.steps
        for _ in range(UPDATES_PER_RECORD):
            if any(self.active):
                self.update()
        after = self.updates * self.settings.steps
        # Once, and not before environments with ordinary limits have had their time.
        if before < CUT <= after and not any(self.log.counts):
            self.remarks.append(
                f"No episode has ended in {after:,} steps: set a smaller max_episode_steps, if "
                f"{self.task.identity} is not meant to go on for so long."
            )

    def close(self) -> None:
        """Close the environments."""
        self.arena.close()

    def state_dict(self) -> State:
        """As `AgentTraining.state_dict`, with the state of every environment."""
        return super().state_dict() | {"arena": self.arena.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Continue from a state, as `AgentTraining.load_state_dict`."""
        super().load_state_dict(state)
        self.arena.load_state_dict(state["arena"])
