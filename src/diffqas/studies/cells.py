"""The folder of a study: its settings, and one file per finished cell."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffqas.errors import RunError
from diffqas.searches import environment
from diffqas.storage import (
    Json,
    decode,
    encode,
    load_tensors,
    make_folder,
    read_json,
    save_tensors,
    understood,
    write_json,
)
from diffqas.studies.cell import Cell
from diffqas.studies.metric import Metric
from diffqas.studies.plan import Job, Plan
from diffqas.studies.rows import TrainedRow, slug

FORMAT = 1


@dataclass(frozen=True)
class StudyFolder:
    """Paths of a study, and how they are read and written.

    `study.json` holds the settings, `cells/<data set>/<row>.json` a finished cell,
    `predictions/<data set>.pt` the predictions of the search. Every file is whole or not there.
    """

    path: Path

    @property
    def settings(self) -> Path:
        """What all cells of the folder have in common."""
        return self.path / "study.json"

    def cell(self, dataset: str, word: str) -> Path:
        """The file of one cell."""
        return self.path / "cells" / dataset / f"{word}.json"

    def predictions(self, dataset: str) -> Path:
        """The predictions of the search on one data set."""
        return self.path / "predictions" / f"{dataset}.pt"

    def open(self, plan: Plan, *, overwrite: bool = False) -> None:
        """Begin the study here, or go on with it.

        Raises:
            RunError: the folder holds a study with other settings and `overwrite` is not set.
        """
        if self.settings.exists() and overwrite:
            # The settings go first: no moment shows new settings above old cells.
            self.settings.unlink()
            for name in ("cells", "predictions", "figures"):
                shutil.rmtree(self.path / name, ignore_errors=True)
        if self.settings.exists():
            with understood(self.settings):
                self._compare(plan)
            return
        content = {
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
        make_folder(self.path)
        write_json(self.settings, content)

    def _compare(self, plan: Plan) -> None:
        stored = read_json(self.settings)
        remedy = "Give another --output, or --overwrite to begin anew."
        if stored.get("format") != FORMAT or not isinstance(stored.get("settings"), dict):
            raise RunError(f"{self.settings} is not of this version of diffqas. {remedy}")
        if now := plan.made.origin:
            was = stored["settings"].get("run") or {}
            if was.get("sha256") != now.sha256:
                names = f"another run ({was.get('path')}, not {now.path}, or another state of it)"
                raise RunError(f"The study in {self.path} was begun with {names}. {remedy}")
        then, now = (
            {"study": stored.get("study")} | stored["settings"],
            {"study": plan.name} | plan.to_json(),
        )
        for name in ("study", "recipe", "seeds", "epochs", "episodes", "depth"):
            if then.get(name) != now.get(name):
                change = f"{name} {then.get(name)}, not {now.get(name)}"
                raise RunError(f"The study in {self.path} was begun with {change}. {remedy}")
        if _today(then.get("choices")) != json.loads(json.dumps(now["choices"])):
            change = f"a {plan.recipe} recipe that this version of diffqas has changed"
            raise RunError(f"The study in {self.path} was begun with {change}. {remedy}")
        rows = json.loads(json.dumps(now["rows"]))
        for word, choices in (then.get("rows") or {}).items():
            if word in rows and _today(choices) != rows[word]:
                change = f"a row {word} that this version of diffqas has changed"
                raise RunError(f"The study in {self.path} was begun with {change}. {remedy}")

    def read(self, job: Job, plan: Plan) -> Cell | None:
        """A finished cell, None if it is still to be computed.

        Raises:
            RunError: the file is damaged.
        """
        path = self.cell(job.dataset, job.row.slug)
        if not path.exists():
            return None
        cell = Cell.from_json(read_json(path), path)
        fault = _fault(cell, job, plan.seed_numbers, plan.metric)
        if fault:
            raise RunError(f"Cannot read {path}: {fault}.")
        return cell

    def write(self, cell: Cell, samples: Json | None) -> None:
        """Store a finished cell, predictions first.

        The file of the cell comes last: once it is there, all of the cell is there.
        """
        if samples is not None:
            path = self.predictions(cell.dataset)
            make_folder(path.parent, inside=self.path)
            save_tensors(path, samples)
        path = self.cell(cell.dataset, slug(cell.row))
        make_folder(path.parent, inside=self.path)
        write_json(path, cell.to_json())

    def cells(self, plan: Plan) -> list[Cell]:
        """All finished cells, data set by data set, in the order of the table.

        Damaged ones are left out.
        """
        found = []
        order = [row.slug for row in plan.rows]
        for job in sorted(
            plan.jobs(),
            key=lambda job: (plan.datasets.index(job.dataset), order.index(job.row.slug)),
        ):
            try:
                cell = self.read(job, plan)
            except RunError:
                continue
            if cell is not None:
                found.append(cell)
        return found

    def samples(self, dataset: str) -> Json | None:
        """The predictions of the search, None if there are none."""
        path = self.predictions(dataset)
        return load_tensors(path) if path.exists() else None

    def changed_versions(self) -> list[str]:
        """Packages whose versions differ from those that the study was begun with."""
        now = environment()["versions"]
        with understood(self.settings):
            stored = (read_json(self.settings).get("environment") or {}).get("versions") or {}
            return [
                f"{name} {stored[name]} -> {now[name]}"
                for name in now
                if stored.get(name, now[name]) != now[name]
            ]


def _today(choices: Any) -> Any:
    """Stored choices as this version writes them: what it has added since then has the value that
    it had, the default.

    Raises:
        RunError: choices that this version does not know.
    """
    if isinstance(choices, dict) and "is" not in choices:
        return {name: _today(value) for name, value in choices.items()}
    return json.loads(json.dumps(encode(decode(choices))))


def _fault(cell: Cell, job: Job, seeds: list[int], metric: Metric) -> str | None:
    """Why a cell can't be what `measure` gave for this job."""
    if (cell.row, cell.dataset) != (job.row.name, job.dataset):
        return "it is the cell of another row or data set"
    if isinstance(job.row, TrainedRow):
        seeds = seeds[: job.row.seeds_of(len(seeds))]
        count = len(seeds)
    else:
        # A row without seeds has one figure all the same.
        seeds, count = [], 1
    if cell.seeds != seeds:
        return "its seeds are not the study's"
    if len(cell.figures.get(metric.test, [])) != count:
        return "it lacks a figure per seed"
    if metric.train not in cell.figures:
        return f"it lacks {metric.train}"
    return None
