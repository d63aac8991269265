"""A folder of exported circuits and the list of them: an export takes an earlier one's place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from diffqas.storage import Json, make_folder, write_atomically


@dataclass(frozen=True)
class CircuitFolder:
    """How the circuits of a format lie in a folder.

    Attributes:
        kind: what the list says that it is.
        list: its file name.
        circuit: names of the circuits; a list from elsewhere may hold others, which are not looked
            at.
    """

    kind: str
    list: str
    circuit: re.Pattern[str]

    def write(
        self, target: Path, inside: Path | None, about: Json, files: Mapping[str, bytes]
    ) -> int:
        """Write the list and the other files; circuits of an earlier export that are none go.

        Args:
            target: the folder, made if it is not there.
            inside: as of `make_folder`.
            about: the list.
            files: contents of all other files, by their names.

        Returns:
            Bytes of all files.

        Raises:
            RunError: files that cannot be written.
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
        """Circuits that an earlier export left in a folder, by its own list.

        Other files of such names are somebody's, and stay.
        """
        try:
            about = json.loads((folder / self.list).read_bytes())
            if about["kind"] != self.kind:
                return []
            names = [str(entry["file"]) for entry in about["circuits"]]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return []  # no such list, or one that was damaged
        return [folder / name for name in names if self.circuit.fullmatch(name)]
