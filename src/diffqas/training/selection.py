"""Which epoch a training ends with, if not the last: chosen on held-out training samples, seed by
seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from diffqas.errors import require
from diffqas.optimisers import Population


class BestEpoch:
    """Keeps the numbers and figures of each seed's epoch with the smallest validation loss.

    Raises:
        ArgumentError: a target with buffers: they belong to all epochs, the kept numbers to one.
    """

    def __init__(self, population: Population, seeds: int) -> None:
        self.parameters = [p for group in population.parameter_groups(1.0) for p in group["params"]]
        targets = getattr(population, "targets", [])
        buffers = [name for target in targets for name, _ in target.named_buffers()]
        require(not buffers, "select", "be final for a target with buffers", ", ".join(buffers[:3]))
        self.loss = torch.full((seeds,), torch.inf, dtype=torch.float64)
        self.epoch = [0] * seeds
        self.metrics: dict[str, list[float]] = {}
        self.kept = [parameter.detach().clone() for parameter in self.parameters]

    def consider(self, epoch: int, losses: Tensor, metrics: dict[str, list[float]]) -> None:
        """Look at the figures after an epoch; on a tie the earlier epoch stays."""
        better = (losses.double().cpu() < self.loss).nonzero().flatten().tolist()
        for index in better:
            self.loss[index], self.epoch[index] = losses[index].item(), epoch
            for kept, parameter in zip(self.kept, self.parameters, strict=True):
                kept[index] = parameter.detach()[index]
            for name, values in metrics.items():
                self.metrics.setdefault(name, [torch.nan] * len(values))[index] = values[index]

    @torch.no_grad()
    def restore(self) -> dict[str, list[float]]:
        """Give the population the kept numbers; returns their figures and `selected_epoch`."""
        _copy(self.parameters, self.kept)
        return self.metrics | {"selected_epoch": [float(epoch) for epoch in self.epoch]}

    def state_dict(self) -> dict[str, Any]:
        """What is kept so far."""
        return {"loss": self.loss, "epoch": self.epoch, "metrics": self.metrics, "kept": self.kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave."""
        self.loss, self.epoch, self.metrics = (
            state["loss"],
            list(state["epoch"]),
            dict(state["metrics"]),
        )
        _copy(self.kept, state["kept"])


def _copy(into: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    for old, new in zip(into, values, strict=True):
        old.copy_(new)
