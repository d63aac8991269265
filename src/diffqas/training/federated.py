"""Federated averaging: clients train on samples of their own, and only the trainable numbers
travel.

In every round each client starts from the averaged numbers, goes over its own samples, and sends
its numbers back. Their average, weighted by the counts of samples, is where the next round starts:
FedAvg, McMahan et al., AISTATS 2017, arXiv 1602.05629.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from diffqas.errors import require
from diffqas.optimisers import Population, trained_tensors
from diffqas.tasks import Settings, Split, Task
from diffqas.training.shards import Federated, shards
from diffqas.training.steps import make_optimisation
from diffqas.training.supervised import EpochRecord, Training

P = TypeVar("P", bound=Population)


class FederatedTraining(Training[P]):
    """As `Training`, with one record per round; `epoch` counts every client's passes over its own
    samples.

    The clients take turns with the one population and begin every round with a fresh optimiser: a
    client keeps its samples and nothing else, and a checkpoint holds the averaged numbers alone.
    The seeds train in lockstep at every client. One client in one round is `Training`, bit by bit.

    All clients start from the same numbers, so that they mean the same at each of them: two
    searches that started apart could write equal weights from different angles, and the average of
    their angles would write neither.

    Args:
        population: the seeds' models as one, without buffers, which no client could send as a
            number.
        task: data and loss.
        settings: how every client trains; `epochs` are its passes over its own samples in all
            rounds together.
        seeds: one number per model.
        federated: how many clients, and what they have.

    Raises:
        ArgumentError: `epochs` that do not fill rounds, a choice of the best epoch, a target with
            buffers, more clients than samples.
    """

    def __init__(
        self,
        population: P,
        task: Task,
        settings: Settings,
        seeds: Sequence[int],
        federated: Federated,
    ) -> None:
        local = federated.local_epochs
        rule = f"be a multiple of the {local} local epochs of a round, or given as rounds"
        require(settings.epochs % local == 0, "epochs", rule, settings.epochs)
        require(settings.select == "final", "select", "be final with clients", settings.select)
        targets = getattr(population, "targets", [])
        buffers = [name for target in targets for name, _ in target.named_buffers()]
        require(
            not buffers, "clients", "be used with a target without buffers", ", ".join(buffers[:3])
        )
        self.federated, self.shards = federated, shards(task, federated)
        super().__init__(population, task, settings, list(seeds))

    def __post_init__(self) -> None:
        self.best = None
        make_optimisation(
            self.population, self.task, self.settings
        )  # refuses now what no client could train
        self.optimisation = _Nowhere()

    @property
    def facts(self) -> dict[str, Any]:
        """What the clients have, and what travels: the bytes of one seed's numbers to and from all
        clients.
        """
        tensors = trained_tensors(self.population)
        numbers = sum(tensor[0].numel() for tensor in tensors)
        rounds = self.settings.epochs // self.federated.local_epochs
        size = tensors[0].element_size()
        return {
            "federated": {
                "clients": self.federated.clients,
                "split": self.federated.split,
                "samples": [len(shard) for shard in self.shards],
                "rounds": rounds,
                "local_epochs": self.federated.local_epochs,
                "bytes_per_number": size,
                "bytes_per_round": 2 * numbers * size * self.federated.clients,
                "bytes": 2 * numbers * size * self.federated.clients * rounds,
            }
        }

    def _one_epoch(self) -> EpochRecord:
        """One round."""
        tensors = trained_tensors(self.population)
        start = [tensor.detach().clone() for tensor in tensors]
        average = [torch.zeros_like(tensor) for tensor in start]
        total = torch.zeros(len(self.seeds), dtype=torch.float64)
        self.population.train()
        for shard in self.shards:
            _copy(tensors, start)
            client = self._client(shard)
            for _ in range(self.federated.local_epochs):
                total += client.one_pass() / (len(self.task.train) * self.federated.local_epochs)
                client.epoch += 1
            share = len(shard) / len(self.task.train)
            for mean, tensor in zip(average, tensors, strict=True):
                mean += share * tensor.detach()
        _copy(tensors, average)
        self.epoch += self.federated.local_epochs
        return self._record(total.tolist())

    def _client(self, shard: Split) -> Training[P]:
        """A training on a client's samples from here; a seed that diverges there is frozen
        everywhere.
        """
        task = replace(self.task, train=shard)
        return Training(
            self.population, task, self.settings, self.seeds, self.epoch, failures=self.failures
        )


class _Nowhere:
    """The optimiser of the place where numbers are averaged: it has no samples to step on, and
    nothing to keep.
    """

    def step(self, inputs: Tensor, targets: Tensor, progress: float, frozen: Tensor) -> Tensor:
        """Never called."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing."""


@torch.no_grad()
def _copy(into: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    for old, new in zip(into, values, strict=True):
        old.copy_(new)
