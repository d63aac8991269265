"""Agents whose policy and value are searched circuits, as a kind of model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from torch import Tensor

from diffqas.agents.actor_critic import ActorCriticKind
from diffqas.agents.circuit_networks import CircuitNetworks, circuit_networks
from diffqas.agents.networks import Agent
from diffqas.agents.quantum_recipes import quantum_recipes
from diffqas.agents.settings import AgentSettings
from diffqas.agents.task import EnvironmentTask
from diffqas.choices import Unread
from diffqas.circuits import AnyCandidate, SearchSpace, as_space
from diffqas.errors import require
from diffqas.kinds import LIVE_SPACE, VQCKind, without_written_weights
from diffqas.layers import HybridModel
from diffqas.storage import storable
from diffqas.tasks import Task

ACTING = VQCKind(
    qubits=4,
    observables="hermitian",
    locality=3,
    input_scale="fixed",
    input_factor=1.0,
    front="linear",
    head="linear",
)
"""The usual choices of an agent's circuits.

A linear layer makes the angles of an observation, another one the logits of what is measured (arXiv
2407.18202), which are trained observables on three qubits each (arXiv 2507.19629).
"""
OF_SAMPLES = ("fit_observables", "epoch_samples", "baselines")
"""Options of a layer that learns from samples; those of an environment are never the same twice."""


@storable
@dataclass(frozen=True)
class QuantumAgentKind(ActorCriticKind):
    """Choices of an agent whose policy and value are circuits.

    Attributes:
        circuit: front, searched layer and head of each of the two networks.
    """

    circuit: VQCKind = field(default=ACTING)

    name: ClassVar[str] = "vqc"

    def __post_init__(self) -> None:
        rule = "be layer for an agent"
        require(self.circuit.structure == "layer", "structure", rule, self.circuit.structure)
        rule = "be linear or none for an agent, which sees no image"
        require(self.circuit.front != "pool", "front", rule, "pool")

    @classmethod
    def choose(
        cls,
        candidates: SearchSpace | Iterable[AnyCandidate] | None = None,
        sharing: str = "shared",
        structure: str = "layer",
    ) -> QuantumAgentKind:
        """As `ModelKind.choose`; its other choices are set where `VQCKind` declares them."""
        space = tuple(as_space(LIVE_SPACE if candidates is None else candidates))
        return cls(replace(ACTING, candidates=space, sharing=sharing, structure=structure))

    @property
    def choices(self) -> VQCKind:
        """The choices of the circuits, which are the same for both networks."""
        return self.circuit

    def with_candidates(self, candidates: Iterable[AnyCandidate]) -> QuantumAgentKind:
        """As `ModelKind.with_candidates`, for both networks."""
        return replace(self, circuit=self.circuit.with_candidates(candidates))

    def unread(self, settings: AgentSettings) -> Mapping[str, Unread]:
        """As `ModelKind.unread`, for both networks."""
        of_samples = Unread("be used with a data set", "an environment")
        return {
            **settings.generator.unread(),
            **without_written_weights(self.name),
            **self.circuit.unread_by_circuits(),
            **dict.fromkeys(OF_SAMPLES, of_samples),
        }

    def recipes(self, task: EnvironmentTask) -> Mapping[str, AgentSettings]:
        """The recipes of `quantum_recipes`."""
        return quantum_recipes(task)

    def networks(
        self, task: Task, settings: AgentSettings, seeds: Sequence[int]
    ) -> tuple[CircuitNetworks, list[HybridModel]]:
        """As `ActorCriticKind.networks`, with searched layers as networks."""
        return circuit_networks(task, settings, seeds, self.circuit)

    def export(self, model: Agent) -> dict[str, Tensor]:
        """The numbers of the policy's front, layer and head, and the mean of the observations."""
        policy = model.export()
        return {"0.mean": model.mean, **dict(policy.named_parameters())}
