"""One cell computed in the process that asks for it: what every executor does in the end."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from diffqas.errors import RunError
from diffqas.simulator import using_cores
from diffqas.studies.cell import Cell
from diffqas.studies.cells import StudyFolder
from diffqas.studies.datasets import Data
from diffqas.studies.measure import Samples, measure
from diffqas.studies.plan import Job, Plan
from diffqas.studies.rows import Row, TrainedRow

HERE = Path()
"""The folder of a study that keeps nothing there for its cells."""


@dataclass(frozen=True)
class Failure:
    """A cell that could not be computed.

    Attributes:
        reason: one line.
        trace: where it happened, for who mends the program.
    """

    reason: str
    trace: str = ""


def compute(
    plan: Plan,
    row: Row,
    dataset: str,
    data: Data | None = None,
    found: Cell | None = None,
    folder: Path = HERE,
) -> tuple[Cell, Samples | None]:
    """Compute one cell on the cores that the process may use; their number changes no result.

    Args:
        plan: the study.
        row: its row.
        dataset: its data set.
        data: the data set's samples; loaded if not given.
        found: the cell of the search that the row is made from, if it is made from one.
        folder: the study's, where samples are loaded from, if it keeps what they need.
    """
    with using_cores(0):
        samples = plan.made.data(dataset, plan.data_dir, folder) if data is None else data
        seeds = plan.seed_numbers
        seeds = seeds[: row.seeds_of(len(seeds))] if isinstance(row, TrainedRow) else seeds
        return measure(plan.name, row, dataset, seeds, samples, found, plan.recipe)


def stored(
    folder: StudyFolder, plan: Plan, found: tuple[Cell, Samples | None] | Failure
) -> Cell | Failure:
    """Write what `attempt` gave into the study's folder; a failure leaves nothing there."""
    if isinstance(found, Failure):
        return found
    cell, samples = found
    # Another process may have begun the folder anew, with other settings.
    folder.confirm(plan)
    folder.write(cell, samples)
    return cell


def attempt(
    plan: Plan,
    row: Row,
    dataset: str,
    data: Data | None = None,
    found: Cell | None = None,
    folder: Path = HERE,
) -> tuple[Cell, Samples | None] | Failure:
    """Compute a cell; what goes wrong comes back as a `Failure`, and the other cells go on."""
    try:
        return compute(plan, row, dataset, data, found, folder)
    except Exception as error:
        # Whatever it is, it concerns this cell alone: a table of 130 cells takes hours.
        reason = " ".join(str(error).split()) or "no reason given"
        return Failure(f"{type(error).__name__}: {reason}", traceback.format_exc())


def found_of(folder: StudyFolder, plan: Plan, job: Job) -> Cell | None:
    """The cell of the search that a job's row is made from, computed and stored before, if it is
    made from one.

    Raises:
        RunError: it is not there.
    """
    for search in plan.searches([job]):
        cell = folder.read(search, plan)
        if cell is None:
            raise RunError(
                f"There is no {folder.cell(search.dataset, search.row.slug)}, which "
                f"{job.row.name} needs."
            )
        return cell
    return None
