"""A target's modules for one call, with generated tensors in the empty places.

Every call has modules of its own, which share all but the generated tensors with the target's. So
calls in several threads do not meet, and what is computed anew during the backward pass
(activation checkpoints) finds the tensors of its own call.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor

from diffqas.quantum_train.copies import put
from diffqas.quantum_train.references import REGISTERS, Place, attributes, relinked, slots

_ABSENT = object()


class _Found:
    """Stands for a part that was looked for; callable, as functions of partial ones have to be."""

    def __call__(self) -> None:
        """Nothing is done."""


_FOUND = _Found()

FLAT = ("_flat_weights", "_flat_weight_refs")
"""The second list that torch's recurrent layers keep of their weights."""


@dataclass(frozen=True)
class Holder:
    """An empty place in a module's registers.

    Attributes:
        register: `"_parameters"` or `"_buffers"`.
        leaf: the tensor's name in it.
        place: whose generated tensor belongs there.
    """

    register: str
    leaf: str
    place: Place


@dataclass
class Plan:
    """What has to be put into a target's modules.

    Attributes:
        owner: of the placeholders.
        holders: the empty places of each module, by its path.
        order: names in the registers of these modules, in the target's order, by path and register.
        linked: attributes, by the module's path, that lead to generated tensors or to modules.
    """

    owner: str
    holders: dict[str, list[Holder]]
    order: dict[str, dict[str, list[str]]]
    linked: dict[str, list[str]]

    def owns(self, part: object) -> TypeGuard[Place]:
        """Whether this is one of the placeholders."""
        return isinstance(part, Place) and part.owner == self.owner

    def fill(self, path: str, module: nn.Module, tensors: Callable[[Place], Tensor]) -> None:
        """Put tensors into the empty places of one module, in the target's order."""
        for register in ("_parameters", "_buffers"):
            held = dict(vars(module)[register])
            for holder in self.holders.get(path, ()):
                if holder.register == register:
                    held[holder.leaf] = tensors(holder.place)
            order = self.order.get(path, {}).get(register, ())
            first = {name: held[name] for name in order if name in held}
            vars(module)[register] = first | held


class Shadow:
    """The modules of one call.

    Args:
        root: the target without its generated tensors.
        plan: where they belong.
        tensors: generated tensors by their first names.
    """

    def __init__(self, root: nn.Module, plan: Plan, tensors: Mapping[str, Tensor]) -> None:
        self.plan = plan
        self.parts = [(path, part, _bare(part)) for path, part in root.named_modules()]
        self.twins = {id(part): twin for _, part, twin in self.parts}
        self.originals = {id(twin): part for _, part, twin in self.parts}
        self.tensors = tensors
        self.detached = {name: tensor.detach() for name, tensor in tensors.items()}
        self.places: dict[int, Place] = {}
        for given, attached in ((self.tensors, True), (self.detached, False)):
            for name, tensor in given.items():
                self.places[id(tensor)] = Place(name, plan.owner, attached)
        seen: dict[int, tuple[object, object]] = {}
        for path, part, twin in self.parts:
            children = vars(part)["_modules"]
            vars(twin)["_modules"] = {name: self._into(child) for name, child in children.items()}
            plan.fill(path, twin, self._tensor)
            for name in plan.linked.get(path, ()):
                put(twin, name, relinked(attributes(part)[name], self._into, seen))
            if isinstance(twin, nn.RNNBase):
                flatten(twin)
        self.root = self.twins[id(root)]

    def keep_changes(self) -> None:
        """Let the target remember what the call has changed, as a module does."""
        seen: dict[int, tuple[object, object]] = {}
        for path, part, twin in self.parts:
            skipped = FLAT if isinstance(part, nn.RNNBase) else ()
            # Of most modules nothing has changed, and calls are many: that is found out first.
            for name in _changed(vars(part), vars(twin)) + _changed(slots(part), slots(twin)):
                value = attributes(twin).get(name, _ABSENT)
                if value is _ABSENT:
                    object.__delattr__(part, name)
                elif name not in skipped and not _passing(value):
                    self._keep(path, part, name, relinked(value, self._back, seen))
            for register in REGISTERS:
                if vars(twin)[register]:
                    self._keep_register(path, register, vars(part)[register], vars(twin)[register])

    def _keep(self, path: str, part: nn.Module, name: str, value: object) -> None:
        put(part, name, value)
        linked = self.plan.linked.setdefault(path, [])
        if name not in linked and leads(value, self.plan.owner, self.twins.keys(), {}):
            linked.append(name)

    def _keep_register(
        self, path: str, register: str, part: dict[str, object], twin: dict[str, object]
    ) -> None:
        written = [one.leaf for one in self.plan.holders.get(path, ()) if one.register == register]
        for name, value in twin.items():
            back = self._back(value)
            if part.get(name, _ABSENT) is not back and name not in written and not _passing(value):
                part[name] = back

    def _tensor(self, place: Place) -> Tensor:
        return self.tensors[place.name] if place.attached else self.detached[place.name]

    def _into(self, part: object) -> object:
        if isinstance(part, nn.Module):
            return self.twins.get(id(part), part)
        return self._tensor(part) if self.plan.owns(part) else part

    def _back(self, part: object) -> object:
        if isinstance(part, nn.Module):
            return self.originals.get(id(part), part)
        return self.places.get(id(part), part) if isinstance(part, Tensor) else part


