"""One cell computed where it stands, in this process or in another: what every executor does in the end."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any

import torch

from diffqas.studies.datasets import Data, load_data
from diffqas.studies.measure import Samples, measure
from diffqas.studies.plan import Plan
from diffqas.studies.rows import Row, TrainedRow


@dataclass(frozen=True)
class Failure:
    """A cell that could not be computed.

    Attributes:
        reason: one line.
        trace: where it happened, for who mends the program.
    """

    reason: str
    trace: str = ""


def compute(plan: Plan, row: Row, dataset: str, data: Data | None = None) -> tuple[dict[str, Any], Samples | None]:
    """One cell on one thread: small tensors are faster so, and the result depends on the number of threads.

    Args:
        plan: the study.
        row: its row.
        dataset: its data set.
        data: the data set's samples; loaded if not given.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found = load_data(dataset, plan.data_dir) if data is None else data
        seeds = range(row.seeds_of(plan.seeds) if isinstance(row, TrainedRow) else plan.seeds)
        return measure(plan.study, row, dataset, seeds, found)
    finally:
        torch.set_num_threads(threads)


def attempt(
    plan: Plan, row: Row, dataset: str, data: Data | None = None
) -> tuple[dict[str, Any], Samples | None] | Failure:
    """As `compute`; what goes wrong in it comes back as a `Failure`, and the other cells can go on."""
    try:
        return compute(plan, row, dataset, data)
    except Exception as error:
        reason = " ".join(str(error).split()) or "no reason given"
        return Failure(f"{type(error).__name__}: {reason}", traceback.format_exc())
