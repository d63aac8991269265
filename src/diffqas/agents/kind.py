"""Agents as a kind of model: circuits write the weights of a policy and of a value network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, TypeAlias

from torch import Tensor, nn

from diffqas.agents.a2c import SyncTraining
from diffqas.agents.a3c import AsyncTraining
from diffqas.agents.networks import Agent, Agents, SeparateAgents
from diffqas.agents.settings import AgentSettings
from diffqas.agents.task import EnvironmentTask
from diffqas.choices import Unread
from diffqas.circuits import TABLE_I, AnyCandidate, SearchSpace
from diffqas.kinds import Findings, Labels, ModelKind, QuantumTrainKind
from diffqas.quantum_train import Mapping as WeightMapping
from diffqas.storage import storable

NETWORKS = ("policy", "value")
VALUE_SEEDS = 2**20
"""Added to a seed for its value network, which would start like the policy's otherwise."""

Population: TypeAlias = Agents | SeparateAgents
"""Agents of all seeds in lockstep, or each by itself."""


@storable
@dataclass(frozen=True)
class AgentKind(ModelKind[EnvironmentTask, AgentSettings, Population, Agent]):
    """Choices of an agent.

    Attributes:
        generator: how the weights of each of its two networks are written.
    """

    generator: QuantumTrainKind = field(default_factory=QuantumTrainKind)

    name: ClassVar[str] = "qt"
    writes_weights: ClassVar[bool] = True

    @classmethod
    def choose(
        cls,
        candidates: SearchSpace | Iterable[AnyCandidate] = TABLE_I,
        sharing: str = "shared",
        mapping: str | WeightMapping = "linear",
        hidden: int | Sequence[int] | None = None,
        bond: int | None = None,
        chunk: int = 1,
        generator: str = "circuits",
        numbers: int | None = None,
    ) -> AgentKind:
        """As `QuantumTrainKind.choose`, for both networks; `numbers` are those of each."""
        written = QuantumTrainKind.choose(
            candidates,
            sharing,
            mapping,
            hidden,
            bond,
            chunk,
            generator=generator,
            numbers=numbers,
        )
        return cls(written)

    @property
    def choices(self) -> QuantumTrainKind:
        """The generator: an agent has no choices of its own."""
        return self.generator

    @property
    def space(self) -> tuple[AnyCandidate, ...]:
        """Those of both networks."""
        return self.generator.space

    def places(self, count: int) -> list[str]:
        """The two networks."""
        if count == len(NETWORKS):
            return list(NETWORKS)
        return super().places(count)

    def with_candidates(self, candidates: Iterable[AnyCandidate]) -> AgentKind:
        """As `ModelKind.with_candidates`, for both networks."""
        return replace(self, generator=self.generator.with_candidates(candidates))

    def unread(self, settings: AgentSettings) -> Mapping[str, Unread]:
        """As `ModelKind.unread`, of both networks."""
        return {**settings.generator.unread(), **self.generator.unread_by_generator()}

    def recipes(self, task: EnvironmentTask) -> Mapping[str, AgentSettings]:
        """The task's."""
        return task.recipes

    def make(
        self, task: EnvironmentTask, settings: AgentSettings, seeds: Sequence[int]
    ) -> tuple[Population, list[Agent]]:
        """As `ModelKind.make`; for the algorithm a3c the seeds stand apart."""
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
        """Agents of all seeds in lockstep."""
        value_seeds = [seed + VALUE_SEEDS for seed in seeds]
        policy, policies = self.generator.networks(task.network("policy"), settings, seeds)
        value, values = self.generator.networks(task.network("value"), settings, value_seeds)
        size, shrink = task.observations, settings.shrink
        place = policies[0].generator.gain
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
        """As `ModelKind.training`, by the settings' algorithm."""
        if isinstance(population, Agents):
            return SyncTraining(population, task, settings, seeds)
        return AsyncTraining(population, task, settings, seeds)

    def labels(self, model: Agent) -> Labels:
        """One weight per candidate of the policy, then of the value."""
        one = self.generator.labels(model.written("policy"))
        names = [f"{network} {name}" for network in NETWORKS for name in one.names]
        return Labels(tuple(names), 2 * one.constant)

    def figures(self, models: Sequence[Agent]) -> Findings:
        """As `ModelKind.figures`; every row of the ranking names its network as `gate`."""
        policy = self.generator.figures([model.written("policy") for model in models])
        value = self.generator.figures([model.written("value") for model in models])
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
        """The policy as a plain module of raw observations."""
        return model.export()

    def export(self, model: Agent) -> dict[str, Tensor]:
        """The state of the exported policy."""
        return model.export().state_dict()


def _both(policy: int | None, value: int | None) -> int | None:
    if policy is None or value is None:
        return None
    return policy + value
