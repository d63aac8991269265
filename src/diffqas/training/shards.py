"""How the training samples of a task lie with several clients."""

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
    """Choices of a federated training.

    Attributes:
        clients: how many; each has its own part of the training samples.
        local_epochs: passes of every client over its own samples in each round.
        split: who has which samples, in parts that differ by one sample at most. `"iid"`: drawn at
            random, the same for every seed. `"label"`: sorted by their class and cut, so that most
            clients have one class only. `"contiguous"`: cut as they stand, a stretch of time each.

    Raises:
        ArgumentError: counts below 1, or an unknown split.
    """

    clients: int = option(
        help="So many clients share the training samples, train each on its own, and send only the "
        "trainable numbers; all samples in one place if not given.",
        least=1,
    )
    local_epochs: int = option(
        1, "Passes of every client over its own samples in each round.", least=1
    )
    split: str = option(
        "iid",
        "Samples of a client: drawn at random, by their class, or a stretch of time each.",
        among=SPLITS,
    )

    def __post_init__(self) -> None:
        rule = "be a whole number of at least 1"
        require(whole(self.clients), "clients", rule, self.clients)
        require(whole(self.local_epochs), "local_epochs", rule, self.local_epochs)
        choose(self.split, SPLITS, "split")


def usual_split(kind: str) -> str:
    """The split of a kind of task, as in `Task.kind`, if none is chosen.

    >>> usual_split("series"), usual_split("images")
    ('contiguous', 'iid')
    """
    return "contiguous" if kind == "series" else "iid"


def shards(task: Task, federated: Federated) -> list[Split]:
    """The training samples of every client, in the order in which they stand in the task.

    Raises:
        ArgumentError: more clients than samples, or a split by label where there are no labels.
    """
    train, clients = task.train, federated.clients
    rule = f"be at most the {len(train)} training samples"
    require(clients <= len(train), "clients", rule, clients)
    if federated.split == "label":
        labels = not train.targets.is_floating_point() and train.targets.dim() == 1
        require(labels, "split", "be iid or contiguous for a task without classes", "label")
    parts = _order(train, federated.split).tensor_split(clients)
    # Back in the task's order: one client with all samples then trains as one place does.
    ordered = [part.sort().values for part in parts]
    return [Split(train.inputs[part], train.targets[part]) for part in ordered]


def _order(train: Split, split: str) -> Tensor:
    """All samples, those of the first client first."""
    device = train.targets.device
    if split == "iid":
        # One fixed draw: who has which samples is part of the problem, not of a seed's luck.
        draw = torch.Generator().manual_seed(0)
        return torch.randperm(len(train), generator=draw).to(device)
    if split == "label":
        return train.targets.argsort(stable=True)
    return torch.arange(len(train), device=device)
