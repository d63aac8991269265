"""Cells of a study as rows of numbers by seed; rows that are provably equal become one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from diffqas.errors import RunError
from diffqas.studies.cell import Cell

TOLERANCE = 1e-6
"""Largest relative difference between provably equal rows at equal seeds. Equal in exact
arithmetic, they are added in another order on another processor, which a training can amplify.
"""


class Unlike(NamedTuple):
    """A row whose figure is not that of a row that it provably equals.

    Attributes:
        row: its name.
        seed: the first of those at which it differs.
        figure: its own; None if the seed failed.
        equal: the row before it that has another one.
        other: that one.
    """

    row: str
    seed: int
    figure: float | None
    equal: str
    other: float | None


@dataclass(frozen=True)
class MergedRow:
    """One row of a data set, or several that are provably equal.

    Attributes:
        names: names of the rows that were merged; one name if none were.
        group: "search", "candidate", "control" or "reference", of the first.
        trainable: the different trainable counts among them.
        target: parameters of the target network, if any.
        errors: the test figure by seed, None where the seed failed; a deterministic row has its
            value at seed 0.
        deterministic: the row has no seed.
        identical: the name of the class of provably equal rows, if any.
        failures: why seeds failed.
        papers: the different published figures.
        seconds: mean time of one of the rows.
        unlike: those of the rows that differ from the ones before them all the same.
    """

    names: tuple[str, ...]
    group: str
    trainable: tuple[int, ...]
    target: int | None
    errors: Mapping[int, float | None]
    deterministic: bool
    identical: str | None
    failures: Mapping[int, str]
    papers: tuple[float, ...]
    seconds: float | None
    unlike: tuple[Unlike, ...] = ()

    @property
    def name(self) -> str:
        """The row's name; of merged rows all names, joined by equality signs."""
        return joined(self.names)


def row_of(cell: Cell, figure: str = "test_mse") -> MergedRow:
    """One cell as a row, and of its figures the one with this name.

    Raises:
        RunError: the cell lacks the figure, or its seeds and figures do not match.
    """
    if figure not in cell.figures:
        held = ", ".join(cell.to_json())
        raise RunError(f"A cell of the study has no entry {figure!r}: it holds only {held}.")
    values = cell.figures[figure]
    seeds = [0] if cell.deterministic else cell.seeds
    if len(values) != len(seeds) or len(set(seeds)) != len(seeds):
        rule = f"one {figure}"
        if not cell.deterministic:
            rule += " per seed and each seed once"
        raise RunError(
            f"Cell {cell.row!r} on {cell.dataset} must hold {rule},"
            f" but has seeds {seeds} and {len(values)} values."
        )
    paper = _number(cell.paper)
    errors: dict[int, float | None] = {}
    for seed, value in zip(seeds, values, strict=True):
        # A seed that failed may still hold a value: that of the epoch in which it was frozen.
        errors[seed] = None if seed in cell.failures else _number(value)
    return MergedRow(
        names=(cell.row,),
        group=cell.group,
        trainable=(cell.trainable,),
        target=cell.target,
        errors=errors,
        deterministic=cell.deterministic,
        identical=cell.identical,
        failures=cell.failures,
        papers=() if paper is None else (paper,),
        seconds=_number(cell.seconds),
    )


def merge(rows: Iterable[MergedRow], apart: str) -> list[MergedRow]:
    """Merge rows of the same `identical` class, except the row called `apart`.

    The first one's place is kept, and at each seed the figure of the first one that has it.
    """
    classes: dict[str, list[MergedRow]] = {}
    for row in rows:
        name = f"class {row.identical}"
        # The row that all are compared with stays by itself, or it would be compared with itself.
        if row.identical is None or apart in row.names:
            name = f"row {row.name}"
        classes.setdefault(name, []).append(row)
    return [_merged(members) for members in classes.values()]


def joined(names: Sequence[str]) -> str:
    """Names joined by equality signs, without the leading words that the first one has already
    said.

    >>> joined(["candidate 1", "candidate 3", "uniform"])
    'candidate 1 = 3 = uniform'
    """
    first = names[0].split()
    parts = [names[0]]
    for name in names[1:]:
        words = name.split()
        said = 0
        while said < min(len(first), len(words) - 1) and words[said] == first[said]:
            said += 1
        parts.append(" ".join(words[said:]))
    return " = ".join(parts)


def _merged(members: Sequence[MergedRow]) -> MergedRow:
    if len(members) == 1:
        return members[0]
    errors: dict[int, float | None] = {}
    holder: dict[int, str] = {}
    unlike: dict[str, Unlike] = {}
    for row in members:
        for seed, error in row.errors.items():
            first, other = holder.setdefault(seed, row.name), errors.setdefault(seed, error)
            if not _equal(error, other):
                unlike.setdefault(row.name, Unlike(row.name, seed, error, first, other))
    times = [row.seconds for row in members if row.seconds is not None]
    return MergedRow(
        names=tuple(name for row in members for name in row.names),
        group=members[0].group,
        trainable=tuple(dict.fromkeys(count for row in members for count in row.trainable)),
        target=members[0].target,
        errors=dict(sorted(errors.items())),
        deterministic=members[0].deterministic,
        identical=members[0].identical,
        failures={seed: reason for row in members for seed, reason in row.failures.items()},
        papers=tuple(dict.fromkeys(figure for row in members for figure in row.papers)),
        seconds=sum(times) / len(times) if times else None,
        unlike=tuple(unlike.values()),
    )


def _equal(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return math.isclose(first, second, rel_tol=TOLERANCE)


def _number(value: float | None) -> float | None:
    """A finite number, or None: what comes of a seed that failed."""
    if value is None or not math.isfinite(value):
        return None
    return float(value)
