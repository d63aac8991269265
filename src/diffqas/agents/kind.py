"""Agents as a kind of model: circuits write the weights of a policy and of a value network, each
their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, cast

from matplotlib.figure import Figure
from torch import Tensor, nn

from diffqas.agents.actor_critic import (
    Agent,
    Agents,
    AgentTraining,
    AsyncTraining,
    SeparateAgents,
    SyncTraining,
)
from diffqas.agents.environments import AgentSettings, EnvironmentTask
from diffqas.circuits import TABLE_I, AnyCandidate, SearchSpace
from diffqas.kinds import Labels, ModelKind, QuantumTrainKind
from diffqas.quantum_train import Mapping as WeightMapping
from diffqas.quantum_train import QuantumTrain
from diffqas.reports import Floats, structure_figure
from diffqas.storage import storable

NETWORKS = ("policy", "value")
VALUE_SEEDS = 2**20
"""Added to a seed for its value network, which would start like the policy's otherwise."""


@storable
@dataclass(frozen=True)
class AgentKind(ModelKind[Any, Agent]):
    """Choices of an agent.

    Attributes:
        generator: how the weights of each of its two networks are written.
    """

    generator: QuantumTrainKind = field(default_factory=QuantumTrainKind)

    name: ClassVar[str] = "qt"
    files: ClassVar[Mapping[str, str]] = {
        "model.safetensors": "the policy as a classical network of raw observations, no quantum part",
        "circuit-policy.qasm": "the leading circuit of the policy, OpenQASM 3",
        "circuit-value.qasm": "that of the value",
    }

    @classmethod
    def choose(
        cls,
        candidates: SearchSpace | Iterable[AnyCandidate] = TABLE_I,
        sharing: str = "shared",
        mapping: str | WeightMapping = "linear",
        hidden: int | Sequence[int] | None = None,
        bond: int | None = None,
        chunk: int = 1,
    ) -> AgentKind:
        """As `QuantumTrainKind.choose`, for both networks."""
        return cls(QuantumTrainKind.choose(candidates, sharing, mapping, hidden, bond, chunk))

    def with_candidates(self, candidates: Iterable[AnyCandidate]) -> AgentKind:
        """As `ModelKind.with_candidates`, for both networks."""
        return replace(self, generator=self.generator.with_candidates(candidates))

    def recipes(self, task: EnvironmentTask) -> Mapping[str, AgentSettings]:
        """The task's."""
        return task.recipes

    def make(
        self, task: EnvironmentTask, settings: AgentSettings, seeds: Sequence[int]
    ) -> tuple[Agents | SeparateAgents, list[Agent]]:
        """As `ModelKind.make`; for the algorithm a3c the seeds stand apart."""

        def together(few: Sequence[int]) -> tuple[Agents, list[Agent]]:
            policy, policies = self.generator.make(task.network("policy"), settings, few)
            value, values = self.generator.make(
                task.network("value"), settings, [seed + VALUE_SEEDS for seed in few]
            )
            size, shrink = task.observations, settings.shrink
            pairs = zip(policies, values, strict=True)
            models = [
                Agent(one, other, size, shrink).to(policies[0].generator.gain)
                for one, other in pairs
            ]
            return Agents(policy, value, len(few), size, settings.centre, shrink), models

        if settings.algorithm == "a2c":
            return together(seeds)
        apart = [together([seed]) for seed in seeds]
        return SeparateAgents([agents for agents, _ in apart]), [
            model for _, models in apart for model in models
        ]

    def training(
        self, population: Any, task: Any, settings: Any, seeds: list[int]
    ) -> AgentTraining[Any]:
        """As `ModelKind.training`, by the settings' algorithm."""
        algorithm = SyncTraining if settings.algorithm == "a2c" else AsyncTraining
        return algorithm(population, task, settings, seeds)

    def notes(self, population: Any, models: Sequence[Agent], task: Any) -> list[str]:
        """Constants in the search space."""
        return self.generator.constants_note(cast("QuantumTrain", models[0].policy))

    def labels(self, model: Agent) -> Labels:
        """One weight per candidate of the policy, then of the value."""
        one = self.generator.labels(cast("QuantumTrain", model.policy))
        return Labels(
            tuple(f"{network} {name}" for network in NETWORKS for name in one.names),
            2 * one.constant,
        )

    def figures(self, models: Sequence[Agent]) -> dict[str, Any]:
        """As `ModelKind.figures`; every entry of the ranking names its network as `gate`."""
        parts = {
            network: self.generator.figures([getattr(model, network) for model in models])
            for network in NETWORKS
        }
        policy = parts["policy"]
        return {
            "relaxation": policy["relaxation"],
            "trainable_parameters": sum(part["trainable_parameters"] for part in parts.values()),
            "target_parameters": sum(part["target_parameters"] for part in parts.values()),
            "report": models[0].parameter_report(),
            "ranking": [
                {"gate": network} | entry
                for network, part in parts.items()
                for entry in part["ranking"]
            ],
        }

    def picture(self, model: Agent, weights: Floats, title: str) -> Figure:
        """The policy's structural weights; those of the value stand in metrics.jsonl."""
        labels = self.generator.labels(cast("QuantumTrain", model.policy))
        count = len(labels.names)
        return structure_figure(
            weights[:, :count], labels.names, labels.constant, f"{title}: policy", "record"
        )

    def circuits(self, model: Agent) -> dict[str, str]:
        """The best candidate of each network that is no constant, at its learned angles."""
        return {
            f"circuit-{network}.qasm": text
            for network in NETWORKS
            for text in self.generator.circuits(getattr(model, network)).values()
        }

    def network(self, model: Agent) -> nn.Module:
        """The policy as a plain module of raw observations."""
        return model.export()

    def export(self, model: Agent) -> dict[str, Tensor]:
        """The state of the exported policy."""
        return model.export().state_dict()
