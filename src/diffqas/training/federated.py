"""Federated averaging: clients train on their own samples, and only trainable numbers travel.

In every round each client starts from the averaged numbers, goes over its own samples, and sends
its numbers back. Their average, weighted by the counts of samples, is where the next round starts:
FedAvg, McMahan et al., AISTATS 2017, arXiv 1602.05629.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor

from diffqas.errors import require
from diffqas.optimisers import Population, trained_tensors
from diffqas.reports import EpochRecord
from diffqas.storage import Json, State
from diffqas.tasks import Settings, Split, Task
from diffqas.training.selection import copy_numbers, target_buffers
from diffqas.training.shards import Federated, shards
from diffqas.training.short_batches import check_short_batch
from diffqas.training.steps import make_optimisation
from diffqas.training.supervised import Training

P = TypeVar("P", bound=Population)


class FederatedTraining(Training[P]):
    """A training at several clients, with one record per round.

    Its attributes are those of `Training`; `epoch` counts every client's passes over its own
    samples.

    The clients take turns with the one population and begin every round with a fresh optimiser: a
    client keeps its samples and nothing else, and a checkpoint holds the averaged numbers alone.
    The seeds train in lockstep at every client. One client in one round is `Training`, bit by bit.

    All clients start from the same numbers, so that a number means the same at every client. Two
    searches with different starts could write equal weights from different angles, and the average
    of these angles would not write those weights.

    Args:
        population: the seeds' models as one. They have no buffers, because a client could not send
            a buffer as a number.
        task: data and loss.
        settings: how every client trains; `epochs` counts its passes over its own samples in all
            rounds together.
        seeds: one number per model.
        federated: how many clients, and what they have.

    Raises:
        ArgumentError: `epochs` is no multiple of the local epochs, the best epoch is to be chosen,
            a target has buffers, there are more clients than samples, the samples cannot be split
            as asked, or a batch of a single sample is left to batch normalisation.
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
        buffers = target_buffers(population)
        rule = "be used with a target without buffers"
        require(not buffers, "clients", rule, ", ".join(buffers[:3]))
        self.federated = federated
        self.shards = shards(task, federated)
        super().__init__(population, task, settings, list(seeds))

    def __post_init__(self) -> None:
        self.best = None
        parts = [len(shard) for shard in self.shards]
        check_short_batch(self.population, self.task, self.settings.batch_size, parts)
        # This one is thrown away. It is made so that what no client could train is refused now.
        make_optimisation(self.population, self.task, self.settings)
        self.optimisation = _Nowhere()

    @property
    def facts(self) -> Json:
        """What the clients have, and how many bytes of one seed's numbers they exchange."""
        tensors = trained_tensors(self.population)
        numbers = sum(tensor[0].numel() for tensor in tensors)
        size = tensors[0].element_size()
        rounds = self.settings.epochs // self.federated.local_epochs
        # The factor 2: the numbers go to every client and back.
        bytes_per_round = 2 * numbers * size * self.federated.clients
        return super().facts | {
            "federated": {
                "clients": self.federated.clients,
                "split": self.federated.split,
                "samples": [len(shard) for shard in self.shards],
                "rounds": rounds,
                "local_epochs": self.federated.local_epochs,
                "bytes_per_number": size,
                "bytes_per_round": bytes_per_round,
                "bytes": bytes_per_round * rounds,
            }
        }

    def _one_epoch(self) -> EpochRecord:
        """One round: every client from the same start, then the average of what they send."""
        tensors = trained_tensors(self.population)
        start = [tensor.detach().clone() for tensor in tensors]
        average = [torch.zeros_like(tensor) for tensor in start]
        loss = torch.zeros(len(self.seeds), dtype=torch.float64)
        samples, passes = len(self.task.train), self.federated.local_epochs
        self.population.train()
        for shard in self.shards:
            # The clients share one population: the numbers of the client before are overwritten.
            copy_numbers(tensors, start)
            client = self._client(shard)
            for _ in range(passes):
                loss += client.one_pass() / (samples * passes)
                # Order of the samples and rate of learning follow the count of passes.
                client.epoch += 1
            share = len(shard) / samples
            for mean, tensor in zip(average, tensors, strict=True):
                mean += share * tensor.detach()
        copy_numbers(tensors, average)
        self.epoch += passes
        return self._record(loss.tolist())

    def _client(self, shard: Split) -> Training[P]:
        """A training on a client's samples, from the population's numbers as they are."""
        task = replace(self.task, train=shard)
        # The dictionary of failures is shared: a seed that diverges here is frozen everywhere.
        return Training(
            self.population, task, self.settings, self.seeds, self.epoch, failures=self.failures
        )


class _Nowhere:
    """A stand-in for the optimiser where numbers are averaged: it has no samples and no state."""

    unsound: Tensor | None = None

    def step(self, inputs: Tensor, targets: Tensor, progress: float, frozen: Tensor) -> Tensor:
        """Raise an error: nothing is trained where numbers are averaged."""
        raise NotImplementedError

    def state_dict(self) -> State:
        """Return an empty state."""
        return {}

    def load_state_dict(self, state_dict: State) -> None:
        """Do nothing: there is no state."""
