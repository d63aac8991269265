"""The base of all kinds of agents: a policy and a value that are searched in the same way."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from torch import nn

from diffqas.agents.a2c import SyncTraining
from diffqas.agents.a3c import AsyncTraining
from diffqas.agents.networks import Agent, Agents, Network, SeparateAgents
from diffqas.agents.settings import AgentSettings
from diffqas.agents.task import EnvironmentTask
from diffqas.circuits import AnyCandidate
from diffqas.kinds import AnyKind, Findings, Labels, ModelKind
from diffqas.tasks import Task

NETWORKS = ("policy", "value")
VALUE_SEEDS = 2**20
"""Added to a seed for its value network, which would start like the policy's otherwise."""

Population: TypeAlias = Agents | SeparateAgents
"""Agents of all seeds in lockstep, or each by itself."""


@dataclass(frozen=True)
class ActorCriticKind(ModelKind[EnvironmentTask, AgentSettings, Population, Agent]):
    """A kind of agent; its `choices` are the kind of each of the two networks."""

    @property
    @abstractmethod
    def choices(self) -> AnyKind:
        """The kind of both networks, because an agent has no choices of its own."""

    @abstractmethod
    def networks(
        self, task: Task, settings: AgentSettings, seeds: Sequence[int]
    ) -> tuple[Network, Sequence[nn.Module]]:
        """The policies or the values of all seeds: as one population, and one by one."""

    @property
    def space(self) -> tuple[AnyCandidate, ...]:
        """The candidates of each network, which are the same for both."""
        return self.choices.space

    def places(self, count: int) -> list[str]:
        """The names of the two networks, `"policy"` and `"value"`."""
        if count == len(NETWORKS):
            return list(NETWORKS)
        return super().places(count)

    def make(
        self, task: EnvironmentTask, settings: AgentSettings, seeds: Sequence[int]
    ) -> tuple[Population, list[Agent]]:
        """As `ModelKind.make`; for the algorithm a3c each seed is a population of its own."""
        if settings.algorithm == "a2c":
            return self._together(task, settings, seeds)
        members: list[Agents] = []
        models: list[Agent] = []
        for seed in seeds:
            agents, own = self._together(task, settings, [seed])
            members.append(agents)
            models += own
        return SeparateAgents(members), models

    def _together(
        self, task: EnvironmentTask, settings: AgentSettings, seeds: Sequence[int]
    ) -> tuple[Agents, list[Agent]]:
        """Make the agents of these seeds, which train in lockstep."""
        value_seeds = [seed + VALUE_SEEDS for seed in seeds]
        policy, policies = self.networks(task.network("policy"), settings, seeds)
        value, values = self.networks(task.network("value"), settings, value_seeds)
        size, shrink = task.observations, settings.shrink
        place = next(policies[0].parameters())
        models = [
            Agent(own_policy, own_value, size, shrink).to(place)
            for own_policy, own_value in zip(policies, values, strict=True)
        ]
        return Agents(policy, value, len(seeds), size, settings.centre, shrink), models

    def training(
        self,
        population: Population,
        task: EnvironmentTask,
        settings: AgentSettings,
        seeds: list[int],
    ) -> SyncTraining | AsyncTraining:
        """As `ModelKind.training`, by the algorithm that the settings name."""
        if isinstance(population, Agents):
            return SyncTraining(population, task, settings, seeds)
        return AsyncTraining(population, task, settings, seeds)

    def labels(self, model: Agent) -> Labels:
        """One label per candidate of the policy, then one per candidate of the value."""
        one = self.choices.labels(model.policy)
        names = [f"{network} {name}" for network in NETWORKS for name in one.names]
        return Labels(tuple(names), 2 * one.constant)

    def figures(self, models: Sequence[Agent]) -> Findings:
        """As `ModelKind.figures`; every row of the ranking names its network as `gate`."""
        policy = self.choices.figures([model.policy for model in models])
        value = self.choices.figures([model.value for model in models])
        return Findings(
            relaxation=policy.relaxation,
            trainable_parameters=policy.trainable_parameters + value.trainable_parameters,
            target_parameters=_both(policy.target_parameters, value.target_parameters),
            report=models[0].parameter_report(),
            ranking=[
                *(row.at("policy") for row in policy.ranking),
                *(row.at("value") for row in value.ranking),
            ],
        )

    def network(self, model: Agent) -> nn.Module:
        """The policy as a module of raw observations."""
        return model.export()


def _both(policy: int | None, value: int | None) -> int | None:
    if policy is None or value is None:
        return None
    return policy + value
