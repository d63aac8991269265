"""Typed choices as JSON and back: frozen dataclasses by their class name; nothing is executed.

A class declares that it can be stored by the decorator `storable`, so this module need not know any
of them. A family whose members cannot be made from their fields alone, such as a user's own
circuits, registers functions of its own by `store_by`.

`encode_value` and `decode_value` are for any file. `encode` and `decode` are for the files of runs,
and their errors speak of the run folder.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias, TypeVar, get_type_hints

from diffqas.errors import ArgumentError, DataError, DiffqasError, RunError

Json: TypeAlias = dict[str, Any]
"""A JSON object as Python reads it: what a file holds before it has been checked."""
JsonView: TypeAlias = Mapping[str, Any]
"""A JSON object that is only read."""
State: TypeAlias = dict[str, Any]
"""What a `state_dict` holds: tensors, numbers and plain containers by their names."""

T = TypeVar("T")

CLASSES: dict[str, type] = {}
"""Every storable class by its name, filled by `storable`."""


@dataclass(frozen=True)
class _Family:
    """How instances of a base class are stored.

    Attributes:
        base: the class whose instances are meant.
        mark: what stands under `is` in their JSON objects.
        encode: instance -> JSON object.
        decode: JSON object -> instance.
    """

    base: type
    mark: str
    encode: Callable[[Any], Json]
    decode: Callable[[Json], Any]


_FAMILIES: list[_Family] = []


def storable(cls: type[T]) -> type[T]:
    """Let `encode_value` and `decode_value` know a frozen dataclass by its name (a decorator)."""
    CLASSES[cls.__name__] = cls
    return cls


def store_by(
    base: type[T],
    mark: str,
    encode: Callable[[T], Json],
    decode: Callable[[Json], T],
) -> None:
    """Store instances of `base` that are not storable themselves by functions of their own.

    Args:
        base: the class whose instances are meant.
        mark: what stands under `is` in their JSON objects.
        encode: instance -> JSON object, the mark among it.
        decode: JSON object -> instance.
    """
    _FAMILIES.append(_Family(base, mark, encode, decode))


def encode_value(value: object) -> Any:
    """Encode a value as JSON: a dataclass becomes an object with its class name under `is`.

    Tuples become lists. Fields that do not count in comparisons are left out.

    Raises:
        ArgumentError: an object is neither storable nor a plain value.

    >>> from diffqas.quantum_train import Rates
    >>> encode_value(Rates(angles=3.0))
    {'is': 'Rates', 'angles': 3.0, 'structure': 1.0, 'mapping': 1.0}
    """
    if is_dataclass(value) and type(value).__name__ in CLASSES:
        encoded: Json = {"is": type(value).__name__}
        for field in fields(value):
            if field.compare:  # one that does not count in comparisons is no choice
                encoded[field.name] = encode_value(getattr(value, field.name))
        return encoded
    for family in _FAMILIES:
        if isinstance(value, family.base):
            return family.encode(value)
    if isinstance(value, (list, tuple)):
        return [encode_value(entry) for entry in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ArgumentError(f"A file cannot store {value!r}: use the choices that diffqas names.")


def decode_value(value: Any) -> Any:
    """Undo `encode_value`; every list becomes a tuple.

    Raises:
        DataError: an unknown class, or fields that do not fit: somebody edited the file, or another
            version wrote it.

    >>> from diffqas.circuits import Candidate
    >>> candidate = Candidate(rotation=("rz", "ry"))
    >>> decode_value(encode_value(candidate)) == candidate
    True
    """
    if isinstance(value, list):
        return tuple(decode_value(entry) for entry in value)
    if not isinstance(value, dict):
        return value
    try:
        return _make(value)
    except (KeyError, TypeError, ValueError, RecursionError, DiffqasError) as error:
        raise DataError(str(error)) from None


def _make(value: Json) -> Any:
    """The instance that a JSON object stands for.

    Raises:
        TypeError: the class is not known.
    """
    mark = value.get("is")
    for family in _FAMILIES:
        if mark == family.mark:
            return family.decode(value)
    cls = CLASSES.get(str(mark))
    if cls is None or not is_dataclass(cls):
        raise TypeError(f"unknown kind {mark!r}")
    parts = {key: decode_value(part) for key, part in value.items() if key != "is"}
    # A class may know how older versions wrote it.
    upgraded = getattr(cls, "upgraded", None)
    if upgraded is not None:
        parts = upgraded(parts)
    return typed(cls, parts)


def typed(cls: type[T], values: Json) -> T:
    """Make a dataclass from values, which must have the types of its fields.

    Raises:
        TypeError: a value of another type, or a field that is unknown or missing.

    >>> from diffqas.quantum_train import Rates
    >>> typed(Rates, {"angles": "fast"})
    Traceback (most recent call last):
        ...
    TypeError: angles: str is neither float or int
    """
    from typeguard import CollectionCheckStrategy, TypeCheckError, check_type

    hints = get_type_hints(cls)
    every = CollectionCheckStrategy.ALL_ITEMS  # not the first alone
    for name, value in values.items():
        expected = hints.get(name, Any)  # an unknown field is an error of the class itself, below
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of hints that cannot be resolved
                check_type(value, expected, collection_check_strategy=every)
        except TypeCheckError as error:
            raise TypeError(f"{name}: {' '.join(str(error).split())}") from None
    return cls(**values)


def encode(value: object) -> Any:
    """Encode a choice for the files of a run, as `encode_value` does.

    Raises:
        RunError: an object is neither storable nor a plain value.
    """
    try:
        return encode_value(value)
    except ArgumentError as error:
        raise RunError(str(error).replace("A file", "A run folder", 1)) from None


def decode(value: Any) -> Any:
    """Undo `encode`; every list becomes a tuple.

    Raises:
        RunError: an unknown class, or fields that do not fit: somebody edited the file, or another
            version wrote it.
    """
    try:
        return decode_value(value)
    except DataError as error:
        raise RunError(
            f"The run's config.json does not fit this version of diffqas: {error}"
        ) from None
