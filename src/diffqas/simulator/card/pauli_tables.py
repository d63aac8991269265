"""A plan of plane rotations as tables for the kernels of a card.

A job is one output of one circuit: of each candidate, or of all candidates of a part where they
share their angles. The slots of all jobs lie one after the other.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffqas.simulator.kept import kept
from diffqas.simulator.pauli_plan import Plan, Size, pauli_plan

Array: TypeAlias = NDArray[np.int64]


class Entries(NamedTuple):
    """Rows of sums, each over entries of its own: those from starts[r] to starts[r + 1]."""

    starts: Tensor
    sources: Tensor
    owners: Tensor
    signs: Tensor
    width: int
    """Entries of the longest row."""

    @property
    def rows(self) -> int:
        """How many sums there are."""
        return len(self.starts) - 1


class Tables(NamedTuple):
    """Everything of a plan, on the device."""

    jobs: Tensor
    """(jobs, 4): first and last step, first slot, and the candidate whose angles it takes."""
    steps: Tensor
    """(steps, 3): angle, and the rows of `pairs` that it turns."""
    pairs: Tensor
    """(rows, 2): slots, counted from the job's first one."""
    first_slots: Tensor
    """Slots that begin with 1: the string Z of each job's output."""
    slots: int
    share: Tensor
    """(angle sets, jobs): 1 where a job takes these angles."""
    outputs: Entries
    """Sums over slots: the coefficients."""
    cotangents: Entries
    """Sums over coefficients: the cotangents of the slots."""
    reads: Entries
    """Of each candidate the slots (sources) and the coefficients (owners) that it reads."""


@kept(maxsize=32)
def tables(size: Size, shared: bool, together: bool, device: str) -> Tables:
    """The tables for circuits that share their angles or not, added up or not."""
    plan = pauli_plan(size)
    assert plan is not None
    jobs, bases, total = _jobs(plan, size, shared)
    slot, row, owner, sign = _reads(plan, size, bases, together)
    rows = (1 if together else len(size.space)) * size.outputs * 3**size.n
    share = np.zeros((1 if shared else len(size.space), len(jobs)), np.int64)
    share[0 if shared else jobs[:, 3], np.arange(len(jobs))] = 1

    def placed(array: NDArray[np.int64] | NDArray[np.int32]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array.astype(np.int32))).to(device)

    def entries(keys: Array, count: int, sources: Array, owners: Array) -> Entries:
        # Stable, so that the order of a sum is that of the plan.
        order = np.argsort(keys, kind="stable")
        lengths = np.bincount(keys, minlength=count)
        starts = np.concatenate(([0], np.cumsum(lengths)))
        return Entries(
            placed(starts),
            placed(sources[order]),
            placed(owners[order]),
            placed(sign[order]),
            int(lengths.max(initial=0)),
        )

    return Tables(
        jobs=placed(jobs),
        steps=placed(plan.steps),
        pairs=placed(plan.pairs),
        first_slots=torch.from_numpy(jobs[:, 2].copy()).to(device),
        slots=total,
        share=torch.from_numpy(share).to(device),
        outputs=entries(row, rows, slot, owner),
        cotangents=entries(slot, total, row, owner),
        reads=entries(owner, len(size.space), slot, row),
    )


def _jobs(plan: Plan, size: Size, shared: bool) -> tuple[Array, Array, int]:
    """The jobs; (candidates, outputs): the first slot of the job that computes it; all slots."""
    jobs: list[tuple[int, int, int, int]] = []
    bases = np.zeros((len(size.space), size.outputs), np.int64)
    base = 0
    for part in range(len(plan.jobs)):
        members = np.flatnonzero(plan.part == part)
        groups = [members] if shared else [members[i : i + 1] for i in range(len(members))]
        for group in groups:
            for output in range(size.outputs):
                first, last, slots = (int(number) for number in plan.jobs[part, output])
                jobs.append((first, last, base, 0 if shared else int(group[0])))
                bases[group, output] = base
                base += slots
    return np.array(jobs, np.int64), bases, base


def _reads(
    plan: Plan, size: Size, bases: Array, together: bool
) -> tuple[Array, Array, Array, Array]:
    """Slot, row of the result, candidate and sign of everything that is read."""
    slots: list[Array] = []
    rows: list[Array] = []
    owners: list[Array] = []
    signs: list[Array] = []
    for j in range(len(size.space)):
        for output in range(size.outputs):
            read = slice(*plan.reads[j, output])
            places = plan.features[read].astype(np.int64)
            block = output if together else j * size.outputs + output
            slots.append(bases[j, output] + plan.slots[read].astype(np.int64))
            rows.append(block * 3**size.n + places)
            owners.append(np.full_like(places, j))
            signs.append(plan.signs[read].astype(np.int64))
    found = [np.concatenate(each) for each in (slots, rows, owners, signs)]
    return found[0], found[1], found[2], found[3]
