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
    """Models of a front, a searched layer and a head, as actor-critic training calls networks."""

    def generate(self) -> Weights:
        """Nothing: circuits write no weights here, every number is the networks' own."""
        return {}

    def call(self, tensors: Weights, inputs: Tensor, /, *, own: bool = False) -> Tensor:
        """Outputs of every seed; with `own`, of inputs (seeds, ...)."""
        return self.of_own(inputs) if own else self(inputs)


def circuit_networks(
    task: Task, settings: ModelSettings, seeds: Sequence[int], circuit: VQCKind
) -> tuple[CircuitNetworks, list[HybridModel]]:
    """Policies, or values, of fresh agents, one per seed.

    Args:
        task: `EnvironmentTask.network("policy")`, or of `"value"`.
        settings: of the circuits.
        seeds: they decide the start.
        circuit: front, searched layer and head of each.

    Raises:
        ArgumentError: sizes that no layer has.
    """
    models = circuit.models(task, settings, seeds)
    for model in models:
        _begin_near_zero(model.head)
    return CircuitNetworks(models), models


@torch.no_grad()
def _begin_near_zero(head: nn.Module) -> None:
    """Shrink the start of a linear head: first actions are nearly uniform, and values small."""
    if isinstance(head, nn.Linear):
        for number in head.parameters():
            number.mul_(POLICY_HEAD)
