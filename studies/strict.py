"""The rows of `diffqas study strict`: structural weights that are held to more than the training
loss.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import searched
from diffqas.architecture import as_relaxation
from diffqas.kinds import first_order
from diffqas.studies import Row, Study, TrainedRow, populations
from diffqas.tasks import Settings
from per_layer import WORDS
from table_2 import SHORT

STRENGTHS = {"raw": ("L1", (0.03, 0.1)), "softmax": ("entropy", (1.0, 10.0))}
"""By relaxation what draws its weights to few candidates, and how strongly.

Tried on held-out training windows of Bessel (studies/searches_recipe.py): L1 of 0.3 and 1 leave 17
and 110 times the error of a joint search, an entropy of 0.1 changes nothing.
"""


def rows(settings: Settings, recipe: str) -> list[Row]:
    """The paper's joint search and stricter ones by the same optimiser; of each its best candidate
    from a new start.
    """
    joint = first_order(settings)
    searches: dict[str, Settings] = {}
    for name, (penalty, strengths) in STRENGTHS.items():
        own = joint.generator.relaxation
        relaxation = own if own.name == name else as_relaxation(name)
        base = replace(joint, generator=replace(joint.generator, relaxation=relaxation))
        searches[f"joint, {name}"] = base
        searches[f"bilevel, {name}"] = replace(base, bilevel=True)
        for strength in strengths:
            searches[f"{penalty} {strength:g}, {name}"] = replace(base, sparsity=strength)
    word = WORDS[joint.optimizer.name]
    result: list[Row] = [
        TrainedRow(
            f"{name}, {word}",
            "search",
            chosen,
            populations.search,
            structure=True,
            work=_work(chosen),
        )
        for name, chosen in searches.items()
    ]
    for name, chosen in searches.items():
        populate = partial(searched.found_candidate, search=chosen)
        result.append(
            TrainedRow(
                f"found by {name}, {word}", "candidate", joint, populate, work=1.0 + _work(chosen)
            )
        )
    if joint != settings:
        filtered = WORDS[settings.optimizer.name]
        result.append(
            TrainedRow(
                f"joint, raw, {filtered}", "search", settings, populations.search, structure=True
            )
        )
    return result


def _work(settings: Settings) -> float:
    """Relative to a joint search: a bilevel one takes two gradients per step."""
    return 2.0 if settings.bilevel else 1.0


STUDY = Study(rows, SHORT)
