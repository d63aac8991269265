"""The generated tensors of a target network, and their places in the flat vector of weights."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from diffqas.errors import choose, require
from diffqas.quantum_train.sound_target import check_memory, check_target, check_written
from diffqas.storage import identity


@dataclass(frozen=True)
class Slot:
    """One generated tensor.

    Attributes:
        names: all its names, several if it is tied.
        shape: of the tensor.
        padding: of an embedding the row that stays zero, as `padding_idx` has it; None: there is
            none.
    """

    names: tuple[str, ...]
    shape: tuple[int, ...]
    padding: int | None = None

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
            if slot.padding is not None:
                rows = torch.arange(slot.shape[0], device=flat.device).unsqueeze(-1)
                tensor = torch.where(rows == slot.padding, 0.0, tensor)
            result |= dict.fromkeys(slot.names, tensor)
        return result


def find_layout(target: nn.Module, patterns: str | Iterable[str] | None = None) -> Layout:
    """Find the tensors of `target` to generate: those that need a gradient or match `patterns`.

    Parameters that have the same numbers in the same memory count as one tensor, which is tied.

    Args:
        target: any module; it is only read.
        patterns: names or shell-style patterns of parameters; None means all that require a
            gradient.

    Raises:
        ArgumentError: there is nothing to generate, a pattern matches no parameter, or parameters
            cannot be written, such as those that share a part of their memory.
    """
    check_target(target)
    named = list(target.named_parameters(remove_duplicate=False))
    if patterns is None:
        chosen = {id(tensor) for _, tensor in named if tensor.requires_grad}
    else:
        chosen = set(_matching(named, patterns))
    written = [(name, tensor) for name, tensor in named if id(tensor) in chosen]
    names: dict[Hashable, list[str]] = {}
    tensors: dict[Hashable, Tensor] = {}
    for name, tensor in written:
        key = identity(tensor)
        names.setdefault(key, []).append(name)
        tensors[key] = tensor
    slots = [
        Slot(tuple(own), tuple(tensors[key].shape), _padding(target, own, tensors[key]))
        for key, own in names.items()
    ]
    layout = Layout(tuple(slots))
    require(layout.size > 0, "target", "have at least one trainable parameter", "none")
    check_written(written)
    check_memory(target, dict(written))
    return layout


def _matching(named: Sequence[tuple[str, Tensor]], patterns: str | Iterable[str]) -> Iterator[int]:
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        matches = [id(tensor) for name, tensor in named if fnmatchcase(name, pattern)]
        if not matches:
            choose(pattern, [name for name, _ in named], "parameters")
        yield from matches


def _padding(target: nn.Module, names: Sequence[str], tensor: Tensor) -> int | None:
    """The row that no gradient reaches, because every place of the tensor is such an embedding.

    A tensor that is tied to another layer is trained there, its padding row too.
    """
    rows = {_padding_index(target, name) for name in names}
    row = rows.pop()
    if rows or row is None or tensor.is_meta:
        return None
    rule = f"have zeros in row {row} of `{names[0]}`, which is for padding"
    require(not tensor.detach()[row].any(), "target", rule, "other numbers")
    return row


def _padding_index(target: nn.Module, name: str) -> int | None:
    path, _, leaf = name.rpartition(".")
    owner = target.get_submodule(path)
    # Of a pruned embedding it is `weight_orig`.
    if isinstance(owner, (nn.Embedding, nn.EmbeddingBag)) and leaf.startswith("weight"):
        return owner.padding_idx
    return None
