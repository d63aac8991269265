"""Deep copies of a module with placeholders for the tensors that are generated."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from diffqas.errors import ArgumentError, require
from diffqas.quantum_train.overlap import overlap
from diffqas.quantum_train.references import Place, attributes, relinked
from diffqas.storage import identity, is_sparse


class Written:
    """The tensors of a target that are generated, and what stands for them in a copy.

    Args:
        tensors: by their first names.
        owner: of the placeholders.
    """

    def __init__(self, tensors: Mapping[str, Tensor], owner: str = "") -> None:
        self._places: dict[Hashable, Place] = {}
        self._areas: dict[int, list[tuple[str, Tensor]]] = {}
        for name, tensor in tensors.items():
            self._places[identity(tensor)] = Place(name, owner, attached=False)
            area = tensor.untyped_storage().data_ptr()
            self._areas.setdefault(area, []).append((name, tensor))

    def place(self, tensor: Tensor) -> Place | None:
        """What stands for a tensor that has the numbers of a generated one; None if it has none.

        Raises:
            ArgumentError: it has some of them only, or in another order.
        """
        place = self._places.get(identity(tensor))
        if place is None and not is_sparse(tensor):
            for name, own in self._areas.get(tensor.untyped_storage().data_ptr(), ()):
                rule = f"keep no view of `{name}` (take it in forward, or `clone()` it)"
                got = f"one of shape {tuple(tensor.shape)}"
                require(not overlap(own, tensor), "target", rule, got)
        return place

    def refuse_array(self, array: np.ndarray) -> None:
        """Refuse a numpy array on the memory of a generated tensor: it could not follow.

        Raises:
            ArgumentError: it lies there.
        """
        for own in self._areas.values():
            for name, tensor in own:
                if tensor.device.type == "cpu" and not is_sparse(tensor):
                    apart = not np.may_share_memory(array, tensor.detach().numpy())
                    rule = f"keep no numpy array on `{name}` (take it in forward, or copy it)"
                    require(apart, "target", rule, f"one of shape {array.shape}")


class Copying(TorchFunctionMode):
    """A mode in which `copy.deepcopy` detaches computed tensors and sets placeholders.

    Torch itself can copy only leaf tensors. But a module may keep tensors that it computed in its
    last pass: an activation, or the weight that a hook computes (pruning, weight_norm).
    """

    def __init__(self, written: Written) -> None:
        super().__init__()
        self.written = written

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.Tensor.__deepcopy__:
            tensor, memo = args
            place = self.written.place(tensor)
            if place is not None:
                return place
            if not tensor.is_leaf:
                args = tensor.detach(), memo
        return func(*args, **(kwargs or {}))


def copied(module: nn.Module, written: Written, places: Mapping[int, Place]) -> nn.Module:
    """A deep copy.

    Args:
        module: any module.
        written: tensors that are not copied.
        places: what is to stand for parameters and buffers, by their `id`.

    Raises:
        ArgumentError: the module holds what cannot be copied.
    """
    memo: dict[int, object] = dict(places)
    try:
        with Copying(written):
            twin = copy.deepcopy(module, memo)
    except ArgumentError:
        raise
    except Exception as error:  # of any kind: attributes may be anything
        reason = " ".join(str(error).split()).rstrip(".")
        kind = type(module).__name__
        raise ArgumentError(
            f"Argument `target` must be a module that copy.deepcopy can copy, but got a {kind} "
            f"({type(error).__name__}: {reason})."
        ) from None
    follow_closures(module, twin, written, places)
    return twin


def refuse_arrays(module: nn.Module, written: Written) -> None:
    """Refuse numpy arrays on the memory of generated tensors, wherever the module keeps them.

    Raises:
        ArgumentError: it keeps one.
    """

    def look(part: object) -> object:
        if isinstance(part, np.ndarray):
            written.refuse_array(part)
        return part

    seen: dict[int, tuple[object, object]] = {}
    for part in module.modules():
        for value in attributes(part).values():
            relinked(value, look, seen)


def follow_closures(
    module: nn.Module, twin: nn.Module, written: Written, places: Mapping[int, Place]
) -> None:
    """Let the copy's functions see the copy: `copy.deepcopy` leaves closures as they are."""
    parts = dict(twin.named_modules())
    twins = {id(part): parts[path] for path, part in module.named_modules() if path in parts}

    def swap(part: object) -> object:
        if isinstance(part, nn.Module):
            return twins.get(id(part), part)
        if not isinstance(part, Tensor):
            return part
        place = places.get(id(part))
        if place is None:
            place = written.place(part)
        return part if place is None else place

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
