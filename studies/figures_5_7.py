"""The rows of `diffqas study figures-5-7`: two classes of images, the search against circuits and
controls.

The same on pairs of classes that no choice of the recipe has seen:

    diffqas study studies/figures_5_7.py:OTHER_PAIRS --data-dir data
"""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from diffqas.choices import adjusted
from diffqas.circuits import CONSTANTS, TABLE_I, form
from diffqas.studies import (
    ACCURACY,
    IMAGES,
    OTHER_IMAGES,
    NamedRow,
    ReferenceRow,
    Row,
    Study,
    TrainedRow,
    populations,
)
from diffqas.tasks import IMAGE_RECIPES, MLP, Settings, Task, majority, nearest_mean
from table_2 import candidates, ordinary, searches

RATES = {"hashed": 1.0, "subspace": 1.0, "direct": 0.001}
"""Base learning rates of rows without a circuit, under the default recipe.

The classical generators have the search's optimiser, and of 0.003, 0.01, 0.03, 0.1, 0.3, 1 and 3
the rate with the best accuracy on a held-out fifth of the training images of fashion-mnist-5-7
(studies/images_recipe.py). The networks have too many numbers for it and are trained by Adam; the
factor on its usual rate, the paper's, is chosen while a cell is computed. Under the paper recipe
everything learns at the paper's one rate.
"""

FEW = 3
"""Seeds of the rows that take as long as the search and are not the search."""

WORK = {"constant": 0.08, "ry": 0.27, "rx": 0.13}
"""Time of a candidate's step relative to the search's, measured with ten seeds at 17 qubits and
depth 15.
"""


def rows(settings: Settings, recipe: str) -> list[Row]:
    """All rows, in the order of the table."""
    first, *others = searches(settings, adam=1.0)
    few = [replace(row, seeds=FEW) for row in others if isinstance(row, TrainedRow)]
    return [first, *few, *_candidates(settings), *_controls(settings, recipe), *_references()]


def _candidates(settings: Settings) -> list[Row]:
    works = [
        WORK["constant" if form(candidate) in CONSTANTS else str(candidate.rotation)]
        for candidate in TABLE_I
    ]
    return [replace(row, work=work) for row, work in zip(candidates(settings), works, strict=True)]


def _controls(settings: Settings, recipe: str) -> list[Row]:
    rates = RATES if recipe == "default" else dict.fromkeys(RATES, settings.optimizer.base_rate)
    hashed, subspace = (adjusted(settings, lr=rates[name]) for name in ("hashed", "subspace"))
    direct = adjusted(settings.by("adam"), lr=rates["direct"])
    networks = populations.tuned_direct if recipe == "default" else populations.direct
    return [
        TrainedRow(
            "random candidate", "control", settings, populations.random_candidate, seeds=FEW
        ),
        TrainedRow("hashed vector", "control", hashed, populations.hashed, work=0.04),
        TrainedRow("random subspace", "control", subspace, populations.subspace, work=0.3),
        ordinary(settings, work=0.15),
        TrainedRow("frozen circuit", "control", settings, populations.frozen, work=0.08),
        TrainedRow(
            "uniform distribution",
            "control",
            settings,
            populations.uniform,
            identical="uniform",
            work=0.08,
        ),
        TrainedRow("direct MLP", "control", direct, networks, work=0.06, network=paper_mlp),
        TrainedRow(
            "logistic regression", "control", direct, networks, work=0.01, network=_logistic
        ),
    ]


def paper_mlp(task: Task) -> nn.Module:
    """The paper's network on the pixels as they are; with all weights trained a filter harms it."""
    height, width = task.train.inputs.shape[-2:]
    return MLP((height, width), _classes(task))


def _logistic(task: Task) -> nn.Module:
    """One linear layer from pixels to logits; for two classes of 28x28 pixels 1,570 numbers."""
    return nn.Sequential(nn.Flatten(), nn.Linear(task.train.inputs[0].numel(), _classes(task)))


def _classes(task: Task) -> int:
    return int(task.train.targets.max()) + 1


def _references() -> list[Row]:
    return [
        ReferenceRow("majority class", majority, trainable=1),
        ReferenceRow("nearest mean image", nearest_mean, trainable=1568),
    ]


STUDY = Study(
    rows,
    IMAGES,
    ACCURACY,
    recipes=lambda: IMAGE_RECIPES,
    named=(
        NamedRow("uniform control", "uniform"),
        NamedRow("directly trained MLP", "mlp"),
        NamedRow("logistic regression", "logistic"),
        NamedRow("ordinary network of as many numbers", "ordinary small network"),
    ),
)


def few_rows(settings: Settings, recipe: str) -> list[Row]:
    """The search, one live candidate and the controls of as many numbers."""
    kept = (
        *("search raw", "candidate 8", "hashed vector", "ordinary small network"),
        *("uniform distribution", "direct MLP", "logistic regression"),
        *("majority class", "nearest mean image"),
    )
    return [row for row in rows(settings, recipe) if row.name in kept]


OTHER_PAIRS = replace(STUDY, rows=few_rows, datasets=OTHER_IMAGES)
