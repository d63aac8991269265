"""How the training samples of a task are distributed over several clients."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from diffqas.choices import option
from diffqas.errors import choose, require, whole
from diffqas.storage import storable
from diffqas.tasks import Split, Task

SPLITS = ("iid", "label", "contiguous")


@storable
@dataclass(frozen=True)
class Federated:
    """The choices of a federated training.

    Attributes:
        clients: the number of clients; each has its own part of the training samples.
        local_epochs: how many times every client goes over its own samples in each round.
        split: which client has which samples; the parts differ by one sample at most. `"iid"` draws
            the samples at random, in the same way for every seed. `"label"` sorts them by class and
            cuts, so that each client has samples of few classes. `"contiguous"` cuts them as they
            stand, so that each client has a stretch of time.

    Raises:
        ArgumentError: a count is below 1, or the split is unknown.
    """

    clients: int = option(
        help="Number of clients. They share out the training samples; each trains on its own and "
        "sends only the trainable numbers. If not given, all samples are in one place.",
        least=1,
    )
    local_epochs: int = option(
        1, "How many times a client goes over its own samples in each round.", least=1
    )
    split: str = option(
        "iid",
        "Which samples a client has: drawn at random (iid), by class (label), or a stretch of time "
        "(contiguous, the usual one for a series).",
        among=SPLITS,
    )

    def __post_init__(self) -> None:
        rule = "be a whole number of at least 1"
        require(whole(self.clients), "clients", rule, self.clients)
        require(whole(self.local_epochs), "local_epochs", rule, self.local_epochs)
        choose(self.split, SPLITS, "split")


def usual_split(kind: str) -> str:
    """The split that a task of this kind (`Task.kind`) has if none is chosen.

    >>> usual_split("series"), usual_split("images")
    ('contiguous', 'iid')
    """
    return "contiguous" if kind == "series" else "iid"


def shards(task: Task, federated: Federated) -> list[Split]:
    """The training samples of every client, in the order in which they stand in the task.

    Raises:
        ArgumentError: there are more clients than samples, or the samples are to be split by label
            and have no class.
    """
    train, clients = task.train, federated.clients
    rule = f"be at most the {len(train)} training samples"
    require(clients <= len(train), "clients", rule, clients)
    if federated.split == "label":
        labels = not train.targets.is_floating_point() and train.targets.dim() == 1
        require(labels, "split", "be iid or contiguous for a task without classes", "label")
    parts = _order(train, federated.split).tensor_split(clients)
    # Each part is sorted back into the task's order. A single client with all samples then trains
    # exactly as a training in one place does.
    ordered = [part.sort().values for part in parts]
    return [Split(train.inputs[part], train.targets[part]) for part in ordered]


def _order(train: Split, split: str) -> Tensor:
    """The indices of all samples, those of the first client first."""
    device = train.targets.device
    if split == "iid":
        # The draw is fixed: who has which samples is part of the problem, not the luck of a seed.
        draw = torch.Generator().manual_seed(0)
        return torch.randperm(len(train), generator=draw).to(device)
    if split == "label":
        return train.targets.argsort(stable=True)
    return torch.arange(len(train), device=device)
