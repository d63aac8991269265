"""One factor at a time: which settings train the images best, judged on held-out training images.

A fifth of the training images is held out for the choice; the test part is never read.

    diffqas study studies/images_recipe.py:IMAGES_RECIPE --data-dir data [--rows ROW ...]
"""

from __future__ import annotations

from dataclasses import replace

from diffqas.architecture import Raw, Softmax
from diffqas.choices import adjusted
from diffqas.quantum_train import DimensionScale, Rates, RawScale, TanhScale
from diffqas.studies import ACCURACY, TrainedRow, populations
from diffqas.tasks import IMAGE_RECIPES, Settings
from figures_5_7 import paper_mlp
from one_factor import Changes, searches, study

EPOCHS = 10
"""Half of the default's: enough to tell settings apart."""

ADAM = {"optimizer": "adam"}

CHANGES: Changes = {
    "Adam": ADAM,
    "Adam; lr 0.001, rates 60, 30, 2": {**ADAM, "lr": 1e-3, "rates": Rates(60, 30, 2)},
    "Adam; lr 0.001, rates 30, 30, 30": {**ADAM, "lr": 1e-3, "rates": Rates(30, 30, 30)},
    "lr 0.001": {"lr": 1e-3},
    "lr 0.004": {"lr": 4e-3},
    "constant learning rate": {"schedule": "constant"},
    "rates 30, 30, 0.3": {"rates": Rates(30, 30, 0.3)},
    "rates 30, 30, 3": {"rates": Rates(30, 30, 3)},
    "rates 30, 30, 30": {"rates": Rates(30, 30, 30)},
    "rates 100, 30, 1": {"rates": Rates(100, 30, 1)},
    "rates 30, 100, 1": {"rates": Rates(30, 100, 1)},
    "start: none": {"start": "none"},
    "start of structural weights 1/12": {"relaxation": Raw()},
    "relaxation: softmax": {"relaxation": Softmax()},
    "order of the index": {"order": "index"},
    "bits -1/+1": {"bits": "signed"},
    "scale: raw": {"scale": RawScale()},
    "scale: dimension, no cut": {"scale": DimensionScale(None)},
    "scale: dimension, cut at 8": {"scale": DimensionScale(8.0)},
    "scale: tanh": {"scale": TanhScale()},
    "angles: spread 0.01": {"spread": 0.01},
    "angles: spread 0.3": {"spread": 0.3},
    "images in their own order": {"shuffle": False},
}

LEARNING_RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Of the classical generators of as many numbers."""


def rows(default: Settings) -> list[TrainedRow]:
    """The recipe, what changes it, the classical generators; then all of them without the filter
    and in the papers' order, where all other choices were made.
    """
    paper = replace(IMAGE_RECIPES["paper"], epochs=default.epochs, depth=default.depth)
    settings = [
        *searches(default, {"default": {}, "20 epochs": {"epochs": 2 * default.epochs}}),
        *searches(paper, {"paper recipe": {}}),
        *searches(default, CHANGES),
    ]
    unfiltered = replace(settings[0], name="no filter", network=paper_mlp)
    controls = [
        TrainedRow(f"{name}; lr {lr:g}", "control", adjusted(default, lr=lr), populate)
        for name, populate in (
            ("hashed vector", populations.hashed),
            ("random subspace", populations.subspace),
        )
        for lr in LEARNING_RATES
    ]
    return [*settings, unfiltered, *controls, *map(_plain, [*settings, *controls])]


def _plain(row: TrainedRow) -> TrainedRow:
    assert isinstance(row.settings, Settings)
    settings = adjusted(row.settings, order="index")
    return replace(row, name=f"plain; {row.name}", settings=settings, network=paper_mlp)


DATASETS = ("fashion-mnist-5-7", "fashion-mnist-1-5", "mnist-1-5")
DEFAULT = replace(IMAGE_RECIPES["default"], epochs=EPOCHS)
IMAGES_RECIPE = study(rows, DATASETS, DEFAULT, seeds=3, metric=ACCURACY)
