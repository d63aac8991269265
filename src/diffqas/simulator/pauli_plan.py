"""Plane rotations that give the coefficients of a space's outputs, once per space and size.

Candidates with the same CNOTs and rotations are a part: they have the same programs
(`diffqas.circuits.paulis`) and differ in what their encodings show of the strings in the end.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffqas.circuits import Candidate, Program, SearchSpace, programs, shown
from diffqas.simulator import cores

MAX_ROWS = 2**23
"""The most plane rotations for which a plan is made; they take 64 MB."""

MIN_WORK_PER_THREAD = 2**20
"""Rows of plane rotations, or features of samples, that are worth waking a thread: half a
millisecond, eight of them side by side.
"""


class Size(NamedTuple):
    """What a plan is made for."""

    space: SearchSpace
    depth: int
    n: int
    outputs: int


class Plan(NamedTuple):
    """All programs one after the other."""

    part: NDArray[np.int64]
    """Part of each candidate."""
    jobs: NDArray[np.int64]
    """(parts, outputs, 3): first and last step of a program, and its number of slots."""
    steps: NDArray[np.int64]
    """(steps, 3): angle, counted along (depth, n, r), and the rows of `pairs` that it turns."""
    pairs: NDArray[np.int32]
    """(rows, 2): slots p, q with p, q = cos p + sin q, cos q - sin p."""
    reads: NDArray[np.int64]
    """(candidates, outputs, 2): the rows of the following arrays that belong to an output."""
    slots: NDArray[np.int32]
    features: NDArray[np.int32]
    """Places in the product of all qubits' (1, cos, sin), qubit 0 first."""
    signs: NDArray[np.int32]

    @property
    def most_slots(self) -> int:
        """Slots of the largest program."""
        return int(self.jobs[..., 2].max())


@lru_cache(maxsize=32)
def pauli_plan(size: Size) -> Plan | None:
    """The plan of circuits with data encoding; None if it would be too large."""
    space, depth, n, outputs = size
    # A pull-back ends before the encoding: candidates that differ there only share their program.
    kinds = [(candidate.cnots(n), candidate.rotations) for candidate in space]
    parts = list(dict.fromkeys(kinds))
    found: list[list[Program]] = []
    for cnots, rotations in parts:
        of_part = programs(cnots, rotations, n, depth, outputs)
        if of_part is None:
            return None
        found.append(of_part)
    if sum(len(each.pairs) for of_part in found for each in of_part) > MAX_ROWS:
        return None
    jobs, steps, pairs = _concatenated(found, n, space.angles_per_qubit)
    part = np.array([parts.index(kind) for kind in kinds])
    shapes = [[_reads(c, each, n) for each in found[p]] for c, p in zip(space, part, strict=True)]
    # Row numbers of the candidates' outputs in one long table: read k ends where k + 1 begins.
    ends = np.cumsum([len(read) for row in shapes for read in row])
    reads = np.stack((np.append(0, ends[:-1]), ends), axis=-1).reshape(len(space), outputs, 2)
    table = np.concatenate([read for row in shapes for read in row]).astype(np.int32)
    return Plan(
        part, jobs, steps, pairs, reads, *(np.ascontiguousarray(column) for column in table.T)
    )


def _concatenated(found: list[list[Program]], n: int, r: int) -> tuple[NDArray, NDArray, NDArray]:
    jobs, steps, rows = [], [], 0
    for each in (one for part in found for one in part):
        start = len(steps)
        for step in each.steps:
            angle = (step.layer * n + step.qubit) * r + step.rotation
            steps.append((angle, rows + step.start, rows + step.stop))
        jobs.append((start, len(steps), len(each.x)))
        rows += len(each.pairs)
    pairs = np.concatenate([each.pairs for part in found for each in part]).astype(np.int32)
    shape = (len(found), len(found[0]), 3)
    return np.array(jobs).reshape(shape), np.array(steps, np.int64).reshape(-1, 3), pairs


def _reads(candidate: Candidate, program: Program, n: int) -> NDArray[np.int64]:
    """(strings, 3): slot, feature and sign of what a candidate shows of one output."""
    strings = shown(candidate, program.x, program.z, n)
    # A feature's place is its factors (0, 1, 2 for 1, cos, sin) read as digits of base three.
    places = strings.features @ 3 ** np.arange(n - 1, -1, -1)
    return np.stack((strings.slots, places, program.sign[strings.slots] * strings.signs), axis=1)


def threads_for(sets: int, work: int) -> int:
    """Threads worth waking for so many sets of angles, with so much work for each.

    Work are rows of plane rotations and, where outputs are evaluated, features times samples.
    """
    return cores.threads_worth(sets * work, MIN_WORK_PER_THREAD, sets)
