"""A run's choices as JSON and back; which classes can be stored is `diffqas.quantum_train.codec`'s to say."""

from __future__ import annotations

from typing import Any

from diffqas.errors import ArgumentError, DataError, RunError
from diffqas.quantum_train import codec
from diffqas.quantum_train.codec import storable as storable
from diffqas.quantum_train.codec import typed as typed
from diffqas.tasks.environments.settings import AgentSettings
from diffqas.tasks.settings import Settings

storable(Settings)
storable(AgentSettings)


def encode(value: Any) -> Any:
    """As `diffqas.quantum_train.codec.encode`.

    Raises:
        RunError: an object that is no named choice.
    """
    try:
        return codec.encode(value)
    except ArgumentError as error:
        raise RunError(str(error).replace("A file", "A run folder", 1)) from None


def decode(value: Any) -> Any:
    """Undo `encode`; lists inside dataclasses become tuples.

    Raises:
        RunError: an unknown class, or fields that do not fit: the file was edited or is of another version.
    """
    try:
        return codec.decode(value)
    except DataError as error:
        raise RunError(f"The run's config.json does not fit this version of diffqas: {error}") from None
