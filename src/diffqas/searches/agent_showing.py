"""What a search of agents shows to people: what each of the two networks shows, and rewards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

from matplotlib.figure import Figure

from diffqas.agents import (
    NETWORKS,
    ActorCriticKind,
    Agent,
    AgentKind,
    AgentTraining,
    QuantumAgentKind,
)
from diffqas.layers import HybridModel
from diffqas.reports import Floats, Terminal, structure_figure
from diffqas.searches.agent_artefacts import write_agent_artefacts
from diffqas.searches.config import RunConfig
from diffqas.searches.progress import EpisodeDisplay, display_of_episodes
from diffqas.searches.showing import AnyShowing, QuantumTrainShowing, Showing, VQCShowing
from diffqas.storage import Json, RunFolder

AK = TypeVar("AK", bound=ActorCriticKind)


class _OfAgents(Showing[AK, Agent, AgentTraining]):
    """Of agents, whose policy and value are models of one kind.

    Args:
        kind: the choices of the run.
        network: what each of the two networks leaves.
    """

    def __init__(self, kind: AK, network: AnyShowing) -> None:
        super().__init__(kind)
        self._network = network

    def display(self, training: AgentTraining, console: Terminal) -> EpisodeDisplay:
        """Episodes and rewards."""
        return display_of_episodes(training, console)

    def artefacts(self, folder: RunFolder, config: RunConfig, training: AgentTraining) -> Json:
        """Every episode, and the picture of the rewards."""
        return write_agent_artefacts(folder, config, training)

    def picture(
        self, model: Agent, weights: Floats, title: str, counts: Floats | None = None
    ) -> Figure:
        """The policy's structural weights; those of the value stand in metrics.jsonl."""
        labels = self.kind.choices.labels(model.policy)
        of_policy = weights[:, : len(labels.names)]
        heading = f"{title}: policy"
        names, constants = labels.names, labels.constant
        return structure_figure(of_policy, names, constants, heading, "episode", counts)

    def circuits(self, model: Agent) -> dict[str, str]:
        """Those of both networks, with the network's name in theirs."""
        found: dict[str, str] = {}
        for network, of_network in zip(NETWORKS, (model.policy, model.value), strict=True):
            for name, text in self._network.circuits(of_network).items():
                found[name.replace("circuit", f"circuit-{network}")] = text
        return found


class AgentShowing(_OfAgents[AgentKind]):
    """Of agents whose policy and value are written by circuits of their own."""

    def __init__(self, kind: AgentKind) -> None:
        network = QuantumTrainShowing(kind.generator)
        super().__init__(kind, network)
        self._space_notes = network.space_notes

    def notes(self, training: AgentTraining, models: Sequence[Agent]) -> list[str]:
        """Constants in the search space."""
        return self._space_notes(models[0].written("policy"))


class QuantumAgentShowing(_OfAgents[QuantumAgentKind]):
    """Of agents whose policy and value are circuits."""

    def __init__(self, kind: QuantumAgentKind) -> None:
        network = VQCShowing(kind.circuit)
        super().__init__(kind, network)
        self._layer_notes = network.layer_notes

    def notes(self, training: AgentTraining, models: Sequence[Agent]) -> list[str]:
        """How many encodings each upload makes, where there are several."""
        return self._layer_notes(cast("HybridModel", models[0].policy))
