"""A federated run from the arguments of a search."""

from __future__ import annotations

from diffqas.errors import ArgumentError, require, whole
from diffqas.training import Federated, usual_split


def federated_of(
    kind: str, clients: int | None, local_epochs: int | None, split: str | None, rounds: int | None
) -> Federated | None:
    """The choices of clients on a kind of task; None without clients.

    Raises:
        ArgumentError: clients of agents, a wrong choice, or one that only clients have.

    >>> federated_of("series", clients=4, local_epochs=None, split=None, rounds=None)
    Federated(clients=4, local_epochs=1, split='contiguous')
    """
    if clients is None:
        for name, value in {"rounds": rounds, "local_epochs": local_epochs, "split": split}.items():
            require(value is None, name, "go with clients", value)
        return None
    if kind == "environment":
        raise ArgumentError(
            "Argument `clients` must be used with a data set, but got an environment."
        )
    return Federated(
        clients,
        1 if local_epochs is None else local_epochs,
        usual_split(kind) if split is None else split,
    )


def epochs_of(federated: Federated | None, epochs: int | None, rounds: int | None) -> int | None:
    """Passes of every client, from their number or from that of the rounds; None leaves them to the
    recipe.

    >>> epochs_of(Federated(4, local_epochs=5), epochs=None, rounds=10)
    50
    """
    if federated is None or rounds is None:
        return epochs
    require(whole(rounds), "rounds", "be a whole number of at least 1", rounds)
    require(epochs is None, "epochs", "be left out where rounds are given", epochs)
    return rounds * federated.local_epochs
