"""Which cells of the papers' studies are finished and which are missing; and computing them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.table import Table

from diffqas.agents import is_environment
from diffqas.errors import DiffqasError, RunError
from diffqas.reports import Terminal, duration, plain_text
from diffqas.studies.cells import StudyFolder
from diffqas.studies.datasets import is_images
from diffqas.studies.library import load_study, papers_index
from diffqas.studies.plan import Job, Plan, share_of
from diffqas.studies.rows import TrainedRow
from diffqas.studies.run import default_folder, run_study
from diffqas.studies.study import Study

# Medians over the cells that are committed with the project, ten seeds on one core. A unit of cost
# is a step of the study's search: 17 qubits of the images take longer than 11 of the series, and
# an episode of an agent is shorter than either.
SECONDS_OF_SERIES, SECONDS_OF_IMAGES, SECONDS_OF_AGENTS = 0.03, 0.5, 0.006


@dataclass(frozen=True)
class StudyState:
    """The progress of a study.

    Attributes:
        plan: the choices of the study.
        folder: its folder, which need not exist yet.
        finished: the number of finished cells.
        missing: the cells to compute, the longest first.
        seconds: how long the missing cells are expected to take on one core.
        fault: why nothing can be added to the folder; None if something can be added.
    """

    plan: Plan
    folder: Path
    finished: int
    missing: tuple[Job, ...]
    seconds: float
    fault: str | None = None


def study_state(
    plan: Plan,
    folder: Path,
    *,
    rows: Sequence[str] = (),
    datasets: Sequence[str] = (),
    shard: str | None = None,
) -> StudyState:
    """How far a study is; nothing is written.

    Args:
        plan: its choices.
        folder: its folder, which need not be there.
        rows: as of `run_study`.
        datasets: as there.
        shard: as there.

    Raises:
        ArgumentError: an unknown row or data set, or a shard of another form.
    """
    jobs = share_of(plan.jobs(rows, datasets), shard)
    place = StudyFolder(folder)
    fault = None
    try:
        if place.settings.exists():
            place.confirm(plan)
    except RunError as error:
        fault = str(error)
    missing, finished, rates = [], 0, []
    for job in jobs:
        cell = place.finished(job, plan)
        if cell is None:
            missing.append(job)
            continue
        finished += 1
        if isinstance(job.row, TrainedRow) and cell.seconds is not None:
            rates.append(cell.seconds / job.cost)
    # What the folder's own cells took on this machine says more than the constants do.
    if rates:
        seconds = median(rates) * sum(job.cost for job in missing)
    else:
        seconds = sum(_seconds_per_unit(job.dataset) * job.cost for job in missing)
    return StudyState(plan, folder, finished, tuple(missing), seconds, fault)


def _seconds_per_unit(dataset: str) -> float:
    if is_environment(dataset):
        return SECONDS_OF_AGENTS
    if is_images(dataset):
        return SECONDS_OF_IMAGES
    return SECONDS_OF_SERIES


def papers_plans(
    *,
    recipe: str = "default",
    seeds: int | None = None,
    epochs: int | None = None,
    episodes: int | None = None,
    depth: int | None = None,
    data_dir: str | None = None,
) -> list[Plan]:
    """Plans of the papers' studies, in the order of the index.

    Left out are those that are made of a finished run, and those that have no such recipe.

    Args:
        recipe: as of `Plan`.
        seeds: as of `Plan`.
        epochs: of the studies of data sets.
        episodes: of the studies of environments.
        depth: as of `Plan`.
        data_dir: of the studies of images.
    """
    plans = []
    for name in papers_index():
        study = load_study(name).study
        if not isinstance(study, Study) or recipe not in study.recipes():
            continue
        acting = is_environment(study.datasets[0])
        images = bool(study.images) or all(map(is_images, study.datasets))
        plans.append(
            Plan(
                name,
                recipe=recipe,
                seeds=seeds,
                epochs=None if acting else epochs,
                depth=depth,
                data_dir=data_dir if images else None,
                episodes=episodes if acting else None,
            )
        )
    return plans


def survey_of(plans: Sequence[Plan], output: Path, *, shard: str | None = None) -> list[StudyState]:
    """How far each of some studies is, the one that is soonest finished first.

    Args:
        plans: the studies.
        output: the folder in which each has a folder of its own, named as in `runs`.
        shard: `"i/n"`: every n-th cell of each study alone.
    """
    states = [study_state(plan, output / default_folder(plan).name, shard=shard) for plan in plans]
    return sorted(states, key=lambda state: (state.fault is not None, state.seconds))


def run_all(
    states: Sequence[StudyState],
    *,
    shard: str | None = None,
    workers: int | None = None,
    executor: str = "local",
    ray_address: str | None = None,
    gpus_per_cell: float = 0,
    console: Terminal | None = None,
) -> None:
    """Compute what is missing, study after study, and write the report of each.

    A study that cannot be computed does not stop the others.

    Args:
        states: of `survey_of`.
        shard: as there.
        workers: as of `run_study`.
        executor: as there.
        ray_address: as there.
        gpus_per_cell: as there.
        console: where to print; None: nowhere.

    Raises:
        RunError: at the end, with what stopped each of the studies that are not whole.
    """
    terminal = console if console is not None else Terminal(quiet=True)
    faults = []
    for state in states:
        if state.fault is not None:
            faults.append(f"{state.plan.name}: {state.fault}")
            continue
        if not state.missing:
            continue
        try:
            run_study(
                state.plan,
                workers=workers,
                shard=shard,
                output=state.folder,
                executor=executor,
                ray_address=ray_address,
                gpus_per_cell=gpus_per_cell,
                quiet=console is None,
            )
        except DiffqasError as error:
            faults.append(f"{state.plan.name}: {error}")
            terminal.say(faults[-1], style="red")
        terminal.print()
    if faults:
        raise RunError(f"{len(faults)} of {len(states)} studies are not whole. {faults[0]}")


def print_survey(states: Sequence[StudyState], console: Terminal) -> None:
    """The list: each study, its missing cells in the order in which they are begun, and a total."""
    table = Table(box=None, pad_edge=False)
    table.add_column("study")
    table.add_column("finished", justify="right")
    table.add_column("missing", justify="right")
    table.add_column("core time", justify="right")
    for state in states:
        spent = duration(state.seconds) if state.missing and state.fault is None else ""
        table.add_row(
            plain_text(state.folder.name), str(state.finished), str(len(state.missing)), spent
        )
    console.print(table)
    for state in states:
        if state.fault is not None:
            console.print()
            console.say(f"{state.folder.name} is left alone: {state.fault}", style="yellow")
        elif state.missing:
            console.print()
            console.say(plain_text(state.folder.name, "bold"))
            _print_missing(state, console)
    console.print()
    console.say(total_line(states))


def _print_missing(state: StudyState, console: Terminal) -> None:
    """A line for each data set; the list would be hundreds of lines long with one for each cell."""
    words: dict[str, list[str]] = {}
    for job in state.missing:
        words.setdefault(job.dataset, []).append(job.row.slug)
    for dataset, rows in words.items():
        console.say(f"  {dataset}: {' '.join(rows)}")


def total_line(states: Sequence[StudyState]) -> str:
    """How much of all is finished, and how long the rest takes."""
    open_states = [state for state in states if state.fault is None]
    finished = sum(state.finished for state in states)
    missing = sum(len(state.missing) for state in open_states)
    seconds = sum(state.seconds for state in open_states)
    left = len(states) - len(open_states)
    counted = "1 study" if len(states) == 1 else f"{len(states)} studies"
    line = f"{counted}: {finished} cells finished, {missing} missing"
    if missing:
        line += f", about {duration(seconds)} of one core"
    if left:
        line += f"; {left} left alone"
    return f"{line}."
