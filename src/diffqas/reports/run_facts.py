"""Facts that only some kinds of finished runs have: of agents, of clients."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AgentFacts:
    """What only a run of agents has: its algorithm, and how many last episodes the means are of."""

    algorithm: str
    last: int


@dataclass(frozen=True)
class FederatedFacts:
    """What only a federated run has: who had what, and what travelled.

    `bytes_per_round` counts one seed's numbers, to all clients and back.
    """

    clients: int
    split: str
    samples: tuple[int, ...]
    rounds: int
    local_epochs: int
    bytes_per_number: int
    bytes_per_round: int
