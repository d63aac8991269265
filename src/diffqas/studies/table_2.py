"""The rows of `diffqas study table-2`: search, the twelve candidates, controls, references."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from diffqas.architecture import as_relaxation
from diffqas.circuits import TABLE_I, form
from diffqas.circuits.identities import CONSTANTS
from diffqas.studies import populations
from diffqas.studies.rows import ReferenceRow, Row, TrainedRow
from diffqas.tasks import Settings
from diffqas.tasks.series import constant, least_squares, persistence, response_persistence

HIDDEN_RESPONSE = ("narma5", "narma10")
"""Data sets whose windows show a drive, not the series that is predicted."""

CONTROL_RATES = {"default": {"hashed": 30.0, "subspace": 100.0}}
"""Learning rates of the classical generators relative to the base rate.

Chosen on the last fifth of the training windows, as the default recipe was: of 1, 3, 10, 30, 100 and 300 the one
with the smallest geometric mean over four series (studies/control_rates.py). The paper recipe has one rate for
everything, and so have they.
"""


def rows(settings: Settings, recipe: str) -> list[Row]:
    """All rows, in the order of the table."""
    return [*_searches(settings), *_candidates(settings), *_controls(settings, recipe), *_references()]


def _searches(settings: Settings) -> list[Row]:
    result: list[Row] = []
    for name in ("raw", "softmax", "gumbel"):
        changed = replace(settings, recipe=replace(settings.recipe, relaxation=as_relaxation(name)))
        first = name == "raw"
        result.append(
            TrainedRow(
                f"search {name}",
                "search",
                changed,
                populations.search,
                published=0 if first else None,
                predictions=first,
            )
        )
    return result


def _candidates(settings: Settings) -> list[Row]:
    return [
        TrainedRow(
            f"candidate {number}",
            "candidate",
            settings,
            partial(populations.fixed, candidate=candidate),
            identical=form(candidate) if form(candidate) in CONSTANTS else None,
            published=number,
            circuit=candidate.name,
            work=0.6 if form(candidate) in CONSTANTS else 0.7,
        )
        for number, candidate in enumerate(TABLE_I, 1)
    ]


def _controls(settings: Settings, recipe: str) -> list[Row]:
    rates = CONTROL_RATES.get(recipe, {"hashed": 1.0, "subspace": 1.0})
    hashed = partial(populations.hashed, rate=rates["hashed"])
    subspace = partial(populations.subspace, rate=rates["subspace"])
    return [
        TrainedRow("random candidate", "control", settings, populations.random_candidate),
        TrainedRow("hashed vector", "control", settings, hashed, work=0.5),
        TrainedRow("random subspace", "control", settings, subspace, work=0.6),
        TrainedRow("frozen circuit", "control", settings, populations.frozen, work=0.8),
        TrainedRow("uniform distribution", "control", settings, populations.uniform, identical="uniform", work=0.6),
        TrainedRow("direct LSTM", "control", settings, populations.direct, work=0.5),
    ]


def _references() -> list[Row]:
    return [
        ReferenceRow("constant", constant, trainable=1),
        ReferenceRow("persistence", persistence, trainable=0),
        ReferenceRow("persistence of the hidden response", response_persistence, 0, HIDDEN_RESPONSE),
        ReferenceRow("least squares", least_squares, trainable=5),
    ]
