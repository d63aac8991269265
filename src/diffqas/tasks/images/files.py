"""The verified files of a data set: in a data folder, in the cache, or downloaded."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from diffqas.errors import DataError, require
from diffqas.tasks.images.download import cached, download
from diffqas.tasks.images.sources import SOURCES, Source

VARIABLE = "DIFFQAS_DATA"
"""Environment variable that names a data folder."""


def locate(source: Source, data_dir: str | os.PathLike[str] | None = None) -> dict[str, Path]:
    """Return the path of each file, by name; downloads what is missing.

    With `data_dir`, the files must be there: directly, in a folder named like the data set, or in
    its subfolder `raw` (torchvision's layout). Without it, the folder that the environment variable
    DIFFQAS_DATA names is searched in the same way, then the cache; what neither holds is downloaded
    into the cache.

    Raises:
        ArgumentError: `data_dir` is no folder.
        DataError: a file in a data folder is not the published one, or is missing in `data_dir`, or
            cannot be downloaded.
    """
    if data_dir is not None:
        return _from_argument(source, Path(data_dir))
    found: dict[str, Path] = {}
    if os.environ.get(VARIABLE):
        found = search_folder(source, Path(os.environ[VARIABLE]))
    for name in source.md5:
        if name not in found and (path := cached(source, name)) is not None:
            found[name] = path
    missing = [name for name in source.md5 if name not in found]
    if missing:
        found.update(download(source, missing))
    return found


def search_folder(source: Source, folder: Path) -> dict[str, Path]:
    """Return those files of the data set that lie in a data folder, verified.

    Raises:
        DataError: a file is not the published one.
    """
    places = (folder, folder / source.folder, folder / source.folder / "raw")
    found = {}
    for name in source.md5:
        present = [place / name for place in places if (place / name).is_file()]
        path = _genuine(source, name, present)
        if path is not None:
            found[name] = path
    return found


def _from_argument(source: Source, folder: Path) -> dict[str, Path]:
    require(folder.is_dir(), "data_dir", "be a folder", f"'{folder}'")
    found = search_folder(source, folder)
    missing = [name for name in source.md5 if name not in found]
    if missing:
        where = f"put {', '.join(missing)} into {folder / source.folder}"
        remedy = f"{where}, or leave out --data-dir to download them"
        raise DataError(f"{folder} lacks files of {source.title}: {remedy}")
    return found


def _genuine(source: Source, name: str, present: list[Path]) -> Path | None:
    """The first of the paths that is the published file, None where no such path is given.

    Both data sets use the same names, so another data set's file of that name is passed over as
    long as the right one is found.
    """
    foreign = None
    for path in present:
        digest = _md5(path)
        if digest == source.md5[name]:
            return path
        owner = _owner(digest)
        if owner is None or owner[1] != name:
            raise DataError(_damage(source, name, path, digest, owner))
        foreign = foreign or _damage(source, name, path, digest, owner)
    if foreign:
        raise DataError(foreign)
    return None


def _owner(digest: str) -> tuple[str, str] | None:
    """Title of the data set and name of the published file with this checksum."""
    known = (
        (source.title, name, md5) for source in SOURCES.values() for name, md5 in source.md5.items()
    )
    return next(((title, name) for title, name, md5 in known if md5 == digest), None)


def _damage(
    source: Source, name: str, path: Path, digest: str, owner: tuple[str, str] | None
) -> str:
    sums = f"its MD5 is {digest}, that of {source.title}'s {name} is {source.md5[name]}"
    if owner is None:
        return f"{path} is damaged: {sums}; download it again or remove it"
    return f"{path} is {owner[0]}'s {owner[1]}: {sums}; put the right file there or remove it"


def _md5(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise DataError(
            f"{path}: the file cannot be read ({error.strerror}); check its permissions"
        ) from None
