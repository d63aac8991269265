"""Where numbers stop being numbers: the first tensor of a seed that holds NaN or infinity."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

OUTPUTS = "the network's outputs"


@torch.no_grad()
def first_fault(population: Any, seed: int, loss: float, gradient: Tensor | None = None) -> str:
    """Name of what is not finite first, in the order in which one follows from the other.

    Trainable tensors come first, then the weights that they write, then gradients (of a loss that
    is a number: else all of them are none); if all are sound, it is what the network makes of its
    inputs.

    Args:
        population: the seeds' models; tensors with one entry per seed.
        seed: row of the seed.
        loss: of the seed.
        gradient: (seeds, numbers) over `parameters_in_order`, where gradients are not kept by the
            tensors.

    >>> from diffqas.optimisers import DirectLockstep
    >>> networks = DirectLockstep([nn.Linear(3, 2), nn.Linear(3, 2)])
    >>> networks.stacked[1].data[1] = torch.inf
    >>> first_fault(networks, 0, torch.nan), first_fault(networks, 1, torch.nan)
    ("the network's outputs", 'bias')
    """
    names = _names(population)
    found = _first(((names[id(p)], p) for p in _parameters(population)), seed)
    found = found or _first(_weights(population), seed)
    if found or not math.isfinite(loss):
        return found or OUTPUTS
    if gradient is not None:
        parameters = population.parameters_in_order
        parts = gradient.split([p[0].numel() for p in parameters], dim=1)
        named = [(names[id(p)], part) for p, part in zip(parameters, parts, strict=True)]
    else:
        named = [(names[id(p)], p.grad) for p in _parameters(population) if p.grad is not None]
    found = _first(named, seed)
    return f"the gradient of {found}" if found else OUTPUTS


def _first(named: Iterable[tuple[str, Tensor]], seed: int) -> str | None:
    return next((name for name, tensor in named if not torch.isfinite(tensor[seed]).all()), None)


def _parameters(population: Any) -> list[Tensor]:
    return [p for group in population.parameter_groups(1.0) for p in group["params"]]


def _names(population: Any) -> dict[int, str]:
    """Names of the trainable tensors by identity; those of the networks themselves, where they are
    trained directly.
    """
    own = (
        {id(p): name for name, p in population.generate().items()}
        if hasattr(population, "stacked")
        else {}
    )
    named = (
        {id(p): name for name, p in population.named_parameters()}
        if isinstance(population, nn.Module)
        else {}
    )
    return {id(p): "a trainable tensor" for p in _parameters(population)} | named | own


def _weights(population: Any) -> list[tuple[str, Tensor]]:
    parts: dict[str, Any] = {"": population}
    if hasattr(population, "policy"):
        parts = {"policy.": population.policy, "value.": population.value}
    return [
        (f"the generated weight {prefix}{name}", tensor)
        for prefix, part in parts.items()
        if hasattr(part, "generate")
        for name, tensor in part.generate().items()
    ]
