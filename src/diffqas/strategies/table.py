"""The tabular benchmark: what every architecture reached alone, looked up in place of trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import DataError, choose, require, whole
from diffqas.strategies.arrays import Singles, unpacked
from diffqas.strategies.catalogue import PROXIES, RECIPES, TASKS, AloneRecipe, BenchmarkTask, Scores
from diffqas.strategies.spaces import SPACES, TabulatedSpace

Floats = NDArray[np.float64]

DATA = Path(__file__).parent / "data"
"""Where the tables lie that are shipped."""
MAPPING_NUMBERS = 50
"""Trained numbers of the mapping from a basis state to weights in the layered space."""
ENCODED_READ = 8
"""Observables that the head of an encoded circuit reads."""


class Entry(NamedTuple):
    """The figures of one training of one architecture.

    Attributes:
        architecture: the number of the architecture in the space.
        seed: the seed of the start and, on tables, of the fold.
        epochs: the epochs after which the validation loss was taken.
        validation: cross-entropy or mean squared error on the validation part.
        test: the same on the test part, after the last epoch.
        validation_figure, test_figure: accuracy or mean squared error after the last epoch.
        train: the loss on the training part after the last epoch.
        seconds: the CPU seconds of a training alone, up to these epochs.
    """

    architecture: int
    seed: int
    epochs: int
    validation: float
    test: float
    validation_figure: float
    test_figure: float
    train: float
    seconds: float


@dataclass(frozen=True, eq=False)
class Benchmark:
    """A task's table; every architecture of its space is in it.

    Attributes:
        name: of the task.
        validation: losses, (architectures, seeds, checkpoints).
        test: losses on the test part after the last epoch, (architectures, seeds).
        validation_figure: figures on held-out samples then, of the same shape.
        test_figure: figures on the test part then.
        train: losses on the training part then.
        seconds: CPU seconds of a whole training of one seed by itself, (architectures,).
        together: CPU seconds of all architectures side by side, (seeds,).

    >>> table = benchmark("wine")
    >>> entry = table.query("RY/Ent-RY", seed=0)
    >>> entry.epochs, 0 < entry.validation < 2
    (54, True)
    """

    name: str
    validation: Singles
    test: Singles
    validation_figure: Singles
    test_figure: Singles
    train: Singles
    seconds: Singles
    together: Singles

    @property
    def task(self) -> BenchmarkTask:
        """What the task is."""
        return TASKS[self.name]

    @property
    def space(self) -> TabulatedSpace:
        """Its architectures."""
        return SPACES[self.task.space]

    @property
    def recipe(self) -> AloneRecipe:
        """How they were trained."""
        return RECIPES[self.task.space]

    @property
    def seeds(self) -> int:
        """Trainings of each architecture."""
        return self.test.shape[1]

    @cached_property
    def truth(self) -> Floats:
        """The test loss of every architecture, the mean over all seeds, (architectures,).

        It says what an architecture is worth, and no searcher sees it.
        """
        return self.test.mean(1, dtype=np.float64)

    @cached_property
    def regrets(self) -> Floats:
        """The regret of every architecture, (truth - best) / (mean of all - best).

        It is 0 for the best architecture, and 1 on average for a random one.
        """
        best = self.truth.min()
        return (self.truth - best) / (self.truth.mean() - best)

    def query(self, architecture: int | str, seed: int = 0, epochs: int | None = None) -> Entry:
        """Look up one training.

        Args:
            architecture: its number, or its name in the space.
            seed: which training.
            epochs: one of the recipe's checkpoints; None: the last.

        Raises:
            ArgumentError: the table has no such training.
        """
        number = architecture
        if isinstance(number, str):
            number = self.space.find(number)
        count, seeds = self.test.shape
        known = whole(number, 0) and number < count
        require(known, "architecture", f"be a number from 0 to {count - 1} or a name", architecture)
        require(whole(seed, 0) and seed < seeds, "seed", f"be from 0 to {seeds - 1}", seed)
        points = self.recipe.checkpoints
        after = points[-1] if epochs is None else epochs
        require(after in points, "epochs", f"be one of {', '.join(map(str, points))}", after)
        place = (number, seed)
        return Entry(
            number,
            seed,
            after,
            float(self.validation[number, seed, points.index(after)]),
            float(self.test[place]),
            float(self.validation_figure[place]),
            float(self.test_figure[place]),
            float(self.train[place]),
            float(self.seconds[number]) * after / points[-1],
        )

    def trained_numbers(self, architecture: int) -> int:
        """Trained numbers of an architecture's model: angles, and the head or the mapping."""
        around = MAPPING_NUMBERS
        if self.task.space == "encoded":
            around = self.task.outputs * (ENCODED_READ + 1)
        return self.space.angles(architecture) + around

    def __repr__(self) -> str:
        count, seeds = self.test.shape
        return f"Benchmark({self.name!r}: {count} architectures, {seeds} seeds)"


@lru_cache(maxsize=16)
def benchmark(name: str) -> Benchmark:
    """The table of a task, from the files of this package.

    Args:
        name: "wine", "iris", "moons", "breast-cancer", "digits", "bessel", "narma10" (circuits
            that read the sample) or "digits-weights" (circuits that write a network).

    Raises:
        ArgumentError: there is no such task.
        DataError: the table is not there, or damaged.
    """
    path = DATA / f"{choose(name, TASKS, 'task')}.npz"
    if not path.exists():
        raise DataError(
            f"The table of {name} is not part of this installation: make it by `diffqas study "
            "strategies-table`."
        )
    arrays = unpacked(path, "install the package again")
    missing = sorted({field.name for field in fields(Benchmark)} - {"name", *arrays})
    if missing:
        raise DataError(f"{path} lacks {', '.join(missing)}: install the package again.")
    return Benchmark(name, **arrays)


@lru_cache(maxsize=4)
def shipped_scores(space: str) -> Mapping[str, Scores]:
    """The training-free scores of a space, by the words of `PROXIES`, from this package's files.

    Raises:
        DataError: the file is not there, or damaged.
    """
    path = DATA / f"space-{space}.npz"
    if not path.exists():
        raise DataError(f"{path} is missing: make it by `diffqas study strategies-table`.")
    arrays = unpacked(path, "install the package again")
    return {
        proxy: Scores(arrays[proxy].astype(np.float64), float(arrays[f"{proxy}_seconds"]))
        for proxy in PROXIES
    }
