"""A study from its first cell to its report; the same call goes on where an earlier one was
stopped.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from matplotlib.figure import Figure
from rich.text import Text

from diffqas.agents import BEST
from diffqas.errors import RunError, path_of
from diffqas.reports import (
    Floats,
    Predictions,
    Terminal,
    duration,
    plain_text,
    predictions_figure,
    save_figure,
)
from diffqas.storage import Json, append_json, make_folder, understood
from diffqas.studies.cell import Cell
from diffqas.studies.cells import StudyFolder
from diffqas.studies.comparison import Comparison, compare_all
from diffqas.studies.curves import curves_figure
from diffqas.studies.datasets import fetch
from diffqas.studies.display import Display
from diffqas.studies.executors import Executor, Failure, make_executor
from diffqas.studies.outputs import terminal_tables, write_outputs
from diffqas.studies.plan import Job, Plan, share_of
from diffqas.studies.reward_curves import rewards_figure
from diffqas.tasks import SERIES, Scaling, SeriesScale, load_series
from diffqas.text import file_name


@dataclass(frozen=True)
class StudyRun:
    """A computed study, as `run_study` returns it.

    Attributes:
        folder: the folder of the study.
        cells: all finished cells, in the order of the table.
        comparisons: one table for each data set whose search is finished.
    """

    folder: Path
    cells: list[Cell]
    comparisons: list[Comparison]


def run_study(
    plan: Plan,
    *,
    rows: Sequence[str] = (),
    datasets: Sequence[str] = (),
    workers: int | None = None,
    shard: str | None = None,
    output: str | Path | None = None,
    overwrite: bool = False,
    executor: str = "local",
    ray_address: str | None = None,
    gpus_per_cell: float = 0,
    quiet: bool = False,
) -> StudyRun:
    """Compute the missing cells of a study, then write the report.

    This is what `diffqas study` does, for scripts and notebooks. A script must guard this call by
    `if __name__ == "__main__":`, because the processes that compute import it.

    Args:
        plan: the study and its settings.
        rows: the words of rows or of groups to compute; all if it is empty.
        datasets: the data sets to compute; all if it is empty.
        workers: the number of processes; None means one per core. With the executor `"ray"` it is
            the most cells at the same time.
        shard: `"i/n"` computes only every n-th cell, to share a study between machines.
        output: the study's folder; None stands for `runs/<study>`, with the recipe's name if it is
            not the default.
        overwrite: whether to begin anew in a folder that holds a study.
        executor: `"local"` (processes of this machine) or `"ray"`.
        ray_address: the address of the Ray cluster. None stands for RAY_ADDRESS, the cluster on
            this machine, or a new one there.
        gpus_per_cell: how many GPUs Ray reserves for each cell.
        quiet: whether to print nothing.

    Raises:
        ArgumentError: an argument is wrong.
        DataError: files of images are missing and cannot be downloaded, or are damaged; or what the
            study prepares cannot be made.
        RunError: the folder holds a study with other settings, the disk is full, or cells have
            failed; the others are computed and the report is written all the same.
    """
    chosen = make_executor(executor, workers, ray_address, gpus_per_cell)
    jobs = share_of(plan.jobs(rows, datasets), shard)
    folder = StudyFolder(path_of(output, "output") if output is not None else default_folder(plan))
    console = Terminal(quiet=quiet)
    origin, every = plan.made.origin, [*plan.searches(jobs), *jobs]
    if origin is None:
        absent = [
            job.dataset for job in every if not folder.cell(job.dataset, job.row.slug).exists()
        ]
        fetch([*absent, *(plan.made.images if absent else ())], plan.data_dir)
    elif len(origin.seeds) < plan.count:
        few = (
            f"{origin.path} has {len(origin.seeds)} finished seeds, not {plan.count}: the study "
            "has as many"
        )
        console.say(few, style="yellow")
    folder.open(plan, overwrite=overwrite)
    for change in folder.changed_versions():
        console.say(f"Cells from now on come from another version: {change}", style="yellow")
    missing = _missing(folder, plan, jobs, console)
    before = len(jobs) - len(missing)
    what = f": {len(jobs)} cells, {before} of them finished before; {chosen.places(len(missing))}"
    console.say(Text.assemble(plain_text(plan.name, "bold"), what))
    failed: dict[str, Failure] = {}
    if missing and plan.made.prepare is not None:
        plan.made.prepare(folder.path, plan.data_dir)
    if missing:
        failed = _compute(folder, plan, _in_turn(folder, plan, missing, console), chosen, console)
    study = report(folder.path, plan, console)
    if failed:
        name, failure = next(iter(failed.items()))
        others = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
        remedy = f"{folder.path / 'log.jsonl'} says where. The same command tries again."
        raise RunError(
            f"{len(failed)} of {len(missing)} cells failed: {name}: {failure.reason}{others}. "
            f"{remedy}"
        )
    return study


def default_folder(plan: Plan) -> Path:
    """Where a study goes if nothing else is said.

    >>> folders = map(default_folder, (Plan("table-2"), Plan("table-2", "paper")))
    >>> tuple(folder.as_posix() for folder in folders)
    ('runs/table-2', 'runs/table-2-paper')
    """
    name = plan.name
    if plan.recipe != "default":
        name = f"{name}-{plan.recipe}"
    return Path("runs") / name


def report(path: Path, plan: Plan, console: Terminal) -> StudyRun:
    """Print the tables of all finished cells and write them beside the cells; failures are listed.

    A data set enters the report once its search is finished.
    """
    folder = StudyFolder(path)
    cells = folder.cells(plan)
    baseline = plan.rows[0].name
    # Without its search a data set has nothing that the other rows could be compared with.
    ready = {cell.dataset for cell in cells if cell.row == baseline}
    with understood(folder.path / "cells"):
        shown = [cell for cell in cells if cell.dataset in ready]
        named = plan.made.named
        comparisons = compare_all(shown, baseline, metric=plan.metric, named=named)
    if comparisons:
        write_outputs(comparisons, path)
        console.print()
        console.print(terminal_tables(comparisons, console.width))
    _pictures(folder, plan, cells, console)
    if plan.made.more is not None:
        plan.made.more(path, cells, console)
    _summary(cells, plan, path, console)
    return StudyRun(path, cells, comparisons)


def _missing(folder: StudyFolder, plan: Plan, jobs: Sequence[Job], console: Terminal) -> list[Job]:
    missing = []
    for job in jobs:
        try:
            cell = folder.read(job, plan)
        except RunError as error:
            console.say(f"{error} It is computed again.", style="yellow")
            cell = None
        if cell is None:
            missing.append(job)
    return missing


def _in_turn(
    folder: StudyFolder, plan: Plan, jobs: Sequence[Job], console: Terminal
) -> list[list[Job]]:
    """Searches that other cells are made from, then all others."""
    first = _missing(folder, plan, plan.searches(jobs), console)
    places = {(job.row.slug, job.dataset) for job in first}
    return [first, [job for job in jobs if (job.row.slug, job.dataset) not in places]]


def _compute(
    folder: StudyFolder,
    plan: Plan,
    batches: Sequence[list[Job]],
    executor: Executor,
    console: Terminal,
) -> dict[str, Failure]:
    """Compute cells, batch after batch; those that failed, by name."""
    started, seconds, done = time.perf_counter(), 0.0, 0
    failed: dict[str, Failure] = {}
    try:
        # Closed here, or the workers would live on for as long as somebody holds the exception.
        with Display(console, [job for jobs in batches for job in jobs], plan.metric) as display:
            for jobs in filter(None, batches):
                with closing(executor.execute(folder, plan, jobs)) as cells:
                    for job, cell in cells:
                        if isinstance(cell, Failure):
                            failed[f"{job.dataset}, {job.row.name}"] = cell
                            display.fail(job, cell.reason)
                            continue
                        seconds += cell.seconds or 0.0
                        done += 1
                        display.update(job, cell)
    finally:
        line: Json = {
            "executor": executor.name,
            "workers": executor.most,
            "cells": done,
            "wall_seconds": round(time.perf_counter() - started, 1),
            "cell_seconds": round(seconds, 1),
        }
        if failed:
            traces = {name: failure.trace or failure.reason for name, failure in failed.items()}
            line["failed"] = traces
        # One line for every time that the study was worked on; it alone keeps the time it took.
        append_json(folder.path / "log.jsonl", line)
    return failed


def _pictures(folder: StudyFolder, plan: Plan, cells: Sequence[Cell], console: Terminal) -> None:
    """The figures of arXiv 2505.09653: 5 to 7, accuracy and loss over the epochs; 8 to 12,
    predictions and truth.
    """
    for dataset in plan.datasets:
        word = file_name(dataset)
        drawn = [cell for cell in cells if cell.dataset == dataset and cell.curves is not None]
        acted = [cell for cell in cells if cell.dataset == dataset and _has_rewards(cell)]
        if acted and acted[0].row == plan.rows[0].name:
            best = next((reference.value for reference in BEST.get(dataset, ())), None)
            _save(folder, f"rewards-{word}.png", rewards_figure(acted, best))
        for part in ("test", "train") if drawn else ():
            _save(folder, f"{part}-{word}.png", curves_figure(drawn, part))
        path = folder.predictions(dataset)
        if not path.exists():
            continue
        try:
            figure = _predicted(dataset, Predictions.read(path))
        except RunError:
            remedy = f"Remove the search's cell of {dataset} to compute it again."
            console.say(f"{path} is damaged: no picture. {remedy}", style="yellow")
            continue
        _save(folder, f"predictions-{word}.png", figure)


def _predicted(dataset: str, stored: Predictions) -> Figure:
    """In the series' own units, where they are known."""
    seeds = len(next(iter(stored.snapshots.values())))
    counted = f"{seeds} seed" if seeds == 1 else f"{seeds} seeds"
    title = f"{dataset}: prediction of the search against truth ({counted})"
    scale = stored.scale or _scale_by_truth(dataset, stored.truth)
    if scale is None:
        return predictions_figure(stored.snapshots, stored.truth, stored.boundary, title)
    own = {epoch: scale.unscaled(values) for epoch, values in stored.snapshots.items()}
    truth = scale.unscaled(stored.truth)
    return predictions_figure(own, truth, stored.boundary, title, scale.values)


