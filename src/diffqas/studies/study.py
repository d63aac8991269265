"""The parts of a study: its rows, its data sets, and what is compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from diffqas.agents import AgentSettings
from diffqas.reports import Terminal
from diffqas.studies.cell import Cell
from diffqas.studies.datasets import SERIES, Data, load_data, training_samples
from diffqas.studies.entries import NamedRow
from diffqas.studies.metric import MSE, Metric
from diffqas.studies.rows import Row
from diffqas.tasks import SERIES_RECIPES, Settings

StudySettings: TypeAlias = Settings | AgentSettings
"""What the rows of a study start from; `AgentSettings` in environments."""


@dataclass(frozen=True)
class Origin:
    """The finished run that a study is made of.

    Attributes:
        path: its folder.
        sha256: of its checkpoint.
        seeds: those that finished.
    """

    path: str
    sha256: str
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Study:
    """Rows on data sets, compared by one figure.

    Attributes:
        rows: (settings, name of the recipe) -> rows, the search first.
        datasets: the names of the data sets, which are the columns.
        metric: the figure that is compared.
        recipes: a function that gives the settings to start from, by the recipe's name.
        load: (data set, folder of files or None) -> its samples.
        samples: data set -> how many training samples it has, to plan with.
        origin: the run that the study is made of, if it is made of one.
        more: (the study's folder, finished cells, console): writes and prints what the report has
            besides the tables.
        named: the rows that the sentence below a table always mentions.
        images: data sets of images whose files are read besides those of the columns.
        prepare: (the study's folder, folder of files or None): makes, once, what all cells start
            from, and tells in one line what is missing.
        load_in: as `load`, but it is given the study's folder as well.
        first_seed: the first of the seeds. Settings should be chosen on other seeds than those of
            the tables.
        seeds: how many seeds the rows have if nothing else is said.
    """

    rows: Callable[[Any, str], list[Row]]
    datasets: tuple[str, ...] = SERIES
    metric: Metric = MSE
    recipes: Callable[[], Mapping[str, StudySettings]] = lambda: SERIES_RECIPES
    load: Callable[[str, str | Path | None], Data] = load_data
    samples: Callable[[str], int] = training_samples
    origin: Origin | None = None
    more: Callable[[Path, Sequence[Cell], Terminal], None] | None = None
    named: tuple[NamedRow, ...] = ()
    images: tuple[str, ...] = ()
    prepare: Callable[[Path, str | Path | None], None] | None = None
    load_in: Callable[[str, str | Path | None, Path], Data] | None = None
    first_seed: int = 0
    seeds: int = 10

    def data(self, dataset: str, data_dir: str | Path | None, folder: Path) -> Data:
        """The samples of a data set, for a cell of the study in this folder."""
        if self.load_in is not None:
            return self.load_in(dataset, data_dir, folder)
        return self.load(dataset, data_dir)


@dataclass(frozen=True)
class StudyOfRun:
    """A study that is made of a finished run.

    Attributes:
        make: the run's folder -> the study.
    """

    make: Callable[[str], Study]
