"""What a search shows to people, found by its kind of model."""

from __future__ import annotations

from diffqas.agents import AgentKind, QuantumAgentKind
from diffqas.kinds import (
    AnyKind,
    FixedLayersKind,
    PerLayerKind,
    QFWPKind,
    QLSTMKind,
    QuantumTrainKind,
    VQCKind,
)
from diffqas.searches.agent_showing import AgentShowing, QuantumAgentShowing
from diffqas.searches.showing import (
    AnyShowing,
    FixedLayersShowing,
    PerLayerShowing,
    QFWPShowing,
    QLSTMShowing,
    QuantumTrainShowing,
    VQCShowing,
)

SHOWINGS: dict[type[AnyKind], type[AnyShowing]] = {
    QuantumTrainKind: QuantumTrainShowing,
    PerLayerKind: PerLayerShowing,
    FixedLayersKind: FixedLayersShowing,
    QLSTMKind: QLSTMShowing,
    VQCKind: VQCShowing,
    QFWPKind: QFWPShowing,
    AgentKind: AgentShowing,
    QuantumAgentKind: QuantumAgentShowing,
}


def showing_of(kind: AnyKind) -> AnyShowing:
    """What a run of this kind of model shows to people."""
    return SHOWINGS[type(kind)](kind)
