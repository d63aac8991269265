"""Cells computed by processes of this machine; a stop leaves nothing running and nothing
half-written.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ClassVar

from diffqas.errors import RunError, require, whole
from diffqas.simulator import available_cores, limit_cores
from diffqas.studies.cell import Cell
from diffqas.studies.cells import StudyFolder
from diffqas.studies.executors.cell import Failure, attempt, found_of, stored
from diffqas.studies.plan import Job, Plan

Done = tuple[Job, Cell | Failure]


@dataclass(frozen=True)
class LocalExecutor:
    """Processes of this machine.

    With one worker the cells are computed in this process, with more in processes of their own,
    which stop when this one does, however it ends.

    Attributes:
        workers: processes; None: one per core.
    """

    workers: int | None = None

    name: ClassVar[str] = "local"

    def __post_init__(self) -> None:
        require(whole(self.most), "workers", "be at least 1", self.workers)

    @property
    def most(self) -> int:
        """Processes."""
        return _cores() if self.workers is None else self.workers

    def places(self, jobs: int) -> str:
        """How many of the cells are computed at the same time, for a person."""
        return f"{min(self.most, max(1, jobs))} at a time"

    def execute(
        self, folder: StudyFolder, plan: Plan, jobs: Sequence[Job]
    ) -> Generator[Done, None, None]:
        """As `Executor.execute`."""
        workers = min(self.most, len(jobs))
        if workers <= 1:
            for job in jobs:
                yield job, _store(folder, plan, job)
        else:
            yield from _elsewhere(folder, plan, jobs, workers)


def _elsewhere(
    folder: StudyFolder, plan: Plan, jobs: Sequence[Job], workers: int
) -> Generator[Done, None, None]:
    # A forked process would inherit torch's threads in whatever state they are, and could wait for
    # them for ever.
    context = get_context("spawn")
    lifeline, ours = context.Pipe(duplex=False)
    share = max(1, available_cores() // workers)
    pool = ProcessPoolExecutor(workers, context, _begin_worker, (lifeline, share))
    try:
        tasks = {
            pool.submit(_work, folder.path, plan, job.row.slug, job.dataset): job for job in jobs
        }
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


def _begin_worker(lifeline: Connection, cores: int) -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches every process of a terminal; the first one acts
    limit_cores(cores)
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()


def _end_with_parent(lifeline: Connection) -> None:
    """End this process once the other end of the pipe is closed, by the parent or by its death."""
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


def _work(folder: Path, plan: Plan, word: str, dataset: str) -> Cell | Failure:
    return _store(StudyFolder(folder), plan, Job(plan.row(word), dataset, 0.0))


def _store(folder: StudyFolder, plan: Plan, job: Job) -> Cell | Failure:
    # Another process that works on the folder may have come first.
    there = folder.finished(job, plan)
    if there is not None:
        return there
    found = found_of(folder, plan, job)
    measured = attempt(plan, job.row, job.dataset, found=found, folder=folder.path)
    return stored(folder, plan, measured)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
