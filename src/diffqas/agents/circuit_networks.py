"""Policies and values that are circuits themselves, several seeds as one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from diffqas.agents.networks import Weights
from diffqas.agents.task import POLICY_HEAD
from diffqas.kinds import VQCKind
from diffqas.layers import HybridLockstep, HybridModel
from diffqas.tasks import Task
from diffqas.training import ModelSettings


class CircuitNetworks(HybridLockstep):
    """Models of a front, a searched layer and a head, called as actor-critic training does."""

    def generate(self) -> Weights:
        """An empty mapping, because circuits write no weights here."""
        return {}

    def call(self, tensors: Weights, inputs: Tensor, /, *, own: bool = False) -> Tensor:
        """Outputs of every seed; with `own` each seed has inputs of its own, (seeds, ...)."""
        return self.of_own(inputs) if own else self(inputs)


def circuit_networks(
    task: Task, settings: ModelSettings, seeds: Sequence[int], circuit: VQCKind
) -> tuple[CircuitNetworks, list[HybridModel]]:
    """Make the policies, or the values, of fresh agents, one per seed.

    Args:
        task: `EnvironmentTask.network("policy")` or `EnvironmentTask.network("value")`.
        settings: the settings of the circuits.
        seeds: the seeds, which decide the start.
        circuit: the choices for front, searched layer and head of each network.

    Raises:
        ArgumentError: no layer has the sizes that are asked for.
    """
    models = circuit.models(task, settings, seeds)
    for model in models:
        _begin_near_zero(model.head)
    return CircuitNetworks(models), models


@torch.no_grad()
def _begin_near_zero(head: nn.Module) -> None:
    """Shrink a linear head, so that first actions are nearly uniform and first values small."""
    if isinstance(head, nn.Linear):
        for number in head.parameters():
            number.mul_(POLICY_HEAD)
