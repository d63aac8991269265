"""The numbers of an optimiser's groups as one vector."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import torch
from torch import Tensor

from diffqas.errors import as_number, finite, require

Parameters: TypeAlias = Iterable[Tensor] | Iterable[dict[str, Any]]
"""What `torch.optim` takes: tensors, or groups of them."""


class FlatOptimizer(torch.optim.Optimizer):
    """Base of optimisers that take all their numbers together, as one vector.

    Its groups are those that it is made with.

    Args:
        params: tensors or groups of them.
        defaults: entries of groups that have none of their own.
        most: numbers that it can hold.

    Raises:
        ArgumentError: a rate that is no number of at least zero, or too many numbers.
    """

    def __init__(self, params: Parameters, defaults: dict[str, Any], most: int) -> None:
        self._complete = False
        super().__init__(params, defaults)
        self._complete = True
        for group in self.param_groups:
            rate = group["lr"]
            fits = finite(as_number(rate)) and rate >= 0
            require(fits, "lr", "be a finite number of at least 0 in every group", rate)
        count = sum(number.numel() for number in self._numbers())
        require(1 <= count <= most, "params", f"hold at most {most:,} numbers", f"{count:,}")

    def _numbers(self) -> list[Tensor]:
        return [number for group in self.param_groups for number in group["params"]]

    def _spread(self, key: str) -> Tensor:
        """An entry of each group, for every number of it, (count,) in float64."""
        parts = [
            _filled(number, group[key]) for group in self.param_groups for number in group["params"]
        ]
        return torch.cat(parts)

    def _move(self, change: Tensor) -> None:
        """Add a vector (count,) to the numbers."""
        numbers = self._numbers()
        parts = change.split([number.numel() for number in numbers])
        for number, part in zip(numbers, parts, strict=True):
            number.add_(part.view_as(number).to(number.dtype))

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group while the optimiser is made."""
        require(not self._complete, "param_group", "be given at the start", "another group")
        super().add_param_group(param_group)


def _filled(like: Tensor, value: float | Tensor) -> Tensor:
    """A number of the host, or one () on the device, as often as there are numbers in `like`."""
    if isinstance(value, Tensor):
        return value.to(like.device, torch.float64).expand(like.numel())
    return torch.full((like.numel(),), value, dtype=torch.float64, device=like.device)
