"""The file `study.json`: what all cells of a folder have in common, and what is computed there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from diffqas.errors import RunError
from diffqas.searches import environment
from diffqas.storage import (
    FLAG,
    TEXT,
    Entries,
    Form,
    Json,
    JsonView,
    Unfit,
    decode,
    encode,
    list_of,
    read_json,
    understood,
)
from diffqas.studies.entries import NamedRow
from diffqas.studies.metric import Metric, metric_of
from diffqas.studies.plan import Plan

FORMAT = 1
REMEDY = "Give another --output, or --overwrite to begin anew."

LONGEST = 60
"""Characters of a stored choice in a message."""

COMPARED = ("study", "recipe", "seeds", "epochs", "episodes", "depth")
"""Choices that are named when they differ."""


def _some_names(value: object) -> tuple[str, ...]:
    names = list_of(TEXT).read(value)
    if not names or len(set(names)) < len(names):
        raise Unfit("a list with every name once", value)
    return names


NAMES = Form(_some_names)


@dataclass(frozen=True)
class StudyFile:
    """What a study's folder says about itself.

    Attributes:
        path: the file.
        study: name of the study.
        command: what computes all of it.
        rows: names of its rows, the one that all others are compared with first.
        datasets: names of its data sets.
        metric: what is compared; None: the folder does not say it, as the first ones did not.
        named: rows that the sentences speak of; None: the same.
        settings: what the cells are computed with.
        versions: of the packages that it was begun with.
    """

    path: Path
    study: str
    command: str
    rows: tuple[str, ...]
    datasets: tuple[str, ...]
    metric: Metric | None
    named: tuple[NamedRow, ...] | None
    settings: Entries
    versions: dict[str, str]

    @classmethod
    def read(cls, path: Path, remedy: str = "") -> StudyFile:
        """The file, checked.

        Args:
            path: where it stands.
            remedy: what to do if it is of another version.

        Raises:
            RunError: it is missing, of another version, or a field is not what it should be.
        """
        entries = Entries.of(read_json(path), path)
        if entries.content.get("format") != FORMAT:
            raise RunError(f"{path} is not of this version of diffqas. {remedy}".rstrip())
        return cls(
            path,
            study=entries.one("study", TEXT),
            command=entries.perhaps("command", TEXT) or "",
            rows=entries.one("rows", NAMES),
            datasets=entries.one("datasets", NAMES),
            metric=_metric(entries),
            named=_named(entries),
            settings=entries.inner("settings"),
            versions=_versions(entries),
        )

    def compare(self, plan: Plan) -> None:
        """Whether a plan computes the same cells.

        Raises:
            RunError: it does not; the message says what differs.
        """
        now: Json = {"study": plan.name, **plan.to_json()}
        then: Json = {"study": self.study, **self.settings.content}
        self._compare_run(then, now)
        for name in COMPARED:
            if then.get(name) != now.get(name):
                was = str(then.get(name))[:LONGEST]
                raise self._begun_with(f"{name} {was}, not {now.get(name)}")
        with understood(self.path):
            if _today(then.get("choices")) != _plain(now["choices"]):
                recipe = f"a {plan.recipe} recipe"
                raise self._begun_with(f"{recipe} that this version of diffqas has changed")
        rows = Entries.of(now["rows"], self.path)
        for word, choices in self._stored_rows().items():
            with understood(self.path):
                changed = word in rows.content and _today(choices) != _plain(rows.content[word])
            if changed:
                raise self._begun_with(f"a row {word} that this version of diffqas has changed")

    def changed_versions(self) -> list[str]:
        """Packages whose versions differ from those that the study was begun with."""
        now: dict[str, str] = environment()["versions"]
        return [
            f"{name} {self.versions[name]} -> {version}"
            for name, version in now.items()
            if self.versions.get(name, version) != version
        ]

    def _compare_run(self, then: JsonView, now: JsonView) -> None:
        """Whether both are made of the same state of the same run, if they are made of one."""
        if "run" not in now:
            return
        was = self.settings.perhaps_inner("run")
        path = None if was is None else was.perhaps("path", TEXT)
        if was is None or was.perhaps("sha256", TEXT) != now["run"]["sha256"]:
            other = f"{path}, not {now['run']['path']}, or another state of it"
            raise self._begun_with(f"another run ({other})")

    def _stored_rows(self) -> JsonView:
        rows = self.settings.perhaps_inner("rows")
        return {} if rows is None else rows.content

    def _begun_with(self, change: str) -> RunError:
        folder = self.path.parent
        return RunError(f"The study in {folder} was begun with {change}. {REMEDY}")


def content_of(plan: Plan) -> Json:
    """What a plan's file holds."""
    return {
        "format": FORMAT,
        "study": plan.name,
        "settings": plan.to_json(),
        "rows": [row.name for row in plan.rows],
        "datasets": list(plan.datasets),
        "metric": {"name": plan.metric.name, "higher": plan.metric.higher},
        "named": [{"title": row.title, "part": row.part} for row in plan.made.named],
        "command": plan.command,
        "environment": environment(),
    }


def _metric(entries: Entries) -> Metric | None:
    part = entries.perhaps_inner("metric")
    if part is None:
        return None
    return metric_of(part.one("name", TEXT), part.one("higher", FLAG))


def _named(entries: Entries) -> tuple[NamedRow, ...] | None:
    if "named" not in entries.content:
        return None
    rows = entries.rows("named")
    return tuple(NamedRow(row.one("title", TEXT), row.one("part", TEXT)) for row in rows)


def _versions(entries: Entries) -> dict[str, str]:
    part = entries.perhaps_inner("environment")
    versions = None if part is None else part.perhaps_inner("versions")
    return {} if versions is None else versions.every(TEXT)


def _today(choices: object) -> object:
    """Stored choices as this version writes them: what it has added since then has the value that
    it had, the default.

    Raises:
        RunError: choices that this version does not know.
    """
    if isinstance(choices, dict) and "is" not in choices:
        return {name: _today(value) for name, value in choices.items()}
    return _plain(encode(decode(choices)))


def _plain(value: object) -> object:
    """A value as it comes back from a file, tuples as lists."""
    return json.loads(json.dumps(value))
