"""Cells of a study as rows of numbers by seed; rows that are provably equal become one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diffqas.errors import RunError

TOLERANCE = 1e-6
"""Largest relative difference between the errors of provably equal rows at equal seeds."""


@dataclass(frozen=True)
class Row:
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

    @property
    def name(self) -> str:
        """The row's name; of merged rows all names, joined by equality signs."""
        return joined(self.names)


def row_of(cell: Mapping[str, Any], figure: str = "test_mse") -> Row:
    """Read one cell, and of its figures the one with this name.

    Raises:
        RunError: the cell lacks an entry, or its seeds and errors do not match.
    """
    try:
        name, values = str(cell["row"]), list(cell[figure])
        deterministic = bool(cell["deterministic"])
        seeds = [0] if deterministic else [int(seed) for seed in cell["seeds"]]
        failures = {int(seed): str(reason) for seed, reason in (cell.get("failures") or {}).items()}
        if len(values) != len(seeds) or len(set(seeds)) != len(seeds):
            rule = f"one {figure}" if deterministic else f"one {figure} per seed and each seed once"
            where = f"{name!r} on {cell['dataset']}"
            raise RunError(
                f"Cell {where} must hold {rule}, but has seeds {seeds} and {len(values)} values."
            )
        return Row(
            names=(name,),
            group=str(cell["group"]),
            trainable=(int(cell["trainable"]),),
            target=None if cell.get("target") is None else int(cell["target"]),
            errors={
                seed: None if seed in failures else _number(v)
                for seed, v in zip(seeds, values, strict=True)
            },
            deterministic=deterministic,
            identical=cell.get("identical"),
            failures=failures,
            papers=() if _number(cell.get("paper")) is None else (float(cell["paper"]),),
            seconds=_number(cell.get("seconds")),
        )
    except KeyError as error:
        raise RunError(
            f"A cell of the study has no entry {error}: it holds only {', '.join(cell)}."
        ) from None


def merge(rows: Iterable[Row], apart: str, figure: str = "test MSE") -> list[Row]:
    """Merge rows of the same `identical` class, except the row called `apart`; the first one's
    place is kept.

    Raises:
        RunError: two of them differ at an equal seed.
    """
    classes: dict[str, list[Row]] = {}
    for row in rows:
        alone = row.identical is None or apart in row.names
        classes.setdefault(f"row {row.name}" if alone else f"class {row.identical}", []).append(row)
    return [_merged(members, figure) for members in classes.values()]


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


def _merged(members: Sequence[Row], figure: str) -> Row:
    if len(members) == 1:
        return members[0]
    errors: dict[int, float | None] = {}
    holder: dict[int, str] = {}
    for row in members:
        for seed, error in row.errors.items():
            if seed not in errors:
                errors[seed], holder[seed] = error, row.name
            elif not _equal(error, errors[seed]):
                raise RunError(
                    f"Rows {holder[seed]!r} and {row.name!r} are provably equal, but at seed {seed} their {figure} is"
                    f" {errors[seed]} and {error}. Compute both cells again with the same version."
                )
    times = [row.seconds for row in members if row.seconds is not None]
    return Row(
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
    )


def _equal(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return math.isclose(first, second, rel_tol=TOLERANCE)


def _number(value: float | None) -> float | None:
    """A finite number, or None: what comes of a seed that failed."""
    return float(value) if value is not None and math.isfinite(value) else None
