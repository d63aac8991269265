"""A folder of exported circuits with a list of them; a new export replaces an earlier one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from diffqas.storage import Json, make_folder, write_atomically


@dataclass(frozen=True)
class CircuitFolder:
    """How the circuits of a format are stored in a folder.

    Attributes:
        kind: the word by which the list is recognised.
        list: the file name of the list.
        circuit: the pattern of the circuits' file names. Other names, which a list from elsewhere
            may hold, are ignored.
    """

    kind: str
    list: str
    circuit: re.Pattern[str]

    def write(
        self, target: Path, inside: Path | None, about: Json, files: Mapping[str, bytes]
    ) -> int:
        """Write the list and the other files, and remove other circuits of an earlier export.

        Args:
            target: the folder; it is made if it is not there.
            inside: as of `make_folder`.
            about: the content of the list.
            files: the contents of all other files, by their names.

        Returns:
            The bytes of all files.

        Raises:
            RunError: a file cannot be written.
        """
        contents = {**files, self.list: (json.dumps(about, indent=1) + "\n").encode()}
        make_folder(target, inside=inside)
        for old in self.earlier(target):
            if old.name not in contents:
                old.unlink(missing_ok=True)
        for name, content in contents.items():
            write_atomically(target / name, content)
        return sum(map(len, contents.values()))

    def earlier(self, folder: Path) -> list[Path]:
        """The circuits that an earlier export left in a folder, according to its list.

        Other files with such names belong to somebody else, and stay.
        """
        try:
            about = json.loads((folder / self.list).read_bytes())
            if about["kind"] != self.kind:
                return []
            names = [str(entry["file"]) for entry in about["circuits"]]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return []  # no such list, or one that was damaged
        return [folder / name for name in names if self.circuit.fullmatch(name)]
