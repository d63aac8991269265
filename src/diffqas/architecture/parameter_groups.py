"""Groups of parameters, each kind with its own learning rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from torch import nn

from diffqas.errors import as_number, finite, require

ParameterGroup: TypeAlias = dict[str, Any]
"""A group as `torch.optim` takes it: `name`, `params`, `lr`, and what an optimiser adds to it."""


def trained(
    parameters: Mapping[str, Iterable[nn.Parameter]], rates: Mapping[str, float], lr: float
) -> list[ParameterGroup]:
    """The groups of trainable parameters; frozen parameters and empty groups are left out.

    Args:
        parameters: the parameters of each group, by its name.
        rates: learning rates relative to the base rate, by the same names; 1 where not given.
        lr: the base rate.

    Raises:
        ArgumentError: `lr` is no finite number of at least 0, or a group has tensors that are
            computed from others, as in a pruned layer.

    >>> groups = trained({"head": nn.Linear(2, 1).parameters(), "none": []}, {"head": 3.0}, lr=0.5)
    >>> [(group["name"], len(group["params"]), group["lr"]) for group in groups]
    [('head', 2, 1.5)]
    """
    fits = finite(as_number(lr)) and lr >= 0
    require(fits, "lr", "be a finite number of at least 0", repr(lr))
    groups: list[ParameterGroup] = []
    for name, given in parameters.items():
        free = [parameter for parameter in given if parameter.requires_grad]
        rule = "be trained by its `parameters()` where a hook or a parametrisation makes them"
        made = any(not parameter.is_leaf for parameter in free)
        require(not made, name, rule, "numbers that were computed from others")
        if free:
            groups.append({"name": name, "params": free, "lr": lr * rates.get(name, 1.0)})
    return groups
