"""The tables of a study's folder as it is: nothing is computed, nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from diffqas.errors import DiffqasError, RunError
from diffqas.runs import is_study as is_study
from diffqas.storage import JsonView, read_json
from diffqas.studies.cell import Cell
from diffqas.studies.comparison import Comparison, compare_all
from diffqas.studies.entries import NamedRow
from diffqas.studies.library import STUDIES
from diffqas.studies.merging import row_of
from diffqas.studies.metric import ACCURACY, MSE, REWARD, Metric, metric_of
from diffqas.studies.study import Study

SETTINGS = "study.json"


@dataclass(frozen=True)
class StoredStudy:
    """A study's folder.

    Attributes:
        name: of the study.
        command: what computes all of it.
        cells: finished ones, in the order of the table.
        comparisons: one table per data set whose first row is finished.
        faults: a line for every cell that cannot be read.
    """

    name: str
    command: str
    cells: list[Cell]
    comparisons: list[Comparison]
    faults: list[str]


def stored_study(path: Path) -> StoredStudy:
    """Read a study's settings and cells, and compare what is finished.

    Raises:
        RunError: no study there, or its settings cannot be read.
    """
    stored = read_json(path / SETTINGS)
    try:
        rows, datasets = list(map(str, stored["rows"])), list(map(str, stored["datasets"]))
        told = stored.get("metric")
        compared = None if told is None else metric_of(str(told["name"]), bool(told["higher"]))
        named = _named(stored)
    except (KeyError, TypeError):
        raise RunError(f"{path / SETTINGS} is not of this version of diffqas.") from None
    cells, faults = [], []
    for file in sorted(path.glob("cells/*/*.json")):
        try:
            cell = Cell.from_json(read_json(file), file)
            row_of(cell, (compared or _metric(cell)).test)
            cells.append(cell)
        except DiffqasError as error:
            faults.append(" ".join(f"Left out: {file}: {error}".split()))
    known = [cell for cell in cells if cell.row in rows and cell.dataset in datasets]
    known.sort(key=lambda cell: (datasets.index(cell.dataset), rows.index(cell.row)))
    ready = {cell.dataset for cell in known if cell.row == rows[0]}
    shown = [cell for cell in known if cell.dataset in ready]
    metric = compared or (_metric(shown[0]) if shown else MSE)
    comparisons = compare_all(shown, rows[0], metric=metric, named=named)
    return StoredStudy(
        str(stored.get("study")), str(stored.get("command", "")), known, comparisons, faults
    )


def _named(stored: JsonView) -> tuple[NamedRow, ...]:
    """The rows of which the sentences speak; a folder that does not say them is of the papers."""
    if "named" in stored:
        return tuple(NamedRow(str(row["title"]), str(row["part"])) for row in stored["named"])
    study = STUDIES.get(str(stored.get("study")))
    return study.named if isinstance(study, Study) else ()


def _metric(cell: Cell) -> Metric:
    """The metric of a cell whose study does not say it: studies that did not had one of these."""
    for metric in (REWARD, ACCURACY, MSE):
        if metric.test in cell.figures:
            return metric
    tests = [name.removeprefix("test_") for name in cell.figures if name.startswith("test_")]
    return metric_of(tests[0] if tests else "figure")
