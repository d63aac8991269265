"""The generated tensors of a target network, and their places in the flat vector of weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from diffqas.errors import choose, require


@dataclass(frozen=True)
class Slot:
    """One generated tensor: all its names (several if tied) and its shape."""

    names: tuple[str, ...]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of weights."""
        return int(torch.Size(self.shape).numel())


@dataclass(frozen=True)
class Layout:
    """The generated tensors in the target's order.

    >>> layout = find_layout(nn.Linear(3, 2))
    >>> [(slot.names, slot.size) for slot in layout.slots], layout.size
    ([(('weight',), 6), (('bias',), 2)], 8)
    """

    slots: tuple[Slot, ...]

    @property
    def size(self) -> int:
        """p: number of generated weights, tied ones counted once."""
        return sum(slot.size for slot in self.slots)

    @property
    def sizes(self) -> list[int]:
        """Number of weights of each tensor."""
        return [slot.size for slot in self.slots]

    def tensors(self, flat: Tensor) -> dict[str, Tensor]:
        """Cut flat weights (..., p) into the target's tensors, one entry per name."""
        result: dict[str, Tensor] = {}
        for slot, part in zip(self.slots, flat.split(self.sizes, dim=-1), strict=True):
            tensor = part.reshape((*flat.shape[:-1], *slot.shape))
            result |= dict.fromkeys(slot.names, tensor)
        return result


def find_layout(target: nn.Module, patterns: str | Iterable[str] | None = None) -> Layout:
    """Tensors of `target` to be generated: those that require a gradient or match `patterns`.

    Args:
        target: any module; it is only read.
        patterns: names or shell-style patterns of parameters; None means all that require a
            gradient.

    Raises:
        ArgumentError: not a module, nothing to generate, or a pattern that matches no parameter.
    """
    require(isinstance(target, nn.Module), "target", "be a torch.nn.Module", type(target).__name__)
    named = list(target.named_parameters(remove_duplicate=False))
    if patterns is None:
        chosen = {id(tensor) for _, tensor in named if tensor.requires_grad}
    else:
        chosen = set()
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            matches = {id(tensor) for name, tensor in named if fnmatchcase(name, pattern)}
            if not matches:
                choose(pattern, [name for name, _ in named], "parameters")
            chosen |= matches
    names: dict[int, list[str]] = {}
    tensors: dict[int, Tensor] = {}
    for name, tensor in named:
        if id(tensor) in chosen:
            names.setdefault(id(tensor), []).append(name)
            tensors[id(tensor)] = tensor
    layout = Layout(tuple(Slot(tuple(names[key]), tuple(tensors[key].shape)) for key in names))
    require(layout.size > 0, "target", "have at least one trainable parameter", "none")
    return layout
