"""The first tensor of a seed that holds NaN or infinity, for messages about divergence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from diffqas.optimisers import DirectLockstep, Group, Population

OUTPUTS = "the network's outputs"


@runtime_checkable
class WritesWeights(Protocol):
    """A population that can show the weights of its networks."""

    def generate(self) -> dict[str, Tensor]:
        """Named weights, each (seeds, ...)."""
        ...


@runtime_checkable
class InParts(Protocol):
    """A population of several networks with one gradient for all of them, such as agents."""

    def parts(self) -> Mapping[str, object]:
        """The networks by name."""
        ...

    @property
    def parameters_in_order(self) -> list[Tensor]:
        """Trainable tensors, in the order of the gradient's columns."""
        ...

    def parameter_groups(self, lr: float) -> list[Group]:
        """As `Population.parameter_groups`."""
        ...


@torch.no_grad()
def first_fault(
    population: Population | InParts, seed: int, loss: float, gradient: Tensor | None = None
) -> str:
    """Name the first thing of a seed that is not finite.

    The search follows the computation: trainable tensors come first, then the weights that they
    write, then the gradients. Gradients are looked at only if the loss is finite, because those of
    another loss are all NaN. If all of these are finite, the network's outputs are named.

    Args:
        population: the seeds' models; tensors with one entry per seed.
        seed: the row of the seed, not its number.
        loss: the seed's loss.
        gradient: the gradients (seeds, numbers) of `parameters_in_order`, if the tensors do not
            keep them themselves.

    >>> from diffqas.optimisers import DirectLockstep
    >>> networks = DirectLockstep([nn.Linear(3, 2), nn.Linear(3, 2)])
    >>> networks.stacked[1].data[1] = torch.inf
    >>> first_fault(networks, 0, torch.nan), first_fault(networks, 1, torch.nan)
    ("the network's outputs", 'bias')
    """
    names = _names(population)
    found = _first(((names[id(p)], p) for p in _parameters(population)), seed)
    if found is None:
        found = _first(_weights(population), seed)
    if found is not None:
        return found
    # If the loss is NaN or infinite, so are all gradients, and they tell nothing.
    if not math.isfinite(loss):
        return OUTPUTS
    found = _first(_gradients(population, names, gradient), seed)
    return OUTPUTS if found is None else f"the gradient of {found}"


def _first(named: Iterable[tuple[str, Tensor]], seed: int) -> str | None:
    return next((name for name, tensor in named if not torch.isfinite(tensor[seed]).all()), None)


def _parameters(population: Population | InParts) -> list[Tensor]:
    return [p for group in population.parameter_groups(1.0) for p in group["params"]]


def _names(population: Population | InParts) -> dict[int, str]:
    """Names of the trainable tensors, by `id` of the tensor."""
    names = {id(p): "a trainable tensor" for p in _parameters(population)}
    if isinstance(population, nn.Module):
        names.update((id(p), name) for name, p in population.named_parameters())
    # Networks that are trained directly hold their tensors in a list. A person knows the tensors by
    # the names that they have in the network.
    if isinstance(population, DirectLockstep):
        names.update((id(p), name) for name, p in population.generate().items())
    return names


def _weights(population: Population | InParts) -> Iterator[tuple[str, Tensor]]:
    """The weights that the trainable tensors write, with the words for a message."""
    if isinstance(population, InParts):
        parts = {f"{name}.": part for name, part in population.parts().items()}
    else:
        parts = {"": population}
    for prefix, part in parts.items():
        if isinstance(part, WritesWeights):
            for name, tensor in part.generate().items():
                yield f"the generated weight {prefix}{name}", tensor


def _gradients(
    population: Population | InParts, names: dict[int, str], gradient: Tensor | None
) -> list[tuple[str, Tensor]]:
    """The gradients by the names of their tensors."""
    if gradient is None:
        parameters = _parameters(population)
        return [(names[id(p)], p.grad) for p in parameters if p.grad is not None]
    assert isinstance(population, InParts), "only populations in parts have one flat gradient"
    parameters = population.parameters_in_order
    pieces = gradient.split([p[0].numel() for p in parameters], dim=1)
    return [(names[id(p)], piece) for p, piece in zip(parameters, pieces, strict=True)]
