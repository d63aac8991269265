"""The tables of a study's folder as it is: nothing is computed, nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from diffqas.errors import DiffqasError
from diffqas.runs import is_study as is_study
from diffqas.storage import read_json
from diffqas.studies.cell import Cell
from diffqas.studies.comparison import Comparison, compare_all
from diffqas.studies.entries import NamedRow
from diffqas.studies.library import STUDIES
from diffqas.studies.merging import row_of
from diffqas.studies.metric import ACCURACY, MSE, REWARD, Metric, metric_of
from diffqas.studies.study import Study
from diffqas.studies.study_file import StudyFile

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
    about = StudyFile.read(path / SETTINGS)
    rows, datasets = list(about.rows), list(about.datasets)
    cells, faults = [], []
    for file in sorted(path.glob("cells/*/*.json")):
        try:
            cell = Cell.from_json(read_json(file), file)
            if cell.row in rows and cell.dataset in datasets:
                _check(cell, about.metric or _metric(cell))
                cells.append(cell)
        except DiffqasError as error:
            faults.append(" ".join(f"Left out: {file}: {error}".split()))
    cells.sort(key=lambda cell: (datasets.index(cell.dataset), rows.index(cell.row)))
    ready = {cell.dataset for cell in cells if cell.row == rows[0]}
    shown = [cell for cell in cells if cell.dataset in ready]
    metric = about.metric
    if metric is None:
        metric = _metric(shown[0]) if shown else MSE
    named = about.named
    if named is None:
        named = _named(about.study)
    comparisons = compare_all(shown, rows[0], metric=metric, named=named)
    return StoredStudy(about.study, about.command, cells, comparisons, faults)


def _check(cell: Cell, metric: Metric) -> None:
    """Whether a cell has figures that can be compared.

    Raises:
        DiffqasError: it has not.
    """
    row = row_of(cell, metric.test)
    # An error has a logarithm only if it is not negative.
    metric.cost(list(row.errors.values()))


def _named(name: str) -> tuple[NamedRow, ...]:
    """The rows of which the sentences speak; a folder that does not say them is of the papers."""
    study = STUDIES.get(name)
    if isinstance(study, Study):
        return study.named
    return ()


def _metric(cell: Cell) -> Metric:
    """The metric of a cell whose study does not say it: studies that did not had one of these."""
    for metric in (REWARD, ACCURACY, MSE):
        if metric.test in cell.figures:
            return metric
    for name in cell.figures:
        if name.startswith("test_"):
            return metric_of(name.removeprefix("test_"))
    return metric_of("figure")
