"""Agents as a kind of model: circuits write the weights of a policy and of a value network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from torch import Tensor

from diffqas.agents.actor_critic import ActorCriticKind
from diffqas.agents.networks import Agent, Network
from diffqas.agents.settings import AgentSettings
from diffqas.agents.task import EnvironmentTask
from diffqas.choices import Unread
from diffqas.circuits import TABLE_I, AnyCandidate, SearchSpace
from diffqas.kinds import QuantumTrainKind
from diffqas.quantum_train import Mapping as WeightMapping
from diffqas.quantum_train import QuantumTrain
from diffqas.storage import storable
from diffqas.tasks import Task


@storable
@dataclass(frozen=True)
class AgentKind(ActorCriticKind):
    """Choices of an agent whose policy and value are written by circuits.

    Attributes:
        generator: how the weights of each of the two networks are written.
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
        """As `QuantumTrainKind.choose`, for both networks; `numbers` counts for each of them."""
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
        """The generator's choices, which are the same for both networks."""
        return self.generator

    def with_candidates(self, candidates: Iterable[AnyCandidate]) -> AgentKind:
        """As `ModelKind.with_candidates`, for both networks."""
        return replace(self, generator=self.generator.with_candidates(candidates))

    def unread(self, settings: AgentSettings) -> Mapping[str, Unread]:
        """As `ModelKind.unread`, for both networks."""
        return {**settings.generator.unread(), **self.generator.unread_by_generator()}

    def recipes(self, task: EnvironmentTask) -> Mapping[str, AgentSettings]:
        """The recipes of the environment's task."""
        return task.recipes

    def networks(
        self, task: Task, settings: AgentSettings, seeds: Sequence[int]
    ) -> tuple[Network, list[QuantumTrain]]:
        """As `ActorCriticKind.networks`, with generators that write the networks."""
        return self.generator.networks(task, settings, seeds)

    def export(self, model: Agent) -> dict[str, Tensor]:
        """The state of the exported policy."""
        return model.export().state_dict()
