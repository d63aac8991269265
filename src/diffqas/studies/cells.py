"""The folder of a study: its settings, and one file per finished cell."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from diffqas.errors import RunError
from diffqas.storage import (
    Json,
    load_tensors,
    make_folder,
    read_json,
    save_tensors,
    short,
    write_json,
)
from diffqas.studies.cell import Cell
from diffqas.studies.metric import Metric
from diffqas.studies.plan import Job, Plan
from diffqas.studies.rows import TrainedRow, slug
from diffqas.studies.study_file import REMEDY, StudyFile, content_of
from diffqas.text import file_name


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
        return self.path / "cells" / file_name(dataset) / f"{word}.json"

    def predictions(self, dataset: str) -> Path:
        """The predictions of the search on one data set."""
        return self.path / "predictions" / f"{file_name(dataset)}.pt"

    def open(self, plan: Plan, *, overwrite: bool = False) -> None:
        """Begin the study here, or go on with it.

        Raises:
            RunError: the folder holds a study with other settings and `overwrite` is not set, or
                cells of which nothing says how they were computed.
        """
        if overwrite:
            self._clear()
        if self.settings.exists():
            self.confirm(plan)
            self._note_new_rows(plan)
            return
        if any(self.path.glob("cells/*/*.json")):
            raise RunError(
                f"{self.path} holds cells, but no {self.settings.name}, which says how they were "
                "computed. Give another --output, or remove them."
            )
        make_folder(self.path)
        write_json(self.settings, content_of(plan))

    def _note_new_rows(self, plan: Plan) -> None:
        """Add to the settings the rows that the study has got since the folder was begun.

        Whatever reads the folder by itself, such as a report, would leave their cells out.
        """
        stored, now = read_json(self.settings), content_of(plan)
        known = set(stored["rows"])
        new = [row for row in now["rows"] if row not in known]
        if not new:
            return
        lost = [row for row in stored["rows"] if row not in now["rows"]]
        choices = stored["settings"].setdefault("rows", {})
        for word, choice in now["settings"]["rows"].items():
            choices.setdefault(word, choice)
        stored["rows"] = [*now["rows"], *lost]
        write_json(self.settings, stored)

    def confirm(self, plan: Plan) -> None:
        """Whether the folder is still that of this plan: another process may have begun anew.

        Raises:
            RunError: it is not.
        """
        StudyFile.read(self.settings, REMEDY).compare(plan)

    def _clear(self) -> None:
        """Remove a study. Where none was begun nothing is removed: the files are somebody's."""
        if not self.settings.exists():
            return
        try:
            # The settings go first: no moment shows new settings above old cells.
            self.settings.unlink()
            for name in ("cells", "predictions", "figures"):
                path = self.path / name
                if path.is_symlink():
                    path.unlink()
                elif path.exists():
                    shutil.rmtree(path)
        except OSError as error:
            raise RunError(f"Cannot remove the study in {self.path}: {short(error)}.") from None

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

    def finished(self, job: Job, plan: Plan) -> Cell | None:
        """A finished cell, None if it is still to be computed or is damaged."""
        try:
            return self.read(job, plan)
        except RunError:
            return None

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
        datasets, rows = list(plan.datasets), [row.slug for row in plan.rows]

        def place(job: Job) -> tuple[int, int]:
            return datasets.index(job.dataset), rows.index(job.row.slug)

        cells = [self.finished(job, plan) for job in sorted(plan.jobs(), key=place)]
        return [cell for cell in cells if cell is not None]

    def samples(self, dataset: str) -> Json | None:
        """The predictions of the search, None if there are none."""
        path = self.predictions(dataset)
        return load_tensors(path) if path.exists() else None

    def changed_versions(self) -> list[str]:
        """Packages whose versions differ from those that the study was begun with."""
        return StudyFile.read(self.settings).changed_versions()


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
    values = cell.figures.get(metric.test, [])
    if len(values) != count:
        return "it lacks a figure per seed"
    if not metric.higher and any(value is not None and value < 0 for value in values):
        return f"its {metric.test} is negative"
    if metric.train not in cell.figures:
        return f"it lacks {metric.train}"
    return None
