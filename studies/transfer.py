"""The rows of `diffqas study transfer` and `transfer-images`: circuits of one task on another."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from diffqas.architecture import Raw
from diffqas.circuits import CONSTANTS, TABLE_I, form
from diffqas.quantum_train import Lockstep, stacked
from diffqas.studies import ACCURACY, Cell, NamedRow, Row, Study, TrainedRow, populations
from diffqas.studies.cell import FoundStructure
from diffqas.tasks import IMAGE_RECIPES, Settings, Task
from diffqas.training import make_models
from restarts import Given, anew, freeze_structure, with_relaxation

SERIES_SOURCES = {"narma5": "bessel", "narma10": "bessel"}
IMAGE_SOURCES = {"fashion-mnist-1-5": "mnist-1-5", "fashion-mnist-5-7": "mnist-1-5"}
"""Where the search was made whose circuits are used on a data set."""

LIVE = [index for index, candidate in enumerate(TABLE_I) if form(candidate) not in CONSTANTS]


def rows(settings: Settings, recipe: str) -> list[Row]:
    """The search on the data set itself, then what needs none there."""
    sources = SERIES_SOURCES | IMAGE_SOURCES
    own = {dataset: dataset for dataset in sources}
    return [
        TrainedRow("own search", "search", settings, populations.search, ranked=True),
        TrainedRow("own top 1, retrained", "candidate", settings, top_1, needs=own, work=0.6),
        TrainedRow(
            "transferred top 1, retrained", "candidate", settings, top_1, needs=sources, work=0.6
        ),
        TrainedRow(
            "transferred weights, frozen", "candidate", settings, frozen_weights, needs=sources
        ),
        TrainedRow("random candidate, retrained", "control", settings, random_live, work=0.7),
        TrainedRow("uniform distribution", "control", settings, uniform, work=0.5),
    ]


def top_1(task: Task, settings: Settings, seeds: Sequence[int], found: Cell) -> Lockstep:
    """For each seed the leading live candidate of its search at weight 1.

    Angles and mapping learn from a new start.
    """
    structure = _structure(found)
    leading = [structure.leading[found.seeds.index(seed)] for seed in seeds]
    lost = [seed in found.failures for seed in seeds]
    return _one_each(task, settings, seeds, leading, lost)


def random_live(task: Task, settings: Settings, seeds: Sequence[int]) -> Lockstep:
    """For each seed one of the live candidates, drawn by the seed, at weight 1."""
    return _one_each(task, settings, seeds, [drawn_live(seed) for seed in seeds])


def drawn_live(seed: int) -> int:
    """Index of the live candidate that a seed draws.

    >>> [TABLE_I.names[drawn_live(seed)] for seed in range(3)]
    ['Ent-RX', 'H-Ring-RY', 'H-Ent-RY']
    """
    return LIVE[int(torch.randint(len(LIVE), (), generator=torch.Generator().manual_seed(seed)))]


def frozen_weights(task: Task, settings: Settings, seeds: Sequence[int], found: Cell) -> Lockstep:
    """The mixture with the weights that the seed's search found, which stay.

    Angles and mapping learn.
    """
    models = []
    for seed in seeds:
        weights = _structure(found).weights[found.seeds.index(seed)]
        chosen = with_relaxation(settings, Given(found=tuple(weights)))
        models += make_models(task, chosen, anew([seed]))
    return Lockstep([freeze_structure(model) for model in models])


def _structure(search: Cell) -> FoundStructure:
    # The rows here need the row "own search", which is ranked: its cells have a structure.
    assert search.structure is not None
    return search.structure


def uniform(task: Task, settings: Settings, seeds: Sequence[int]) -> Lockstep:
    """The control of `table-2`, from the same starts as the other rows here."""
    return populations.uniform(task, settings, anew(seeds))


def _one_each(
    task: Task,
    settings: Settings,
    seeds: Sequence[int],
    indices: Sequence[int],
    lost: Sequence[bool] | None = None,
) -> Lockstep:
    models = []
    for seed, index, failed in zip(anew(seeds), indices, lost or [False] * len(seeds), strict=True):
        # A search that diverged found nothing: no number, so that the seed is told as failed here
        # too.
        chosen = with_relaxation(settings, Raw(math.nan if failed else 1.0))
        models += make_models(task, chosen, [seed], candidates=[TABLE_I[index]])
    return stacked([freeze_structure(model) for model in models])


NAMED = (NamedRow("uniform control", "uniform"),)

OF_SERIES = Study(rows, tuple(SERIES_SOURCES), named=NAMED)
OF_IMAGES = Study(rows, tuple(IMAGE_SOURCES), ACCURACY, lambda: IMAGE_RECIPES, named=NAMED)
