"""How stricter and finer searches were set up, judged on held-out training windows.

The last fifth of the training windows is held out for the choice; the test part is never looked at.

    python studies/searches_recipe.py [--only NAME ...] [--epochs N]

Every line of `--out` is one setting on one series: validation MSE after the last epoch per seed. A
setting that stands there already is not run again. Ends with the table as Markdown.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

import searched
from diffqas.architecture import Softmax
from diffqas.kinds.per_layer import first_order, of_layers
from diffqas.studies import populations
from diffqas.studies.rows import TrainedRow
from diffqas.tasks.series import load_series
from diffqas.tasks.series.task import SERIES_RECIPES, series_task
from diffqas.tasks.settings import Settings
from one_factor import errors, searches, study

EPOCHS, SEEDS = 30, 4
"""Short trainings of few seeds: enough to tell rates that differ by a factor of three or more."""


def variants(epochs: int) -> list[TrainedRow]:
    """Rates of the structure in a search of every layer, what it finds from a new start; strengths
    of the penalties.
    """
    adam = replace(first_order(SERIES_RECIPES["default"]), epochs=epochs)
    softmax = replace(adam, generator=replace(adam.generator, relaxation=Softmax()))
    rates = {
        f"per-layer, structure at {rate:g}": _at(of_layers(adam), rate)
        for rate in (1.0, 3.0, 10.0, 30.0)
    }
    tied = of_layers(adam, Softmax())
    still = {
        f"per-layer without noise, structure at {rate:g}": _at(tied, rate) for rate in (1.0, 10.0)
    }
    raw = {
        f"L1 {strength:g}": replace(adam, sparsity=strength) for strength in (0.03, 0.1, 0.3, 1.0)
    }
    entropy = {
        f"entropy {strength:g}": replace(softmax, sparsity=strength)
        for strength in (0.1, 1.0, 10.0)
    }
    retrained = {
        "random layers": searched.random_layers,
        "found layers": partial(searched.found_layers, search=of_layers(adam)),
        "found layers without noise": partial(searched.found_layers, search=tied),
        "found candidate": partial(searched.found_candidate, search=adam),
        "uniform distribution": populations.uniform,
    }
    return [
        *searches(rates | still, searched.per_layer),
        *(TrainedRow(name, "search", adam, populate) for name, populate in retrained.items()),
        *searches({"joint, raw": adam, **raw, "joint, softmax": softmax, **entropy}),
    ]


def _at(settings: Settings, rate: float) -> Settings:
    rates = replace(settings.generator.rates, structure=rate)
    return replace(settings, generator=replace(settings.generator, rates=rates))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    study(
        "How stricter and finer searches were set up.",
        variants(parser.parse_known_args()[0].epochs),
        ("bessel", "narma5"),
        lambda dataset, _: series_task(load_series(dataset).holdout()),
        errors,
        "mse",
        out=Path("studies/results/searches_recipe.jsonl"),
        seeds=SEEDS,
        arguments=lambda parser: parser.add_argument("--epochs", type=int, default=EPOCHS),
    )