def find_linked(root: nn.Module, owner: str) -> dict[str, list[str]]:
    """Attributes that lead to a placeholder or to a module below `root`, by the module's path."""
    parts = dict(root.named_modules())
    known = {id(part) for part in parts.values()}
    seen: dict[int, tuple[object, object]] = {}
    linked: dict[str, list[str]] = {}
    for path, part in parts.items():
        for name, value in attributes(part).items():
            if leads(value, owner, known, seen):
                linked.setdefault(path, []).append(name)
    return linked


def leads(
    value: object, owner: str, known: Container[int], seen: dict[int, tuple[object, object]]
) -> bool:
    """Whether a value leads to a placeholder or to one of the modules whose `id` is known."""

    def swap(part: object) -> object:
        if isinstance(part, Place):
            return _FOUND if part.owner == owner else part
        return _FOUND if isinstance(part, nn.Module) and id(part) in known else part

    return relinked(value, swap, seen) is not value


def flatten(layer: nn.RNNBase) -> None:
    """Set a recurrent layer's second list of its weights.

    `_init_flat_weights` asks for each weight by name, and asking for a parametrised one computes
    it: a spectral norm would take a step of its iteration. The reference of such a one is dead, as
    it is in torch, so that the layer makes its list anew when it is called.
    """
    weights = [vars(layer)["_parameters"].get(name) for name in layer._flat_weights_names]
    vars(layer)["_flat_weights"] = weights
    vars(layer)["_flat_weight_refs"] = [_reference(weight) for weight in weights]


def _reference(weight: Tensor | None) -> Callable[[], Tensor | None]:
    return _gone if weight is None else weakref.ref(weight)


def _gone() -> None:
    """A reference to what is no more."""


def _changed(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """Names of attributes that are others now, are new, or are gone."""
    names = [name for name, value in after.items() if before.get(name, _ABSENT) is not value]
    if len(before) != len(after) or names:
        names += before.keys() - after.keys()
    return [name for name in names if name not in REGISTERS]


def _bare(module: nn.Module) -> nn.Module:
    """Another module of the same class with the same attributes."""
    twin = object.__new__(type(module))
    vars(twin).update(vars(module))
    for name, value in slots(module).items():
        object.__setattr__(twin, name, value)
    return twin


def _passing(value: object) -> bool:
    """Whether this is a tensor of a transform of `torch.func`, which nothing may keep."""
    return isinstance(value, Tensor) and is_functorch_wrapped_tensor(value)
