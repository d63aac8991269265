"""The tasks of the benchmark and the recipes that every architecture is trained by; no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


HELD_OUT = 0.2
"""Share of the training samples that choices are made by, their last ones."""


@dataclass(frozen=True)
class BenchmarkTask:
    """A task of the benchmark, for which there is a table.

    Attributes:
        space: the name of the space of architectures.
        outputs: how many outputs every model has.
        figure: the figure that people read besides the loss, `"accuracy"` or `"mse"`.
        about: a description of the task.
    """

    space: str
    outputs: int
    figure: str
    about: str


TASKS: Mapping[str, BenchmarkTask] = MappingProxyType(
    {
        "wine": BenchmarkTask(
            "encoded", 3, "accuracy", "178 wines, 4 principal components, 3 cultivars"
        ),
        "iris": BenchmarkTask("encoded", 3, "accuracy", "150 irises, 4 columns, 3 species"),
        "moons": BenchmarkTask(
            "encoded", 2, "accuracy", "400 points of two half circles, each of 2 inputs twice"
        ),
        "breast-cancer": BenchmarkTask(
            "encoded", 2, "accuracy", "569 tumours, 4 principal components, 2 classes"
        ),
        "digits": BenchmarkTask(
            "encoded", 10, "accuracy", "1,797 images of digits, 4 principal components"
        ),
        "bessel": BenchmarkTask(
            "encoded", 1, "mse", "the next value of a Bessel function from the 4 before it"
        ),
        "narma10": BenchmarkTask(
            "encoded", 1, "mse", "the next value of NARMA-10 from the 4 before it"
        ),
        "digits-weights": BenchmarkTask(
            "layered",
            10,
            "accuracy",
            "1,797 images of digits; circuits write the 1,210 weights of a perceptron 64-16-10",
        ),
    }
)
"""The benchmark's tasks by name."""


@dataclass(frozen=True)
class AloneRecipe:
    """How an architecture of the benchmark is trained: by Adam with a cosine schedule to zero.

    Attributes:
        lr: the base learning rate.
        batch_size: how many samples a step has.
        checkpoints: the epochs after which losses are kept, ascending; the last one is the end.
        seeds: the number of seeds, counted from 0.
    """

    lr: float
    batch_size: int
    checkpoints: tuple[int, ...]
    seeds: int

    @property
    def epochs(self) -> int:
        """Passes over the training part."""
        return self.checkpoints[-1]


RECIPES: Mapping[str, AloneRecipe] = MappingProxyType(
    {
        "encoded": AloneRecipe(lr=0.03, batch_size=32, checkpoints=(2, 6, 18, 54), seeds=5),
        "layered": AloneRecipe(lr=0.01, batch_size=100, checkpoints=(1, 3, 9, 27), seeds=5),
    }
)
"""Recipe of each space; docs/strategies.md says how they were chosen."""

PROXIES: Mapping[str, str] = MappingProxyType(
    {
        "expressibility": "how near the states come to Haar-random ones (minus the divergence)",
        "entanglement": "mean Meyer-Wallach Q of the states",
        "gradient": "variance over random places of the outputs' gradient in the angles, summed",
        "rank": "rank of the Jacobian of the outputs in the angles",
    }
)
"""The scores by their words; more counts as better."""


@dataclass(frozen=True, eq=False)
class Scores:
    """A score of every architecture.

    Attributes:
        values: the scores, (architectures,); more is better.
        seconds: the CPU seconds that all scores took.
    """

    values: Floats
    seconds: float
