"""The epoch that a training ends with, chosen on held-out training samples, seed by seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from diffqas.errors import require
from diffqas.optimisers import Population
from diffqas.storage import State


@runtime_checkable
class WithTargets(Protocol):
    """A population that writes the weights of target networks, which may have buffers."""

    def target_buffers(self) -> list[str]:
        """Names of the target networks' buffers."""
        ...


def target_buffers(population: Population) -> list[str]:
    """Names of the target networks' buffers; a population without target networks has none."""
    if isinstance(population, WithTargets):
        return population.target_buffers()
    return []


class BestEpoch:
    """Keeps the numbers and figures of each seed's epoch with the smallest validation loss.

    Raises:
        ArgumentError: a target has buffers, which are of the last epoch, unlike the kept numbers.
    """

    def __init__(self, population: Population, seeds: int) -> None:
        self.parameters = [p for group in population.parameter_groups(1.0) for p in group["params"]]
        buffers = target_buffers(population)
        require(not buffers, "select", "be final for a target with buffers", ", ".join(buffers[:3]))
        self.loss = torch.full((seeds,), torch.inf, dtype=torch.float64)
        self.epoch = [0] * seeds
        self.metrics: dict[str, list[float]] = {}
        self.kept = [parameter.detach().clone() for parameter in self.parameters]

    def consider(self, epoch: int, losses: Tensor, metrics: dict[str, list[float]]) -> None:
        """Look at the losses and figures after an epoch; on a tie the earlier epoch stays."""
        # NaN is not smaller than any number: a seed that diverged keeps its best epoch until then.
        better = losses.double().cpu() < self.loss
        for index in better.nonzero().flatten().tolist():
            self.loss[index] = losses[index].item()
            self.epoch[index] = epoch
            self._keep(index, metrics)

    def _keep(self, index: int, metrics: dict[str, list[float]]) -> None:
        """Copy the numbers and figures of one seed."""
        for kept, parameter in zip(self.kept, self.parameters, strict=True):
            kept[index] = parameter.detach()[index]
        for name, values in metrics.items():
            row = self.metrics.setdefault(name, [torch.nan] * len(values))
            row[index] = values[index]

    @torch.no_grad()
    def restore(self) -> dict[str, list[float]]:
        """Give the population the kept numbers; returns their figures and `selected_epoch`."""
        copy_numbers(self.parameters, self.kept)
        return {**self.metrics, "selected_epoch": [float(epoch) for epoch in self.epoch]}

    def state_dict(self) -> State:
        """What is kept so far."""
        return {"loss": self.loss, "epoch": self.epoch, "metrics": self.metrics, "kept": self.kept}

    def load_state_dict(self, state: State) -> None:
        """Continue from what `state_dict` gave."""
        self.loss = state["loss"]
        self.epoch = list(state["epoch"])
        self.metrics = dict(state["metrics"])
        copy_numbers(self.kept, state["kept"])


@torch.no_grad()
def copy_numbers(into: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    """Write values into tensors that others hold, such as an optimiser's parameters."""
    for old, new in zip(into, values, strict=True):
        old.copy_(new)
