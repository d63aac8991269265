"""The numbers of an optimiser's groups as one vector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeAlias

import torch
from torch import Tensor

from diffqas.errors import as_number, finite, require

Parameters: TypeAlias = Iterable[Tensor] | Iterable[dict[str, Any]]
"""What `torch.optim` takes: tensors, or groups of them."""


class FlatOptimizer(torch.optim.Optimizer):
    """Base class of optimisers that take all their numbers together, as one vector.

    Groups cannot be added later. Copies and pickles include all that the optimiser has learnt, and
    continue as it would.

    Args:
        params: tensors or groups of them.
        defaults: the entries of groups that have none of their own.
        most: the most numbers that it can hold.

    Raises:
        ArgumentError: a rate is no number of at least 0, a number is complex, or there are no
            numbers or too many.
    """

    own: ClassVar[tuple[str, ...]]
    """The attributes that a copy needs in addition to those that torch copies."""

    def __init__(self, params: Parameters, defaults: dict[str, Any], most: int) -> None:
        self._complete = False
        super().__init__(params, defaults)
        self._complete = True
        for group in self.param_groups:
            rate = group["lr"]
            fits = finite(as_number(rate)) and rate >= 0
            require(fits, "lr", "be a finite number of at least 0 in every group", rate)
        for number in self._numbers():
            require(not number.is_complex(), "params", "be real numbers", number.dtype)
        count = sum(number.numel() for number in self._numbers())
        require(1 <= count <= most, "params", f"hold at most {most:,} numbers", f"{count:,}")

    def __getstate__(self) -> dict[str, Any]:
        # Torch's method has its own attributes only: a copy would lack all that was learnt.
        learnt = {name: vars(self)[name] for name in ("_complete", *self.own)}
        return super().__getstate__() | learnt

    def _load(self, state_dict: Mapping[str, Any], shared: Mapping[str, object]) -> dict[str, Any]:
        """Load the groups of a state, and return the part that all numbers share.

        Args:
            state_dict: the state to load.
            shared: the shared part of this optimiser's own state, for comparison.

        Raises:
            ArgumentError: the state belongs to another optimiser, or to other numbers.
        """
        name = type(self).__name__
        found = state_dict.get("shared")
        alike = isinstance(found, dict) and found.keys() == shared.keys()
        require(alike, "state_dict", f"be that of a {name}", "that of another optimiser")
        assert isinstance(found, dict)
        for key, tensor in shared.items():
            if isinstance(tensor, Tensor):
                rule = f"be that of a {name} of as many numbers: {key} of shape {_shape(tensor)}"
                same = _shape(found[key]) == _shape(tensor)
                require(same, "state_dict", rule, f"the shape {_shape(found[key])}")
        # Not all of it through torch, which would round what is kept in float64 to the parameters'
        # dtype.
        super().load_state_dict({key: state_dict[key] for key in ("state", "param_groups")})
        return found

    def _numbers(self) -> list[Tensor]:
        return [number for group in self.param_groups for number in group["params"]]

    def _spread(self, key: str) -> Tensor:
        """An entry of the groups, repeated for every number of its group, (count,) in float64."""
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
        """Add a group while the optimiser is made.

        Raises:
            ArgumentError: the optimiser is complete already.
        """
        require(not self._complete, "param_group", "be given at the start", "another group")
        super().add_param_group(param_group)


def pair(values: object) -> bool:
    """Whether this is a tuple or list of two values.

    >>> pair((0.9, 0.999)), pair(0.9), pair("ab"), pair((1, 2, 3))
    (True, False, False, False)
    """
    return isinstance(values, (tuple, list)) and len(values) == 2


def dense(gradient: Tensor) -> Tensor:
    """A gradient with all its entries, also those of `nn.Embedding(sparse=True)`."""
    return gradient if gradient.layout is torch.strided else gradient.to_dense()


def _shape(value: object) -> tuple[int, ...] | None:
    """The shape of a tensor; None of anything else."""
    return tuple(value.shape) if isinstance(value, Tensor) else None


def _filled(like: Tensor, value: float | Tensor) -> Tensor:
    """A number of the host, or one () on the device, as often as there are numbers in `like`."""
    if isinstance(value, Tensor):
        return value.to(like.device, torch.float64).expand(like.numel())
    return torch.full((like.numel(),), value, dtype=torch.float64, device=like.device)
