"""One factor at a time: which settings train the images best, judged on held-out training images.

A fifth of the training images is held out for the choice; the test part is never read.

    python studies/images_recipe.py --data-dir data [--only NAME ...] [--datasets fashion-mnist-5-7]

Every line of `--out` is one setting on one data set: validation accuracy after the last epoch per
seed. A setting that stands there already is not run again. Ends with the table as Markdown.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from diffqas.architecture import Raw, Softmax
from diffqas.choices import adjusted
from diffqas.quantum_train import DimensionScale, Rates, RawScale, TanhScale
from diffqas.studies import populations
from diffqas.studies.datasets import PAIRS, load_data
from diffqas.studies.rows import TrainedRow
from diffqas.tasks import Settings, Task
from diffqas.tasks.images import ImageData, image_task, recipe_target
from diffqas.tasks.images.task import IMAGE_RECIPES
from figures_5_7 import paper_mlp
from one_factor import percents, searches, study

EPOCHS = 10
"""Half of the default's: enough to tell settings apart."""

DEFAULT = replace(IMAGE_RECIPES["default"], epochs=EPOCHS)


def model(**changes: object) -> Settings:
    """The default with another choice about the model."""
    return replace(DEFAULT, generator=replace(DEFAULT.generator, **changes))


def rates(angles: float, structure: float, mapping: float) -> Settings:
    """The default with other rates relative to the base rate."""
    return model(rates=Rates(angles, structure, mapping))


VARIANTS: dict[str, Settings] = {
    "default": DEFAULT,
    "20 epochs": IMAGE_RECIPES["default"],
    "paper recipe": replace(IMAGE_RECIPES["paper"], epochs=EPOCHS),
    "Adam": adjusted(DEFAULT, optimizer="adam"),
    "Adam; lr 0.001, rates 60, 30, 2": adjusted(rates(60, 30, 2), optimizer="adam", lr=1e-3),
    "Adam; lr 0.001, rates 30, 30, 30": adjusted(rates(30, 30, 30), optimizer="adam", lr=1e-3),
    "lr 0.001": adjusted(DEFAULT, lr=1e-3),
    "lr 0.004": adjusted(DEFAULT, lr=4e-3),
    "constant learning rate": replace(DEFAULT, schedule="constant"),
    "rates 30, 30, 0.3": rates(30, 30, 0.3),
    "rates 30, 30, 3": rates(30, 30, 3),
    "rates 30, 30, 30": rates(30, 30, 30),
    "rates 100, 30, 1": rates(100, 30, 1),
    "rates 30, 100, 1": rates(30, 100, 1),
    "start: none": model(start="none"),
    "start of structural weights 1/12": model(relaxation=Raw()),
    "relaxation: softmax": model(relaxation=Softmax()),
    "order of the index": model(order="index"),
    "bits -1/+1": model(bits="signed"),
    "scale: raw": model(scale=RawScale()),
    "scale: dimension, no cut": model(scale=DimensionScale(None)),
    "scale: dimension, cut at 8": model(scale=DimensionScale(8.0)),
    "scale: tanh": model(scale=TanhScale()),
    "angles: spread 0.01": model(init_std=0.01),
    "angles: spread 0.3": model(init_std=0.3),
    "images in their own order": replace(DEFAULT, shuffle=False),
}


UNFILTERED = TrainedRow("no filter", "search", DEFAULT, populations.search, network=paper_mlp)

CONTROLS = [
    TrainedRow(f"{name}; lr {lr:g}", "control", adjusted(DEFAULT, lr=lr), populate)
    for name, populate in (
        ("hashed vector", populations.hashed),
        ("random subspace", populations.subspace),
    )
    for lr in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
]
"""Classical generators of as many numbers."""


def plain(row: TrainedRow) -> TrainedRow:
    """A row without the filter and in the papers' order: where all other choices were made."""
    assert isinstance(row.settings, Settings)
    recipe = replace(row.settings.generator, order="index")
    settings = replace(row.settings, recipe=recipe)
    return replace(row, name=f"plain; {row.name}", settings=settings, network=paper_mlp)


SEARCHES = searches(VARIANTS)
ROWS = [*SEARCHES, UNFILTERED, *CONTROLS, *map(plain, [*SEARCHES, *CONTROLS])]


def load(dataset: str, chosen: argparse.Namespace) -> Task:
    """The training images, a fifth of them as the test part."""
    data = load_data(dataset, chosen.data_dir)
    assert isinstance(data, ImageData)
    return image_task(data.holdout(), recipe_target(data.name, "default"))


if __name__ == "__main__":
    study(
        "One factor at a time: which settings train the images best.",
        ROWS,
        tuple(reversed(PAIRS)),
        load,
        percents,
        "accuracy",
        out=Path("studies/results/images_recipe.jsonl"),
        seeds=3,
        arguments=lambda parser: parser.add_argument("--data-dir", type=Path),
    )
