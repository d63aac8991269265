"""The rows of `diffqas study sharing`: one set of angles for all candidates, or one for each."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from diffqas.architecture import SHARINGS
from diffqas.kinds import first_order
from diffqas.studies import Row, Study, TrainedRow, populations
from diffqas.tasks import Settings
from per_layer import WORDS

DEPTHS = (10, 5, 15)
"""The recipe's first: all others are compared with it."""

EQUAL = (5, 60)
"""Separate angles at the first depth are as many numbers as shared ones at the second, for twelve
candidates.
"""


def rows(settings: Settings, recipe: str) -> list[Row]:
    """Shared and separate angles at three depths by gradient descent, shared ones by the recipe's
    own optimiser too.

    A filter over the thousands of numbers of separate angles is dear: at depth 10 `diffqas study
    ablation` has it.
    """
    plain = first_order(settings)
    result = [_row(plain, sharing, depth) for depth in DEPTHS for sharing in SHARINGS]
    result.append(_row(plain, "shared", EQUAL[1]))
    if plain != settings:
        result += [_row(settings, "shared", depth) for depth in DEPTHS]
    return result


def _row(settings: Settings, sharing: str, depth: int) -> Row:
    name = f"{sharing}, depth {depth}, {WORDS[settings.optimizer.name]}"
    work = (0.15 + 0.01 * depth) * (1.3 if sharing == "separate" else 1.0)
    return TrainedRow(
        name,
        "search",
        replace(settings, depth=depth),
        partial(populations.search, sharing=sharing),
        work=work * (4 if settings.optimizer.most_numbers is not None else 1),
    )


STUDY = Study(rows)
