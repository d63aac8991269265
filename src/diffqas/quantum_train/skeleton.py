"""A target network without the tensors that are generated for it."""

from __future__ import annotations

import copy
import inspect
import threading
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from diffqas.quantum_train.copies import (
    Copying,
    Written,
    copied,
    follow_closures,
    put,
    refuse_arrays,
)
from diffqas.quantum_train.handed import handed
from diffqas.quantum_train.layout import Layout
from diffqas.quantum_train.references import Place, attributes, relinked
from diffqas.quantum_train.shadow import Holder, Plan, Shadow, find_linked, flatten
from diffqas.storage import Json

_IN_PLACE = threading.RLock()
"""Held while a compiled target has generated tensors: it is one object for all threads."""


class Skeleton(nn.Module):
    """A copy of a target's structure, buffers and frozen parameters, without generated tensors.

    They are not registered parameters here: `parameters()` and `state_dict()` do not show them.
    """

    def __init__(self, target: nn.Module, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self._text = repr(target)  # a module without its weights may not be able to describe itself
        named = dict(target.named_parameters(remove_duplicate=False))
        owner = uuid.uuid4().hex
        written = Written({slot.names[0]: named[slot.names[0]] for slot in layout.slots}, owner)
        attached = {id(named[name]) for slot in layout.slots for name in slot.names}
        holders: dict[str, list[Holder]] = {}
        order: dict[str, dict[str, list[str]]] = {}
        places: dict[int, Place] = {}
        for path, module in target.named_modules():
            for register in ("_parameters", "_buffers"):
                for leaf, tensor in vars(module)[register].items():
                    place = None if tensor is None else written.place(tensor)
                    if place is None:
                        continue
                    place = replace(place, attached=id(tensor) in attached)
                    places[id(tensor)] = place
                    holders.setdefault(path, []).append(Holder(register, leaf, place))
                    order.setdefault(path, {})[register] = list(vars(module)[register])
        refuse_arrays(target, written)
        self.module = copied(target, written, places)
        for path, own in holders.items():
            registers = vars(self.module.get_submodule(path))
            for holder in own:
                registers[holder.register].pop(holder.leaf, None)
        self._forget()
        self._plan = Plan(owner, holders, order, find_linked(self.module, owner))
        # Parameters that are not generated stay as they are.
        self._trainable = [
            name for name, tensor in self.module.named_parameters() if tensor.requires_grad
        ]
        self.module.requires_grad_(False)

    def call(self, tensors: Mapping[str, Tensor], args: tuple[Any, ...], kwargs: Json) -> Any:
        """Run the target with `tensors` in the empty places."""
        names = [slot.names[0] for slot in self.layout.slots]
        given = handed([tensors[name] for name in names])
        inside = dict(zip(names, given, strict=True))
        if torch.compiler.is_compiling() or self._compiled():
            return self._call_in_place(inside, args, kwargs)
        shadow = Shadow(self.module, self._plan, inside)
        result = shadow.root(*args, **kwargs)
        # Not after an error: a call that is tried in another way has changed nothing.
        shadow.keep_changes()
        return result

    def signature(self) -> inspect.Signature:
        """That of the target's forward."""
        return inspect.signature(self.module.forward)

    def filled(self, tensors: Mapping[str, Tensor]) -> nn.Module:
        """A plain copy of the target with `tensors` baked in as parameters; tied ones stay tied."""
        plain = copied(self.module, Written({}), {})
        for name in self._trainable:
            plain.get_parameter(name).requires_grad_(True)
        names = [slot.names[0] for slot in self.layout.slots]
        baked = {name: nn.Parameter(tensors[name].detach().clone()) for name in names}

        def tensor(place: Place) -> Tensor:
            return baked[place.name] if place.attached else baked[place.name].detach()

        def swap(part: object) -> object:
            return tensor(part) if self._plan.owns(part) else part

        seen: dict[int, tuple[object, object]] = {}
        for path, module in plain.named_modules():
            self._plan.fill(path, module, tensor)
            for leaf, held in vars(module)["_parameters"].items():
                if held is not None and not isinstance(held, nn.Parameter):
                    # A frozen parameter on the memory of a written one.
                    vars(module)["_parameters"][leaf] = nn.Parameter(held, requires_grad=False)
            for name, value in attributes(module).items():
                new = relinked(value, swap, seen)
                if new is not value:
                    put(module, name, new)
            if isinstance(module, nn.RNNBase):
                flatten(module)
        return plain

    def __repr__(self) -> str:
        return self._text

    def __deepcopy__(self, memo: dict[int, object]) -> Skeleton:
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        with Copying(Written({})):
            vars(twin).update(copy.deepcopy(vars(self), memo))
        follow_closures(self.module, twin.module, Written({}), {})
        return twin

    def _compiled(self) -> bool:
        """Whether `torch.compile` has code for the target or a part of it."""
        # Such code belongs to the very objects that it was made of.
        for module in self.module.modules():
            if "_compiled_call_impl" in vars(module) or "_orig_mod" in vars(module)["_modules"]:
                return True
        return False

    def _call_in_place(
        self, inside: Mapping[str, Tensor], args: tuple[Any, ...], kwargs: Json
    ) -> Any:
        held: dict[str, Tensor] = {}
        for path, holders in self._plan.holders.items():
            for holder in holders:
                tensor = inside[holder.place.name]
                name = f"{path}.{holder.leaf}".removeprefix(".")
                held[name] = tensor if holder.place.attached else tensor.detach()
        with _IN_PLACE:
            try:
                return torch.func.functional_call(
                    self.module, held, args, kwargs, tie_weights=False
                )
            finally:
                self._forget()

    def _forget(self) -> None:
        # torch's recurrent layers keep a second list of their weights, which would hold on to old
        # tensors.
        for module in self.module.modules():
            if isinstance(module, nn.RNNBase):
                flatten(module)
