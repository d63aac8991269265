"""The code that the user has run before, which a run folder may name and have executed.

A run folder may come from anybody, and its config.json can name any file and any module. Code that
it names is executed only if the user has named the same file, at the same place and with the same
content, for a run before, and if it lies in no run folder. What was named is kept in the user's
data folder, outside of all run folders, in a file that nobody else can write.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from diffqas.errors import RunError
from diffqas.searches.config import is_run_config
from diffqas.storage import read_file, read_json, write_atomically
from diffqas.tasks import TaskSource

TRUST = "trusted.json"
FORMAT = 1
KEPT = 2000
"""So many of the last entries are kept."""


@dataclass(frozen=True)
class Code:
    """A file of Python code, with its place and its content.

    Attributes:
        path: the path, without links.
        sha256: the checksum of the content.
    """

    path: str
    sha256: str


def code_of(source: TaskSource) -> Code:
    """The file of a task that was just read."""
    assert source.path is not None
    assert source.sha256 is not None
    return Code(os.path.realpath(source.path), source.sha256)


def module_code(identity: str) -> Code | None:
    """The file that making an environment would import; None if its id names no module.

    Nothing is imported for this. For `package.module:Name-v0` it is the file of the package, which
    is imported first.

    Raises:
        RunError: there is no such module, or it has no file.
    """
    module, colon, _ = identity.partition(":")
    if not colon:
        return None
    top = module.partition(".")[0]
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        raise RunError(f"There is no file of the module {top}, which {identity} names.")
    path = os.path.realpath(spec.origin)
    return Code(path, hashlib.sha256(read_file(Path(path))).hexdigest())


def refuse_untrusted(code: Code, folder: Path, remedy: str) -> None:
    """Refuse code that a run folder names and that the user has not run before.

    Args:
        code: the file that would be executed.
        folder: the folder of the run.
        remedy: what the user can type instead.

    Raises:
        RunError: the file lies in a run folder, or was not recorded with this content and place.
    """
    path = Path(code.path)
    own = Path(os.path.realpath(folder))
    for above in path.parents:
        if above == own:
            place = "the run folder itself"
        elif is_run_config(above / "config.json"):
            place = f"the run folder {above}"
        else:
            continue
        raise RunError(f"{path} lies in {place}, and is not executed unasked. {remedy}.")
    if code not in _recorded():
        reason = "was not run by you before, as it is now and where it lies"
        raise RunError(f"{path} {reason}, and is not executed unasked. {remedy}.")


def record(code: Code) -> str | None:
    """Record that the user named a file for a run.

    Returns:
        The reason if that is not possible; None if it is.
    """
    file = trust_file()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(file.with_suffix(".lock"), timeout=10):
            known = [each for each in _recorded() if each != code]
            entries = [{"path": each.path, "sha256": each.sha256} for each in (*known, code)]
            content = {"format": FORMAT, "trusted": entries[-KEPT:]}
            write_atomically(file, json.dumps(content, indent=2).encode(), mode=0o600)
    except (OSError, RunError) as error:
        return " ".join(str(error).split())
    return None


def trust_file() -> Path:
    """The path of the record, in the user's data folder by the rules of the system.

    Raises:
        RunError: the system names no home folder.
    """
    try:
        return _data_folder() / "diffqas" / TRUST
    except RuntimeError:
        raise RunError("There is no home folder: set XDG_DATA_HOME.") from None


def _data_folder() -> Path:
    # An absolute path alone counts (XDG Base Directory Specification): a relative one would be
    # another folder wherever one is, and so might be one that somebody sent.
    named = os.environ.get("XDG_DATA_HOME", "")
    if os.path.isabs(named):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path.home() / ".local" / "share"


def _recorded() -> list[Code]:
    """What was named before; nothing where the file is damaged, or others could write it."""
    try:
        file = trust_file()
        if not _private(file):
            return []
        content = read_json(file)
    except RunError:
        return []
    if content.get("format") != FORMAT or not isinstance(content.get("trusted"), list):
        return []
    found = []
    for entry in content["trusted"]:
        if not isinstance(entry, dict):
            continue
        path, sha256 = entry.get("path"), entry.get("sha256")
        if isinstance(path, str) and isinstance(sha256, str):
            found.append(Code(path, sha256))
    return found


def _private(file: Path) -> bool:
    """Whether a file is there, is no link, and is this person's alone to write."""
    try:
        status = os.lstat(file)
    except OSError:
        return False
    if not stat.S_ISREG(status.st_mode):
        return False
    if sys.platform == "win32":
        return True
    others = stat.S_IWGRP | stat.S_IWOTH
    return status.st_uid == os.getuid() and not status.st_mode & others
