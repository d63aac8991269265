"""Named tables, five folds each: a searched quantum layer and classical models of as many numbers.

    diffqas study studies/tables.py:TABLES [--datasets wine-0 wine-1 ...]
    diffqas study studies/tables.py:BREAST_CANCER

Each fold is a data set of its own; `summary.md` summarises the five folds of a table.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from diffqas.kinds import OWN_RECIPES, VQC_RECIPES, VQCKind
from diffqas.reports import Terminal
from diffqas.studies import ACCURACY, Cell, Row, Study, TrainedRow, populations
from diffqas.tasks import Settings, Task, load_named, table_task
from layer_controls import (
    CLASSICAL_EPOCHS,
    FEATURES,
    LINEAR,
    PERCEPTRON,
    classical,
    frozen,
)
from one_factor import write_lines

FOLDS = 5
CANCER = "breast-cancer"

SEARCH = "quantum layer"
CLASSICAL = {
    "perceptron": PERCEPTRON,
    "random features": FEATURES,
    "logistic regression": LINEAR,
}

TABLE = "summary.md"


def rows(settings: Settings, recipe: str) -> list[Row]:
    """The search, the same circuits with angles that stay, and what has no circuit."""
    kind = VQCKind(baselines=True)
    longer = replace(settings, epochs=CLASSICAL_EPOCHS)
    return [
        TrainedRow(
            SEARCH,
            "search",
            settings,
            partial(populations.of_kind, kind=kind),
            has_target=False,
        ),
        TrainedRow(
            "frozen circuits",
            "control",
            settings,
            partial(frozen, kind=kind),
            has_target=False,
        ),
        *(
            TrainedRow(
                name,
                "control",
                longer,
                partial(classical, kind=kind, place=place),
                work=0.1,
                has_target=False,
            )
            for name, place in CLASSICAL.items()
        ),
    ]


def load(dataset: str, data_dir: str | Path | None) -> Task:
    """One fold of a table."""
    name, _, fold = dataset.rpartition("-")
    return table_task(load_named(name, fold=int(fold)))


def samples(dataset: str) -> int:
    """Training rows of a fold."""
    return len(load(dataset, None).train)


def summary(cells: Sequence[Cell]) -> Iterator[str]:
    """A row for each model, a column for each table whose five folds are computed.

    A seed's figure is its mean over the folds. Folds differ more than seeds do, and all models see
    the same ones, so the second column of a table is the mean difference from the search, with the
    standard error over the folds of the seeds' means.
    """
    figures = {(cell.dataset, cell.row): cell for cell in cells}
    names = dict.fromkeys(cell.dataset.rpartition("-")[0] for cell in cells)
    found = list(dict.fromkeys(cell.row for cell in cells))
    complete = [
        name
        for name in names
        if all((f"{name}-{fold}", row) in figures for fold in range(FOLDS) for row in found)
    ]
    if not complete:
        yield "No table has all of its folds yet."
        return
    yield "| | " + " | ".join(f"{name} | search less row" for name in complete) + " |"
    yield "|---|" + "---|" * (2 * len(complete))
    for row in found:
        entries = [row]
        for name in complete:
            own = _means(figures, name, row)
            behind = [a - b for a, b in zip(_means(figures, name, SEARCH), own, strict=True)]
            entries.append(_with_error(own))
            entries.append("" if row == SEARCH else _with_error(behind, "+"))
        yield "| " + " | ".join(entries) + " |"


def _means(figures: dict[tuple[str, str], Cell], name: str, row: str) -> list[float]:
    """Mean accuracy over the seeds, fold by fold."""
    means: list[float] = []
    for fold in range(FOLDS):
        values = figures[f"{name}-{fold}", row].figures[ACCURACY.test]
        means.append(statistics.fmean(value for value in values if value is not None))
    return means


def _with_error(values: Sequence[float], sign: str = "") -> str:
    """Mean and standard error in per cent.

    >>> _with_error([0.9, 1.0, 0.95])
    '95.00 ± 2.89'
    """
    error = statistics.stdev(values) / math.sqrt(len(values))
    return f"{100 * statistics.fmean(values):{sign}.2f} ± {100 * error:.2f}"


def write_summary(folder: Path, cells: Sequence[Cell], console: Terminal) -> None:
    """Write `summary.md`, and print it."""
    write_lines(folder / TABLE, summary(cells), console)


def study(names: Sequence[str], recipes: Mapping[str, Settings]) -> Study:
    """The rows on all folds of these tables."""
    datasets = tuple(f"{name}-{fold}" for name in names for fold in range(FOLDS))
    return Study(
        rows,
        datasets,
        metric=ACCURACY,
        recipes=lambda: recipes,
        load=load,
        samples=samples,
        more=write_summary,
    )


TABLES = study(("iris", "wine"), VQC_RECIPES)
BREAST_CANCER = study((CANCER,), OWN_RECIPES[CANCER])
