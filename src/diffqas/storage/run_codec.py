"""A run's choices as JSON and back, with the words that a person who opened a run folder
understands.
"""

from __future__ import annotations

from typing import Any

from diffqas.errors import ArgumentError, DataError, RunError
from diffqas.storage.codec import decode_value, encode_value


def encode(value: Any) -> Any:
    """As `diffqas.storage.encode_value`.

    Raises:
        RunError: an object that is no named choice.
    """
    try:
        return encode_value(value)
    except ArgumentError as error:
        raise RunError(str(error).replace("A file", "A run folder", 1)) from None


def decode(value: Any) -> Any:
    """Undo `encode`; lists inside dataclasses become tuples.

    Raises:
        RunError: an unknown class, or fields that do not fit: the file was edited or is of another
            version.
    """
    try:
        return decode_value(value)
    except DataError as error:
        raise RunError(
            f"The run's config.json does not fit this version of diffqas: {error}"
        ) from None
