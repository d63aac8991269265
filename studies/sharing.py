"""The rows of `diffqas study sharing`: one set of angles for all candidates, or one for each."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from diffqas.architecture import SHARINGS
from diffqas.kinds import first_order
from diffqas.studies import Row, Study, TrainedRow, populations
from diffqas.tasks import Settings
from per_layer import WORDS
from table_2 import SHORT

DEPTHS = (10, 5, 15)
"""The recipe's first: all others are compared with it."""

EQUAL = (5, 60)
"""Separate angles at the first depth are as many numbers as shared ones at the second, for twelve
candidates.
"""


def rows(settings: Settings, recipe: str) -> list[Row]:
    """Shared and separate angles at three depths, all by gradient descent.

    A filter over the thousands of numbers of separate angles is dear: `diffqas study ablation` has
    both kinds under it, at depth 10, and shared angles at the other two depths.
    """
    plain = first_order(settings)
    result = [_row(plain, sharing, depth) for depth in DEPTHS for sharing in SHARINGS]
    return [*result, _row(plain, "shared", EQUAL[1])]


def _row(settings: Settings, sharing: str, depth: int) -> Row:
    work = (0.15 + 0.01 * depth) * (1.3 if sharing == "separate" else 1.0)
    return TrainedRow(
        f"{sharing}, depth {depth}, {WORDS[settings.optimizer.name]}",
        "search",
        replace(settings, depth=depth),
        partial(populations.search, sharing=sharing),
        work=work,
    )


STUDY = Study(rows, SHORT)
