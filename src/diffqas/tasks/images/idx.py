"""Files in the idx format, mostly packed with gzip: how MNIST and FashionMNIST are handed out.

Unpacked, a file is two zero bytes, a code of the type of its values, the number of dimensions, one
big-endian 32-bit integer per dimension, then the values. Whatever is wrong with a file is told in
one line.
"""

from __future__ import annotations

import gzip
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import DataError
from diffqas.storage import read_file

Bytes = NDArray[np.uint8]
UNSIGNED_BYTE = 8
MOST_BYTES = 1 << 29
"""A file may hold so many, packed or not: ten times the largest of MNIST."""
AGAIN = "download the file again"
KINDS = {1: "labels", 3: "images"}
"""What a file with so many dimensions holds."""


def read_pair(
    images: str | os.PathLike[str], labels: str | os.PathLike[str]
) -> tuple[Bytes, Bytes]:
    """Read images (count, height, width) and their labels (count,), both uint8.

    Raises:
        DataError: a file cannot be read, the two are swapped, or they differ in count.
    """
    pixels, classes = read_idx(images, 3), read_idx(labels, 1)
    if len(pixels) != len(classes):
        counts = f"{len(pixels):,} images, but {labels} holds {len(classes):,} labels"
        raise DataError(
            f"{images} holds {counts}; take both files from the same part (train or t10k)"
        )
    return pixels, classes


def read_idx(path: str | os.PathLike[str], dimensions: int) -> Bytes:
    """Read one idx file of unsigned bytes with so many dimensions, packed by gzip or not.

    Raises:
        DataError: the file is missing, damaged, or of another kind; the message names it and the
            remedy.
    """
    return parse_idx(path, unpacked(path), dimensions)


def parse_idx(path: str | os.PathLike[str], content: bytes, dimensions: int) -> Bytes:
    """The values in the content of an idx file; the path is for messages.

    Raises:
        DataError: as of `read_idx`.
    """
    header = 4 + 4 * dimensions
    if len(content) < 4 or content[:2] != b"\0\0":
        start = content[:4].hex(" ") or "nothing"
        raise DataError(f"{path}: this is no idx file (it starts with {start}); {AGAIN}")
    kind, found = content[2], content[3]
    if found != dimensions:
        what = KINDS.get(found, f"{found} dimensions")
        raise DataError(
            f"{path}: the file holds {what} where {KINDS[dimensions]} should be; exchange the files"
        )
    if kind != UNSIGNED_BYTE:
        rule = "are not supported, only unsigned bytes (0x08)"
        raise DataError(f"{path}: values of type {kind:#04x} {rule}; {AGAIN}")
    if len(content) < header:
        raise DataError(f"{path}: the file ends inside its header; {AGAIN}")
    shape = struct.unpack(f">{dimensions}I", content[4:header])
    expected, length = int(np.prod(shape, dtype=object)), len(content) - header
    if expected != length or expected == 0:
        size = " x ".join(map(str, shape))
        raise DataError(
            f"{path}: the header promises {size} values, but {length:,} bytes follow; {AGAIN}"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def unpacked(path: str | os.PathLike[str]) -> bytes:
    """The content of a file, unpacked if it is packed: its first bytes tell, not its name.

    Raises:
        DataError: the file is missing, cannot be read or unpacked, or is neither gzip nor idx.
    """
    path = Path(path)
    try:
        content = read_file(path, MOST_BYTES, named=True)
        if content.startswith(b"\0\0") or not content:
            return content
        # Whatever else there is must be gzip; its own check of the content ends the reading.
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        remedy = "put it there or give another folder"
        raise DataError(f"{path}: there is no such file; {remedy}") from None
    except gzip.BadGzipFile as error:
        raise DataError(f"{path}: not a sound gzip file ({error}); {AGAIN}") from None
    except EOFError:
        raise DataError(f"{path}: the file is cut off; {AGAIN}") from None
    except zlib.error as error:
        raise DataError(f"{path}: the file is damaged ({error}); {AGAIN}") from None
    except OSError as error:
        remedy = "check path and permissions"
        raise DataError(f"{path}: the file cannot be read ({error.strerror}); {remedy}") from None
    if len(content) > MOST_BYTES:
        raise DataError(f"{path}: more than {MOST_BYTES >> 20} MiB are packed in it; {AGAIN}")
    return content
