"""The checked files of a data set: in a data folder, in the cache, or downloaded.

A file in a data folder is used if what it holds fits the data set. Its checksum decides what is
said of it: nothing of a published file, in whatever packing, and a word of any other.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

from diffqas.errors import DataError, require
from diffqas.tasks.images.download import cached, download
from diffqas.tasks.images.idx import parse_idx, unpacked
from diffqas.tasks.images.sources import SOURCES, Source
from diffqas.text import visible

VARIABLE = "DIFFQAS_DATA"
"""Environment variable that names a data folder."""


def locate(source: Source, data_dir: str | os.PathLike[str] | None = None) -> dict[str, Path]:
    """Return the path of each file of a data set, by name; missing files are downloaded.

    With `data_dir`, the files must be in that folder, in a subfolder named like the data set, or in
    a subfolder `raw` of the latter (torchvision's layout). Without `data_dir`, the folder that the
    environment variable DIFFQAS_DATA names is searched in the same way, and then the cache. Files
    that neither has are downloaded into the cache.

    Raises:
        ArgumentError: `data_dir` is no folder.
        DataError: a file in a data folder is damaged or of another data set, or is missing in
            `data_dir`, or cannot be downloaded; or the variable names no folder.
    """
    if data_dir is not None:
        return _from_argument(source, Path(data_dir))
    found: dict[str, Path] = {}
    named = os.environ.get(VARIABLE)
    if named:
        if not os.path.isdir(named):
            raise DataError(
                f"The environment variable {VARIABLE} must name a folder, but names {named!r}; "
                "correct it, or unset it to download the files."
            )
        found = search_folder(source, Path(named))
    for name in source.md5:
        if name not in found and (path := cached(source, name)) is not None:
            found[name] = path
    missing = [name for name in source.md5 if name not in found]
    if missing:
        found.update(download(source, missing))
    return found


def search_folder(source: Source, folder: Path) -> dict[str, Path]:
    """Return those files of the data set that lie in a data folder, checked.

    A file may be packed or not, and its name may have a point, as in `train-images.idx3-ubyte`.

    Raises:
        DataError: a file is damaged or of another data set.
    """
    places = (folder, folder / source.folder, folder / source.folder / "raw")
    found = {}
    for name in source.md5:
        candidates = [place / spelling for place in places for spelling in spellings(name)]
        present = [path for path in candidates if os.path.isfile(path)]
        path = _usable(source, name, present)
        if path is not None:
            found[name] = path
    return found


def spellings(name: str) -> tuple[str, ...]:
    """Names under which a published file is found on disks, its own first.

    >>> spellings("train-images-idx3-ubyte.gz")[1:]
    ('train-images-idx3-ubyte', 'train-images.idx3-ubyte.gz', 'train-images.idx3-ubyte')
    """
    plain = name.removesuffix(".gz")
    pointed = plain.replace("-idx", ".idx")
    return name, plain, f"{pointed}.gz", pointed


def _from_argument(source: Source, folder: Path) -> dict[str, Path]:
    require(folder.is_dir(), "data_dir", "be a folder", f"'{folder}'")
    found = search_folder(source, folder)
    missing = [name for name in source.md5 if name not in found]
    if missing:
        where = f"put {', '.join(missing)} into {folder / source.folder}"
        remedy = f"{where}, or leave out --data-dir to download them"
        raise DataError(f"{folder} lacks files of {source.title}: {remedy}")
    return found


def _usable(source: Source, name: str, present: list[Path]) -> Path | None:
    """The first of the paths that holds what the file should hold, None where there is none.

    Both data sets use the same names, so another data set's file of that name is passed over as
    long as the right one is found.
    """
    foreign = ""
    for path in present:
        digest = _md5(path)
        sums = f"its MD5 is {digest}, that of {source.title}'s {name} is {source.md5[name]}"
        owner = _owner(source, digest)
        if owner is None:
            content = _checked(source, name, path, sums)
            owner = _owner(source, hashlib.md5(content, usedforsecurity=False).hexdigest())
        if owner is None:
            line = f"{path} is not the published file, and is used as it is: {sums}."
            # Where the caller has set no handler, Python prints the line alone on standard error.
            logging.getLogger(__name__).warning("%s", visible(line))
            return path
        if owner == (source.title, name):
            return path
        words = f"{path} is {owner[0]}'s {owner[1]}: {sums}; put the right file there or remove it"
        if owner[1] != name:
            raise DataError(words)
        foreign = foreign or words
    if foreign:
        raise DataError(foreign)
    return None


def _owner(source: Source, digest: str) -> tuple[str, str] | None:
    """Title of the data set and name of the published file with this checksum, packed or not."""
    for known in (source, *SOURCES.values()):
        for sums in (known.md5, known.unpacked):
            for name, md5 in sums.items():
                if md5 == digest:
                    return known.title, name
    return None


def _checked(source: Source, name: str, path: Path, sums: str) -> bytes:
    """What a file holds, unpacked, if it can be what is looked for.

    Raises:
        DataError: it is damaged, or holds other values than the data set's.
    """
    try:
        content = unpacked(path)
        _check_content(source, name, path, content)
    except DataError as error:
        reason = str(error).removeprefix(f"{path}: ").partition(";")[0]
        remedy = "download it again or remove it"
        raise DataError(f"{path} is damaged: {reason}; {sums}; {remedy}") from None
    return content


def _check_content(source: Source, name: str, path: Path, content: bytes) -> None:
    """Refuse an idx file that holds no images, or no labels, of such a data set."""
    if "labels" in name:
        labels = parse_idx(path, content, 1)
        largest = int(labels.max())
        if largest >= len(source.classes):
            known = f"labels are 0..{len(source.classes) - 1}"
            raise DataError(f"{path}: the label {largest} is in it where {known}")
        return
    images = parse_idx(path, content, 3)
    size = images.shape[1:]
    if source.pixels is not None and size != source.pixels:
        got = f"images of {size[0]} x {size[1]} pixels"
        raise DataError(f"{path}: {got} where {source.pixels[0]} x {source.pixels[1]} should be")


def _md5(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise DataError(
            f"{path}: the file cannot be read ({error.strerror}); check its permissions"
        ) from None
