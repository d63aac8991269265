"""How stricter and finer searches were set up, judged on held-out training windows.

The last fifth of the training windows is held out for the choice; the test part is never looked at.

    diffqas study studies/searches_recipe.py:SEARCHES_RECIPE [--rows ROW ...] [--epochs N]
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import searched
from diffqas.architecture import Softmax
from diffqas.choices import adjusted
from diffqas.kinds import first_order, of_layers
from diffqas.studies import TrainedRow, populations
from diffqas.tasks import SERIES_RECIPES, Settings
from one_factor import searches, study

EPOCHS, SEEDS = 30, 4
"""Short trainings of few seeds: enough to tell rates that differ by a factor of three or more."""


def rows(settings: Settings) -> list[TrainedRow]:
    """Rates of the structure in a search of every layer, what it finds from a new start; strengths
    of the penalties.
    """
    adam = first_order(settings)
    softmax = adjusted(adam, relaxation=Softmax())
    noisy, tied = of_layers(adam), of_layers(adam, Softmax())
    retrained = {
        "random layers": searched.random_layers,
        "found layers": partial(searched.found_layers, search=noisy),
        "found layers without noise": partial(searched.found_layers, search=tied),
        "found candidate": partial(searched.found_candidate, search=adam),
        "uniform distribution": populations.uniform,
    }
    return [
        *_by_layer("per-layer", noisy, (1.0, 3.0, 10.0, 30.0)),
        *_by_layer("per-layer without noise", tied, (1.0, 10.0)),
        *(TrainedRow(name, "search", adam, populate) for name, populate in retrained.items()),
        *searches(adam, {"joint, raw": {}}),
        *_sparse("L1", adam, (0.03, 0.1, 0.3, 1.0)),
        *searches(softmax, {"joint, softmax": {}}),
        *_sparse("entropy", softmax, (0.1, 1.0, 10.0)),
    ]


def _by_layer(name: str, settings: Settings, structure: tuple[float, ...]) -> list[TrainedRow]:
    """A search of every layer at these rates of the structure."""
    rates = settings.generator.rates
    changes = {
        f"{name}, structure at {rate:g}": {"rates": replace(rates, structure=rate)}
        for rate in structure
    }
    return searches(settings, changes, searched.per_layer)


def _sparse(penalty: str, settings: Settings, strengths: tuple[float, ...]) -> list[TrainedRow]:
    """The joint search with penalties of these strengths."""
    changes = {f"{penalty} {strength:g}": {"sparsity": strength} for strength in strengths}
    return searches(settings, changes)


DEFAULT = replace(SERIES_RECIPES["default"], epochs=EPOCHS)
SEARCHES_RECIPE = study(rows, ("bessel", "narma5"), DEFAULT, SEEDS)
