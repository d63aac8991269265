"""Cells as tasks of a Ray cluster; this process alone touches the study's folder."""

from __future__ import annotations

import copy
import logging
import math
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from diffqas.agents import is_environment
from diffqas.errors import ArgumentError, RunError, require, whole
from diffqas.simulator import limit_cores
from diffqas.studies.cell import Cell
from diffqas.studies.cells import StudyFolder
from diffqas.studies.datasets import Data
from diffqas.studies.executors.cell import Failure, attempt, found_of, stored
from diffqas.studies.executors.knock import knock
from diffqas.studies.executors.local import Done
from diffqas.studies.plan import Job, Plan

CORES = 1
"""Of a node, reserved for a cell and used by it."""
RETRIES = 5
"""How often a cell is begun again whose worker or node was lost."""
MISSING = "The executor ray needs a package that is not installed: pip install 'diffqas[cluster]'"


@dataclass(frozen=True)
class RayExecutor:
    """Tasks of a Ray cluster, one CPU each.

    The nodes need diffqas and see neither the folder nor the data: samples go to them once through
    Ray's object store, cells come back, and this process writes them. A cell whose worker or node
    is lost is begun again elsewhere.

    Attributes:
        address: of the cluster, as for `ray.init`; None: what RAY_ADDRESS names, or the cluster
            that runs on this machine, or a new one of this machine's cores.
        workers: most cells at the same time; None: as many as there are CPUs.
        gpus: GPUs that Ray reserves for each cell; cells compute on the CPU.
    """

    address: str | None = None
    workers: int | None = None
    gpus: float = 0

    name: ClassVar[str] = "ray"

    def __post_init__(self) -> None:
        counted = self.workers is None or whole(self.workers)
        require(counted, "workers", "be at least 1", self.workers)
        countable = math.isfinite(self.gpus) and self.gpus >= 0
        require(countable, "gpus_per_cell", "be a number and not negative", self.gpus)
        try:
            import ray  # noqa: F401
        except ImportError:
            raise ArgumentError(MISSING) from None

    @property
    def most(self) -> int | None:
        """Most cells at the same time; None: as many as there are CPUs."""
        return self.workers

    def places(self, jobs: int) -> str:
        """How many of the cells are computed at the same time, for a person."""
        if self.workers is None:
            return "by Ray"
        return f"by Ray, {min(self.workers, max(1, jobs))} at a time"

    def execute(
        self, folder: StudyFolder, plan: Plan, jobs: Sequence[Job]
    ) -> Generator[Done, None, None]:
        """As `Executor.execute`.

        Raises:
            RunError: no cluster there, or it was lost, or a cell could not be written.
            ArgumentError: no node has the GPUs of a cell.
        """
        import ray

        with _cluster(self.address):
            self._check_gpus()
            data = {name: ray.put(found) for name, found in _samples(folder, plan, jobs)}
            remote = _remote().options(num_cpus=CORES, num_gpus=self.gpus, max_retries=RETRIES)
            running: dict[Any, Job] = {}
            waiting = list(reversed(jobs))
            try:
                while running or waiting:
                    while waiting and len(running) < (self.workers or len(jobs)):
                        job = waiting.pop()
                        running[
                            remote.remote(
                                plan,
                                job.row.slug,
                                job.dataset,
                                data.get(job.dataset),
                                found_of(folder, plan, job),
                            )
                        ] = job
                    for done in ray.wait(list(running), num_returns=1)[0]:
                        job = running.pop(done)
                        yield job, _received(done, folder, plan)
            finally:
                for left in running:
                    ray.cancel(left, force=True)

    def _check_gpus(self) -> None:
        import ray

        alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        most = max((resources.get("GPU", 0) for resources in alive), default=0)
        rule = f"be at most {most:g}, what a node of the cluster has"
        require(most >= self.gpus, "gpus_per_cell", rule, self.gpus)


def _samples(folder: StudyFolder, plan: Plan, jobs: Sequence[Job]) -> Iterator[tuple[str, Data]]:
    """Samples of the data sets; an environment has none, every cell makes its own."""
    for name in dict.fromkeys(job.dataset for job in jobs):
        if not is_environment(name):
            yield name, plan.made.data(name, plan.data_dir, folder.path)


def _received(done: Any, folder: StudyFolder, plan: Plan) -> Cell | Failure:
    """A cell from Ray, stored."""
    import ray
    from ray.exceptions import RayError

    try:
        found: Any = ray.get(done)  # what `attempt` gave there
    except RayError as error:
        # Lost more often than it may be begun again.
        return Failure(f"{type(error).__name__}: {str(error).strip().splitlines()[0]}", str(error))
    return stored(folder, plan, found)


@cache
def _remote() -> Any:
    import ray

    return ray.remote(_work)


def _work(plan: Plan, word: str, dataset: str, data: Data | None, found: Cell | None) -> Any:
    """One cell on a node. What comes out of the object store is read-only, hence the copy."""
    limit_cores(CORES)
    return attempt(plan, plan.row(word), dataset, copy.deepcopy(data), found)


@contextmanager
def _cluster(address: str | None) -> Iterator[None]:
    """A connection to the cluster, ended afterwards; one that is there already is used and left as
    it is.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # A cell without a GPU leaves the variables of the driver alone.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        yield
        return
    knock(address)
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            include_dashboard=False,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = "a Ray cluster on this machine"
        if address is not None:
            where = f"the Ray cluster at {address}"
        reason = str(error).strip().splitlines()[0]
        raise RunError(f"Cannot reach {where}: {reason} See docs/clusters.md.") from None
    try:
        yield
    finally:
        ray.shutdown()