def _scale_by_truth(dataset: str, truth: Floats) -> SeriesScale | None:
    """The scale of a named series whose targets these are: version 0.1.0 stored none."""
    if dataset not in SERIES:
        return None
    for scaling in get_args(Scaling):
        data = load_series(dataset, scaling=scaling)
        if data.targets.shape == truth.shape and np.allclose(data.targets, truth, atol=1e-6):
            return SeriesScale(data.name, data.low, data.high)
    return None


def _has_rewards(cell: Cell) -> bool:
    return cell.agents is not None and len(cell.agents.rewards) > 0


def _save(folder: StudyFolder, name: str, figure: Figure) -> None:
    figures = folder.path / "figures"
    make_folder(figures, inside=folder.path)
    save_figure(figure, figures / name)


def _summary(cells: Sequence[Cell], plan: Plan, path: Path, console: Terminal) -> None:
    for cell in cells:
        for seed, reason in cell.failures.items():
            line = f"{cell.dataset}, {cell.row}: seed {seed} failed: {reason}"
            console.say(line, style="red")
    total = len(plan.jobs())
    spent = duration(sum(cell.seconds or 0.0 for cell in cells))
    console.say(f"{len(cells)} of {total} cells finished, {spent} of computing.")
    if len(cells) < total:
        console.say("The same command computes the others.")
    console.print()
    console.say(path, style="bold")
    for name, meaning in CONTENTS.items():
        if (path / name).exists():
            console.say(Text.assemble(f"  {name:12} ", (meaning, "dim")))


CONTENTS = {
    "table.md": "the tables and what they say; table.csv has all figures, table.tex is for LaTeX",
    "table.png": "every seed of every row",
    "settings.md": "all settings on all data sets",
    "adapters.md": "accuracy, size and time of every adapter",
    "adapters.png": "accuracy against trained numbers",
    "gaps.md": "what is kept against the mixture after the same training",
    "ranks.md": "whether the seeds agree on the candidates; ranks.csv has all contributions",
    "figures": "what happened over the epochs",
    "cells": "one file per row and data set",
    "study.json": "settings, versions and the command",
    "log.jsonl": "how long it took",
}
