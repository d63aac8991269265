"""What a run or a study was computed with, as its file of settings says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from diffqas.storage.codec import Json
from diffqas.storage.entries import TEXT, Entries, Form, Unfit


def _fact(value: object) -> str | bool | None:
    if value is None or isinstance(value, (str, bool)):
        return value
    raise Unfit("a text, true or false", value)


FACT = Form(_fact)


@dataclass(frozen=True)
class StoredEnvironment:
    """The versions and the machine that a run or a study was computed with.

    Attributes:
        versions: the version of each package.
        facts: further facts such as the machine and the commit.
        created: the time when the run began, in ISO 8601.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str | bool | None] = field(default_factory=dict)
    created: str | None = None

    @classmethod
    def of(cls, settings: Entries) -> StoredEnvironment:
        """The environment in a file of settings; an old one may have none.

        Raises:
            RunError: an entry is of the wrong type.
        """
        entries = settings.perhaps_inner("environment")
        if entries is None:
            return cls()
        versions = entries.perhaps_inner("versions")
        others = {
            name: entries.one(name, FACT)
            for name in entries.content
            if name not in ("versions", "created")
        }
        return cls(
            versions={} if versions is None else versions.every(TEXT),
            facts=others,
            created=entries.perhaps("created", TEXT),
        )

    def to_json(self) -> Json:
        """The JSON object of the file, without the time."""
        return {"versions": dict(self.versions), **self.facts}
