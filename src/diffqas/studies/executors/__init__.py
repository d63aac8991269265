"""Where the cells of a study are computed: the choice of `diffqas study --executor`."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import ClassVar, Protocol

from diffqas.errors import choose, require
from diffqas.studies.cells import StudyFolder
from diffqas.studies.executors.cell import Failure as Failure
from diffqas.studies.executors.local import Done as Done
from diffqas.studies.executors.local import LocalExecutor as LocalExecutor
from diffqas.studies.executors.ray import RayExecutor as RayExecutor
from diffqas.studies.plan import Job, Plan

EXECUTORS = ("local", "ray")


class Executor(Protocol):
    """Computes cells somewhere.

    The figures of a cell do not depend on the number of cores, so all executors give the same.
    """

    name: ClassVar[str]

    @property
    def most(self) -> int | None:
        """Most cells that are computed at the same time; None: the executor knows."""
        ...

    def places(self, jobs: int) -> str:
        """How many of the cells are computed at the same time, for a person."""
        ...

    def execute(
        self, folder: StudyFolder, plan: Plan, jobs: Sequence[Job]
    ) -> Generator[Done, None, None]:
        """Compute and store cells, begun in the order of `jobs`; each is given when it is done, or
        has failed.

        Raises:
            RunError: the executor broke down, or a cell could not be written.
        """
        ...


def make_executor(
    name: str, workers: int | None = None, ray_address: str | None = None, gpus_per_cell: float = 0
) -> Executor:
    """An executor by name; arguments and errors as of `run_study`.

    >>> make_executor("local", workers=2).places(131)
    '2 at a time'
    """
    if choose(name, EXECUTORS, "executor") == "ray":
        return RayExecutor(ray_address, workers, gpus_per_cell)
    require(ray_address is None, "ray_address", "go with the executor ray", ray_address)
    require(not gpus_per_cell, "gpus_per_cell", "go with the executor ray", gpus_per_cell)
    return LocalExecutor(workers)
