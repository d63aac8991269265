"""Rows of `diffqas study discretise RUN`: every way of keeping candidates, by what is done then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from diffqas.studies import Populate, Row, TrainedRow
from diffqas.tasks import Settings

WAYS = ("as found", "fine-tuned", "retrained")
SHARE = 0.2
"""Fine-tuning has this share of the run's epochs."""

Kept: TypeAlias = Mapping[str, int | str | bool | None]
"""How candidates are kept, as what makes the models takes it; `keep`: how many, None: all."""


def rows_of(
    every: Mapping[str, Kept],
    different: int,
    settings: Settings,
    made: Populate,
    has_target: bool = True,
) -> list[Row]:
    """The rows; the first is the one of all candidates, as found, if `every` begins with them.

    Args:
        every: what is kept, by its name.
        different: candidates of the run that are different functions.
        settings: of the run.
        made: makes the models, given also what is kept and the way.
        has_target: as of `TrainedRow`.
    """
    tuned = replace(settings, epochs=max(1, round(SHARE * settings.epochs)))
    found: list[Row] = []
    for way in WAYS:
        for name, kept in every.items():
            keep = kept["keep"]
            whole = keep is None
            if isinstance(keep, int) and keep >= different:
                continue
            evaluated = way == "as found"
            row = TrainedRow(
                f"{name}, {way}",
                "search" if whole else "candidate",
                tuned if way == "fine-tuned" else settings,
                partial(made, **kept, way=way),
                work=_work(evaluated, whole),
                has_target=has_target,
                trains=not evaluated,
            )
            found.append(row)
    return found


def _work(evaluated: bool, whole: bool) -> float:
    if evaluated:
        return 0.01
    return 1.0 if whole else 0.6
