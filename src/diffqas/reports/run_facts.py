"""Facts that only some kinds of finished runs have: of agents, of clients."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AgentFacts:
    """What only a run of agents has.

    Attributes:
        algorithm: the algorithm of the training, `"a2c"` or `"a3c"`.
        last: how many last episodes the means are of.
    """

    algorithm: str
    last: int


@dataclass(frozen=True)
class FederatedFacts:
    """What only a federated run has: the samples of the clients, and what they exchanged.

    Attributes:
        clients: the number of clients.
        split: how the samples were distributed, as in `diffqas.training.Federated`.
        samples: how many samples each client had.
        rounds: how often the numbers were averaged.
        local_epochs: how many times a client went over its own samples in a round.
        bytes_per_number: the bytes of one number.
        bytes_per_round: the bytes of one seed's numbers, to all clients and back.
    """

    clients: int
    split: str
    samples: tuple[int, ...]
    rounds: int
    local_epochs: int
    bytes_per_number: int
    bytes_per_round: int
