"""Deep copies of a module with placeholders for the tensors that are generated."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from diffqas.errors import ArgumentError
from diffqas.quantum_train.references import Place, attributes, relinked
from diffqas.storage import identity


class Copying(TorchFunctionMode):
    """While it is active, `copy.deepcopy` detaches what was computed and sets placeholders.

    As torch has it, only leaves can be copied. A module may keep what it computed in its last
    pass: an activation, or the weight that a hook makes of its parts (pruning, weight_norm).

    Args:
        written: placeholders of the generated tensors by their identity, for other tensors that
            share their numbers.
    """

    def __init__(self, written: Mapping[Hashable, Place]) -> None:
        super().__init__()
        self.written = written

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.Tensor.__deepcopy__:
            tensor, memo = args
            place = self.written.get(identity(tensor))
            if place is not None:
                return place
            if not tensor.is_leaf:
                args = tensor.detach(), memo
        return func(*args, **(kwargs or {}))


def copied(
    module: nn.Module, written: Mapping[Hashable, Place], places: Mapping[int, Place]
) -> nn.Module:
    """A deep copy.

    Args:
        module: any module.
        written: as of `Copying`.
        places: what is to stand for parameters and buffers, by their `id`.

    Raises:
        ArgumentError: the module holds what cannot be copied.
    """
    memo: dict[int, object] = dict(places)
    try:
        with Copying(written):
            twin = copy.deepcopy(module, memo)
    except Exception as error:  # of any kind: attributes may be anything
        reason = " ".join(str(error).split()).rstrip(".")
        kind = type(module).__name__
        raise ArgumentError(
            f"Argument `target` must be a module that copy.deepcopy can copy, but got a {kind} "
            f"({type(error).__name__}: {reason})."
        ) from None
    follow_closures(module, twin, places)
    return twin


def follow_closures(module: nn.Module, twin: nn.Module, places: Mapping[int, Place]) -> None:
    """Let the copy's functions see the copy: `copy.deepcopy` leaves closures as they are."""
    parts = dict(twin.named_modules())
    twins = {id(part): parts[path] for path, part in module.named_modules() if path in parts}

    def swap(part: object) -> object:
        if isinstance(part, nn.Module):
            return twins.get(id(part), part)
        if isinstance(part, Tensor):
            return places.get(id(part), part)
        return part

    seen: dict[int, tuple[object, object]] = {}
    for part in parts.values():
        for name, value in attributes(part).items():
            new = relinked(value, swap, seen)
            if new is not value:
                put(part, name, new)


def put(module: nn.Module, name: str, value: object) -> None:
    """Set an attribute past `nn.Module`'s own rules, which would register tensors and modules."""
    if name in vars(module):
        vars(module)[name] = value
    else:
        object.__setattr__(module, name, value)
