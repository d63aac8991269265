"""References of a module to its own parts, wherever its attributes keep them.

A module may hold its layers and parameters in more places than torch's registers: lists and dicts,
bound methods of hooks, partial functions, closures, objects of a user's own. Who puts other parts
in their place has to follow all of these, as `copy.deepcopy` does.
"""

from __future__ import annotations

import copy
import functools
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

K = TypeVar("K")

Swap: TypeAlias = Callable[[object], object]
"""Gives what is to stand in an object's place, or the object itself."""

_PLAIN = (
    *(bool, int, float, complex, str, bytes, type(None), type, types.ModuleType, np.ndarray),
    *(Tensor, torch.dtype, torch.device, torch.Size, torch.Generator),
)
"""What refers to no module."""


@dataclass(frozen=True)
class Place:
    """Stands where a module holds a tensor that is generated.

    Attributes:
        name: the tensor's first name.
        owner: whose target it belongs to: the target of a model may hold another model.
        attached: whether gradients flow to it from there. They do not from a tensor that is not the
            parameter itself but shares its numbers, such as a buffer made of `weight.detach()`.
    """

    name: str
    owner: str
    attached: bool = True


def relinked(value: object, swap: Swap, seen: dict[int, tuple[object, object]]) -> object:
    """The value with other parts in it; the same object if it refers to none of them.

    Args:
        value: any object.
        swap: gives the new part for an old one.
        seen: what was found of objects met before, with the objects, by their identity.

    >>> numbers = {"one": [1, 2], "two": (3.5,)}
    >>> relinked(numbers, lambda part: 30.0 if part == 3.5 else part, {})
    {'one': [1, 2], 'two': (30.0,)}
    """
    known = seen.get(id(value))
    if known is not None:
        return known[1]
    new = swap(value)
    if new is not value or isinstance(value, _PLAIN):
        return new
    # What refers to itself meets itself here, unchanged. The object is kept with its result, so
    # that its identity is not given to another one meanwhile.
    seen[id(value)] = value, value
    new = _rebuilt(value, lambda part: relinked(part, swap, seen))
    seen[id(value)] = value, new
    return new


def _rebuilt(value: object, each: Swap) -> object:
    """A container, a callable or an object, with every part as `each` gives it."""
    if isinstance(value, dict):
        return _rebuilt_dict(value, each)
    if isinstance(value, tuple):
        return _rebuilt_tuple(value, each)
    if isinstance(value, (list, deque)):
        return _rebuilt_sequence(value, each)
    if isinstance(value, (set, frozenset)):
        items = [each(item) for item in value]
        return value if _same(items, value) else type(value)(items)
    if isinstance(value, types.MethodType):
        owner = each(value.__self__)
        return value if owner is value.__self__ else types.MethodType(value.__func__, owner)
    if isinstance(value, functools.partial):
        return _rebuilt_partial(value, each)
    if isinstance(value, types.FunctionType):
        return _rebuilt_function(value, each)
    if isinstance(value, weakref.ReferenceType):
        old = value()
        new = each(old)
        return value if new is old else weakref.ref(new)
    return _rebuilt_object(value, each)


def _rebuilt_dict(value: dict[object, object], each: Swap) -> object:
    changes = _changes(value, each)
    if not changes:
        return value
    new = copy.copy(value)
    new.update(changes)
    return new


def _rebuilt_tuple(value: tuple[object, ...], each: Swap) -> object:
    items = [each(item) for item in value]
    if _same(items, value):
        return value
    make = getattr(type(value), "_make", type(value))  # a named tuple is not made of one argument
    return make(items)


def _rebuilt_sequence(value: list[object] | deque[object], each: Swap) -> object:
    items = [each(item) for item in value]
    if _same(items, value):
        return value
    new = copy.copy(value)
    new.clear()
    new.extend(items)
    return new


def _rebuilt_partial(value: functools.partial[object], each: Swap) -> object:
    function = each(value.func)
    args = [each(one) for one in value.args]
    changes = _changes(value.keywords, each)
    if function is value.func and _same(args, value.args) and not changes:
        return value
    assert callable(function)
    new = functools.partial(function, *args, **value.keywords | changes)
    vars(new).update(vars(value))
    return new


def _rebuilt_function(value: types.FunctionType, each: Swap) -> object:
    """A function whose closure holds other objects; `copy.deepcopy` leaves closures as they are."""
    cells = value.__closure__ or ()
    defaults, named = each(value.__defaults__), each(value.__kwdefaults__)
    new_cells = [_rebuilt_cell(cell, each) for cell in cells]
    before = value.__defaults__, value.__kwdefaults__, *cells
    if _same((defaults, named, *new_cells), before):
        return value
    new = types.FunctionType(
        value.__code__, value.__globals__, value.__name__, None, tuple(new_cells)
    )
    new.__defaults__ = defaults if isinstance(defaults, tuple) else None
    new.__kwdefaults__ = named if isinstance(named, dict) else None
    new.__dict__.update(value.__dict__)
    return new


def _rebuilt_cell(cell: types.CellType, each: Swap) -> types.CellType:
    try:
        old = cell.cell_contents
    except ValueError:  # a name that has no value yet
        return cell
    new = each(old)
    return cell if new is old else types.CellType(new)


def _rebuilt_object(value: object, each: Swap) -> object:
    try:
        state = vars(value)
    except TypeError:  # an object without attributes
        return value
    changes = _changes(state, each)
    if not changes:
        return value
    new = copy.copy(value)
    vars(new).update(changes)
    return new


def _changes(values: Mapping[K, object], each: Swap) -> dict[K, object]:
    pairs = [(key, old, each(old)) for key, old in list(values.items())]
    return {key: new for key, old, new in pairs if new is not old}


def _same(items: Iterable[object], others: Iterable[object]) -> bool:
    return all(one is other for one, other in zip(items, others, strict=True))


def attributes(module: nn.Module) -> dict[str, object]:
    """What a module holds besides the parts that are registered, slots included."""
    own = vars(module)
    found = {name: own[name] for name in own if name not in REGISTERS}
    return found | slots(module)


def slots(module: nn.Module) -> dict[str, object]:
    """Values of the slots of a module's class, which most classes have none of."""
    found: dict[str, object] = {}
    for name in _slot_names(type(module)):
        try:
            found[name] = object.__getattribute__(module, name)
        except AttributeError:  # an empty slot
            continue
    return found


@functools.lru_cache(maxsize=1024)
def _slot_names(cls: type) -> tuple[str, ...]:
    names: list[str] = []
    for base in cls.__mro__:
        own = base.__dict__.get("__slots__", ())
        names += [own] if isinstance(own, str) else own
    return tuple(name for name in names if name not in ("__dict__", "__weakref__"))


REGISTERS = ("_parameters", "_buffers", "_modules")
"""Where `nn.Module` keeps what it shows."""
