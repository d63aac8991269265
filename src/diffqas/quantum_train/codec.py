"""Choices as JSON and back: frozen dataclasses by their class name, nothing is ever executed."""

from __future__ import annotations

import warnings
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

from typeguard import CollectionCheckStrategy, TypeCheckError, check_type

from diffqas.architecture import Gumbel, Layers, Raw, Shots, Softmax
from diffqas.circuits import Ansatz, Candidate, QasmAnsatz
from diffqas.circuits.ansatz import REGISTERED, StoredAnsatz, import_path
from diffqas.errors import ArgumentError, DataError, DiffqasError
from diffqas.quantum_train.mapping import LinearMapping
from diffqas.quantum_train.mlp_mapping import MLPMapping
from diffqas.quantum_train.recipe import Rates, Recipe
from diffqas.quantum_train.scale import DimensionScale, RawScale, TanhScale
from diffqas.quantum_train.tensor_train import TensorTrainMapping

T = TypeVar("T")

ANSATZ = "Ansatz"
"""What a circuit of one's own is stored as if its class is registered."""

CLASSES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        *(Recipe, Rates, Candidate, QasmAnsatz, StoredAnsatz),
        *(Raw, Softmax, Gumbel, Layers, Shots),
        *(DimensionScale, RawScale, TanhScale),
        *(LinearMapping, MLPMapping, TensorTrainMapping),
    )
}


def storable(cls: type[T]) -> type[T]:
    """Class decorator: a frozen dataclass that `encode` and `decode` know by its name."""
    CLASSES[cls.__name__] = cls
    return cls


def encode(value: Any) -> Any:
    """Dataclasses become objects with their class name under `is`, tuples become lists.

    Raises:
        ArgumentError: an object that is no named choice.

    >>> encode(Rates(angles=3.0))
    {'is': 'Rates', 'angles': 3.0, 'structure': 1.0, 'mapping': 1.0}
    """
    if is_dataclass(value) and type(value).__name__ in CLASSES:
        parts = {field.name: encode(getattr(value, field.name)) for field in fields(value)}
        return {"is": type(value).__name__} | parts
    if isinstance(value, Ansatz):
        return _encoded_ansatz(value)
    if isinstance(value, (list, tuple)):
        return [encode(entry) for entry in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ArgumentError(f"A file cannot store {value!r}: use the choices that diffqas names.")


def _encoded_ansatz(ansatz: Ansatz) -> dict[str, Any]:
    """Name and place of its class, and the choices of one that may be made again (`register_ansatz`)."""
    path = import_path(type(ansatz))
    if path not in REGISTERED:
        return encode(StoredAnsatz(path, ansatz.name, ansatz.rotations_per_qubit))
    choices = {field.name: encode(getattr(ansatz, field.name)) for field in fields(ansatz)}
    return {"is": ANSATZ, "class": path, "title": ansatz.name, "angles": ansatz.rotations_per_qubit, "choices": choices}


def _decoded_ansatz(value: dict[str, Any]) -> Ansatz:
    cls = REGISTERED.get(value["class"])  # known beforehand or not at all: nothing is imported by name
    if cls is None:
        return StoredAnsatz(str(value["class"]), str(value["title"]), value["angles"])
    return cls(**{key: decode(part) for key, part in value["choices"].items()})


def decode(value: Any) -> Any:
    """Undo `encode`; lists inside dataclasses become tuples.

    Raises:
        DataError: an unknown class, or fields that do not fit: the file was edited or is of another version.

    >>> decode(encode(Candidate(rotation=("rz", "ry")))) == Candidate(rotation=("rz", "ry"))
    True
    """
    if isinstance(value, dict):
        cls = CLASSES.get(str(value.get("is")))
        try:
            if value.get("is") == ANSATZ:
                return _decoded_ansatz(value)
            if cls is None or not is_dataclass(cls):
                raise TypeError(f"unknown kind {value.get('is')!r}")
            return typed(cls, {key: decode(part) for key, part in value.items() if key != "is"})
        except (KeyError, TypeError, ValueError, RecursionError, DiffqasError) as error:
            raise DataError(str(error)) from None
    if isinstance(value, list):
        return tuple(decode(entry) for entry in value)
    return value


def typed(cls: type[T], values: dict[str, Any]) -> T:
    """Make a dataclass of values that must have the types of its fields.

    Raises:
        TypeError: a value of another type, or a field that is unknown or missing.

    >>> typed(Rates, {"angles": "fast"})
    Traceback (most recent call last):
        ...
    TypeError: angles: str is neither float or int
    """
    hints = get_type_hints(cls)
    for name, value in values.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check_type(value, hints.get(name, Any), collection_check_strategy=CollectionCheckStrategy.ALL_ITEMS)
        except TypeCheckError as error:
            raise TypeError(f"{name}: {' '.join(str(error).split())}") from None
    return cls(**values)
