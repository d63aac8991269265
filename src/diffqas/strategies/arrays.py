"""Arrays of numbers as npz files: written as bytes, and read as data only."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import DataError

Singles: TypeAlias = NDArray[np.float32]
Arrays: TypeAlias = Mapping[str, Singles]

DAMAGES = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error)
"""What numpy raises of a file that is no npz file, or a damaged one."""


def packed(arrays: Arrays) -> bytes:
    """Arrays as the bytes of a compressed npz file."""
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    return content.getvalue()


def unpacked(path: Path, remedy: str) -> dict[str, Singles]:
    """The arrays of an npz file; nothing in it is executed.

    Args:
        path: of the file.
        remedy: the end of the message.

    Raises:
        DataError: it is none.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except DAMAGES as error:
        raise DataError(f"{path} is damaged ({error}): {remedy}.") from None
