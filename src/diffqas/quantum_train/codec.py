"""Choices as JSON and back: frozen dataclasses by their class name, nothing is ever executed."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from diffqas.architecture import Gumbel, Raw, Softmax
from diffqas.circuits import Candidate
from diffqas.errors import ArgumentError, DataError, DiffqasError
from diffqas.quantum_train.mapping import LinearMapping
from diffqas.quantum_train.mlp_mapping import MLPMapping
from diffqas.quantum_train.recipe import Rates, Recipe
from diffqas.quantum_train.scale import DimensionScale, RawScale, TanhScale
from diffqas.quantum_train.tensor_train import TensorTrainMapping

T = TypeVar("T")

CLASSES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        *(Recipe, Rates, Candidate),
        *(Raw, Softmax, Gumbel),
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
    if isinstance(value, (list, tuple)):
        return [encode(entry) for entry in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ArgumentError(f"A file cannot store {value!r}: use the choices that diffqas names.")


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
            if cls is None:
                raise TypeError(f"unknown kind {value.get('is')!r}")
            return cls(**{key: decode(part) for key, part in value.items() if key != "is"})
        except (TypeError, ValueError, DiffqasError) as error:
            raise DataError(str(error)) from None
    if isinstance(value, list):
        return tuple(decode(entry) for entry in value)
    return value
