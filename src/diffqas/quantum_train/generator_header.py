"""The header of a generator's file, checked once when it is read.

The file may come from anybody. Its checksum tells damage and no intent: whoever writes a file can
write a checksum that fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diffqas.errors import DataError, RunError
from diffqas.storage import COUNT, FINITE, TEXT, Entries, Form, Json, Unfit, list_of

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Header:
    """What a generator's file says beside its numbers.

    Attributes:
        choices: arguments of the model by name, as JSON.
        progress: how far the training had come, 0 to 1.
        own_start: checksum of the weights that the start `"own"` began from, if it is that.
        frozen: names of the generator's parameters that do not learn.
        writes: of every tensor that the generator writes all names (tied ones have several), and
            its shape.
        brought: of every tensor that the target brings itself its shape and its checksum.
        scalings: of an adapter the factors on what its matrices add, by layer and adapter.
    """

    choices: Mapping[str, object]
    progress: float
    own_start: str | None
    frozen: tuple[str, ...]
    writes: tuple[tuple[tuple[str, ...], Shape], ...]
    brought: Mapping[str, tuple[Shape, str]]
    scalings: Mapping[str, float]


def checked_header(content: Json, source: str) -> Header:
    """The header of a file, every entry of the kind that it should be.

    Raises:
        DataError: one is not; the line names the file, the entry and what it should be.
    """
    entries = Entries.of(content, source)
    try:
        brought = entries.one("brought", list_of(_BROUGHT))
        scalings = entries.perhaps_inner("scalings")
        return Header(
            choices=entries.inner("choices").content,
            progress=entries.one("progress", _PROGRESS),
            own_start=entries.perhaps("own_start", TEXT),
            frozen=entries.one("frozen", list_of(TEXT)),
            writes=entries.one("writes", list_of(_WRITTEN)),
            brought={name: (shape, mark) for name, shape, mark in brought},
            scalings={} if scalings is None else scalings.every(FINITE),
        )
    except RunError as error:
        raise DataError(str(error)) from None


def _progress(value: object) -> float:
    progress = FINITE.read(value)
    if not 0 <= progress <= 1:
        raise Unfit("between 0 and 1", value)
    return progress


def _written(value: object) -> tuple[tuple[str, ...], Shape]:
    if not isinstance(value, list) or len(value) != 2:
        raise Unfit("a list of entries [names, shape]", value)
    names, shape = list_of(TEXT).read(value[0]), list_of(COUNT).read(value[1])
    if not names:
        raise Unfit("a list of entries with at least one name", value)
    return names, shape


def _brought(value: object) -> tuple[str, Shape, str]:
    if not isinstance(value, list) or len(value) != 3:
        raise Unfit("a list of entries [name, shape, checksum]", value)
    return TEXT.read(value[0]), list_of(COUNT).read(value[1]), TEXT.read(value[2])


_PROGRESS = Form(_progress)
_WRITTEN = Form(_written)
_BROUGHT = Form(_brought)
