"""Cells computed by several processes; a stop leaves nothing running and nothing half-written."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from diffqas.errors import RunError
from diffqas.studies.cells import StudyFolder
from diffqas.studies.measure import measure
from diffqas.studies.plan import Job, Plan
from diffqas.studies.rows import TrainedRow

Done = tuple[Job, dict[str, Any]]


def execute(folder: StudyFolder, plan: Plan, jobs: Sequence[Job], workers: int) -> Generator[Done, None, None]:
    """Compute and store cells, in the order of `jobs`; each is given when it is done.

    With one worker they are computed in this process, with more in processes of their own, which stop when
    this one does, however it ends.

    Raises:
        RunError: a worker died, or a cell could not be written.
    """
    if min(workers, len(jobs)) <= 1:
        yield from _here(folder, plan, jobs)
    else:
        yield from _elsewhere(folder, plan, jobs, min(workers, len(jobs)))


def _here(folder: StudyFolder, plan: Plan, jobs: Sequence[Job]) -> Generator[Done, None, None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small tensors are faster on one thread, and the result depends on their number
    try:
        for job in jobs:
            yield job, _store(folder, plan, job)
    finally:
        torch.set_num_threads(threads)


def _elsewhere(folder: StudyFolder, plan: Plan, jobs: Sequence[Job], workers: int) -> Generator[Done, None, None]:
    context = get_context("spawn")
    lifeline, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(workers, context, _begin_worker, (lifeline,))
    try:
        tasks = {pool.submit(_work, folder.path, plan, job.row.slug, job.dataset): job for job in jobs}
        for task in as_completed(tasks):
            yield tasks[task], task.result()
    except BaseException as error:
        ours.close()  # workers that still compute stop here and now
        if isinstance(error, BrokenProcessPool):
            hint = "Perhaps memory ran out: give fewer --workers. The same command continues."
            raise RunError(f"A worker process died. {hint}") from None
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        ours.close()
        lifeline.close()


def _begin_worker(lifeline: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; the first one acts
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()


def _end_with_parent(lifeline: Connection) -> None:
    """End this process once the other end of the pipe is closed, by the parent or by its death."""
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


def _work(folder: Path, plan: Plan, word: str, dataset: str) -> dict[str, Any]:
    return _store(StudyFolder(folder), plan, Job(plan.row(word), dataset, 0.0))


def _store(folder: StudyFolder, plan: Plan, job: Job) -> dict[str, Any]:
    data = plan.made.load(job.dataset, plan.data_dir)
    seeds = plan.seed_numbers
    seeds = seeds[: job.row.seeds_of(len(seeds))] if isinstance(job.row, TrainedRow) else seeds
    cell, samples = measure(plan.study, job.row, job.dataset, seeds, data, _found(folder, plan, job))
    folder.write(cell, samples)
    return cell


def _found(folder: StudyFolder, plan: Plan, job: Job) -> dict[str, Any] | None:
    """The cell of the search that a job's row is made from, computed and stored before, if it is made from one."""
    for search in plan.searches([job]):
        cell = folder.read(search, plan)
        if cell is None:
            raise RunError(f"There is no {folder.cell(search.dataset, search.row.slug)}, which {job.row.name} needs.")
        return cell
    return None
