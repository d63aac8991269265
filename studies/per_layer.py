"""The rows of `diffqas study per-layer`: one candidate for the whole circuit, or one for every
layer.
"""

from __future__ import annotations

from functools import partial

import searched
from diffqas.architecture import Softmax
from diffqas.kinds import first_order, of_layers
from diffqas.studies import ACCURACY, Row, Study, TrainedRow, populations
from diffqas.tasks import IMAGE_RECIPES, Settings
from table_2 import NAMED, SHORT, references

WORDS = {"adam": "Adam", "rmsprop": "RMSProp", "kalman": "Kalman", "soap": "SOAP"}

WORK = {"whole": 0.5, "layers": 1.0, "fixed": 0.2, "filter": 0.5}
"""Time of a step, relative to the search of every layer by gradient descent."""


def rows(settings: Settings, recipe: str) -> list[Row]:
    """Searches and what they found from a new start, by gradient descent; the same circuits by the
    recipe's filter.
    """
    adam = first_order(settings)
    layers, still = of_layers(adam), of_layers(adam, Softmax())
    word = WORDS[adam.optimizer.name]

    def retrained(own: Settings, by: str, work: float) -> list[Row]:
        whole = partial(searched.found_candidate, search=adam)
        every, quiet = (partial(searched.found_layers, search=search) for search in (layers, still))
        return [
            TrainedRow(f"found candidate, {by}", "search", own, whole, work=work + WORK["whole"]),
            TrainedRow(
                f"found layers, {by}",
                "search",
                own,
                every,
                work=work + WORK["layers"],
                structure=True,
            ),
            TrainedRow(
                f"found layers without noise, {by}",
                "search",
                own,
                quiet,
                work=work + WORK["layers"],
                structure=True,
            ),
            TrainedRow(
                f"random layers, {by}",
                "control",
                own,
                searched.random_layers,
                work=work,
                structure=True,
            ),
        ]

    result: list[Row] = [
        TrainedRow(
            f"whole-circuit search, {word}",
            "search",
            adam,
            populations.search,
            work=0.5,
            structure=True,
        ),
        TrainedRow(
            f"per-layer search, {word}", "search", layers, searched.per_layer, structure=True
        ),
        TrainedRow(
            f"per-layer search without noise, {word}",
            "search",
            still,
            searched.per_layer,
            structure=True,
        ),
        *retrained(adam, word, WORK["fixed"]),
        TrainedRow(f"best candidate, {word}", "candidate", adam, searched.best_candidate, work=1.5),
        TrainedRow(f"uniform distribution, {word}", "control", adam, populations.uniform, work=0.2),
    ]
    if adam != settings:
        result += [
            TrainedRow(
                "whole-circuit search, Kalman",
                "search",
                settings,
                populations.search,
                work=WORK["filter"],
            ),
            *retrained(settings, "Kalman", WORK["filter"]),
            TrainedRow(
                "best candidate, Kalman", "candidate", settings, searched.best_candidate, work=3.5
            ),
            TrainedRow(
                "evolved layers, Kalman",
                "search",
                settings,
                partial(searched.chosen_layers, strategy="evolution", budget=TRAININGS),
                work=0.5 * TRAININGS,
                structure=True,
            ),
            TrainedRow(
                "uniform distribution, Kalman", "control", settings, populations.uniform, work=1.0
            ),
        ]
    return [*result, *references()]


STUDY = Study(rows, SHORT, named=NAMED)


TRAININGS = 24
"""Of each seed in a search by evolution: the six live candidates, then circuits of mixed layers."""


def rows_of_choices(
    settings: Settings, recipe: str, trainings: int = TRAININGS, **judge: str
) -> list[Row]:
    """What is chosen layer by layer, chosen as a whole, and drawn, each from a new start, and the
    mixture of all candidates; by the recipe's own optimiser. Both choices have the same judge.
    """
    evolved = partial(searched.chosen_layers, strategy="evolution", budget=trainings, **judge)
    by_lot = partial(searched.chosen_layers, strategy="random", budget=trainings, **judge)
    starts = partial(searched.best_start, budget=trainings, **judge)
    best = partial(searched.best_candidate, **judge) if judge else searched.best_candidate
    cost = trainings + 1.0
    return [
        TrainedRow("evolved layers", "search", settings, evolved, work=cost, structure=True),
        # As many trainings, in which nothing is learned from one for the next, and no layer chosen.
        TrainedRow("random search", "control", settings, by_lot, work=cost, structure=True),
        TrainedRow("best of several starts", "control", settings, starts, work=cost),
        TrainedRow("best candidate", "candidate", settings, best, work=7.0),
        TrainedRow("random layers", "control", settings, searched.random_layers, structure=True),
        TrainedRow("whole-circuit search", "search", settings, populations.search, work=3.0),
        TrainedRow("uniform distribution", "control", settings, populations.uniform, work=0.5),
    ]


EVOLVED = Study(partial(rows_of_choices, judge="training", trainings=16), SHORT)
"""The judge was chosen on other seeds: benchmarks/judging_layers.py."""
DIGITS = Study(rows_of_choices, ("digits",), metric=ACCURACY, recipes=lambda: IMAGE_RECIPES)
"""Held-out samples are its judge."""
