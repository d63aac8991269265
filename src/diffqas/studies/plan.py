"""What a study computes: its settings, its rows and data sets, and their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from diffqas.errors import ArgumentError, choose, require
from diffqas.models.qlstm import SETTINGS as QLSTM_SETTINGS
from diffqas.studies import ablation, agents, figures_5_7, per_layer, qlstm_table, sharing, strict, table_2
from diffqas.studies.datasets import IMAGES, SERIES, training_samples
from diffqas.studies.metric import ACCURACY, MSE, REWARD, Metric
from diffqas.studies.rows import GROUPS, Row, TrainedRow
from diffqas.tasks.environments import AgentSettings, is_environment
from diffqas.tasks.environments.task import SETTINGS as AGENT_SETTINGS
from diffqas.tasks.images.task import SETTINGS as IMAGE_SETTINGS
from diffqas.tasks.series.task import SETTINGS
from diffqas.training.codec import encode

DATASETS = SERIES
"""The data sets of the studies of series."""


@dataclass(frozen=True)
class Study:
    """What makes a study.

    Attributes:
        rows: (settings, name of the recipe) -> rows, the search first.
        datasets: its columns.
        metric: what is compared.
        recipes: the settings to start from, by the recipe's name.
    """

    rows: Callable[[Any, str], list[Row]]
    datasets: tuple[str, ...] = SERIES
    metric: Metric = MSE
    recipes: Callable[[], Mapping[str, Any]] = lambda: SETTINGS


STUDIES = {
    "table-2": Study(table_2.rows),
    "ablation": Study(ablation.rows),
    "sharing": Study(sharing.rows),
    "per-layer": Study(per_layer.rows, per_layer.DATASETS),
    "strict": Study(strict.rows),
    "qlstm-table": Study(qlstm_table.rows, recipes=lambda: QLSTM_SETTINGS),
    "figures-5-7": Study(figures_5_7.rows, IMAGES, ACCURACY, lambda: IMAGE_SETTINGS),
    "figures-13-14": Study(agents.rows, agents.FIGURES, REWARD, lambda: AGENT_SETTINGS),
    "rooms": Study(agents.room_rows, agents.ROOMS, REWARD, lambda: AGENT_SETTINGS),
}
"""Studies by name."""


@dataclass(frozen=True)
class Plan:
    """The choices of a study; every cell of its folder is computed with them.

    Attributes:
        study: one of `STUDIES`.
        recipe: `"default"` or `"paper"`.
        seeds: how many, counted from 0.
        epochs: passes over the training part; None: the recipe's.
        depth: layers of the circuits; None: the recipe's.
        data_dir: folder with files of images, as in `load_images`; where they lie makes no other study.
        episodes: of agents; None: the recipe's.

    >>> plan = Plan("table-2")
    >>> len(plan.rows), len(plan.jobs())
    (27, 131)
    """

    study: str
    recipe: str = "default"
    seeds: int = 10
    epochs: int | None = None
    depth: int | None = None
    data_dir: str | None = field(default=None, compare=False)
    episodes: int | None = None

    def __post_init__(self) -> None:
        choose(self.study, STUDIES, "study")
        choose(self.recipe, STUDIES[self.study].recipes(), "recipe")
        require(isinstance(self.seeds, int) and self.seeds >= 1, "seeds", "be at least 1", self.seeds)
        images = self.datasets == IMAGES
        require(images or self.data_dir is None, "data_dir", "be used with a study of images", self.study)
        acting = is_environment(self.datasets[0])
        kind = "of environments" if acting else "of data sets"
        for name, fits in {"epochs": not acting, "episodes": acting}.items():
            value = getattr(self, name)
            require(value is None or fits, name, f"not be used with a study {kind}", value)
        _ = self.settings  # refuses wrong epochs and depth

    @property
    def settings(self) -> Any:
        """The settings that the rows start from: `Settings`, or of environments `AgentSettings`."""
        changes = {"epochs": self.epochs, "episodes": self.episodes, "depth": self.depth}
        recipe = STUDIES[self.study].recipes()[self.recipe]
        return replace(recipe, **{key: value for key, value in changes.items() if value is not None})

    @property
    def datasets(self) -> tuple[str, ...]:
        """The study's data sets, in the order of the report."""
        return STUDIES[self.study].datasets

    @property
    def metric(self) -> Metric:
        """What the study compares."""
        return STUDIES[self.study].metric

    @property
    def rows(self) -> list[Row]:
        """All rows, in the order of the table."""
        return STUDIES[self.study].rows(self.settings, self.recipe)

    @property
    def command(self) -> str:
        """The command that computes the whole study."""
        words = ["diffqas", "study", self.study, "--recipe", self.recipe, "--seeds", str(self.seeds)]
        for name in ("epochs", "episodes", "depth"):
            value = getattr(self, name)
            words += [] if value is None else [f"--{name}", str(value)]
        return " ".join(words)

    def to_json(self) -> dict[str, Any]:
        """As stored in study.json: equal if and only if the cells are computed alike."""
        length = "episodes" if isinstance(self.settings, AgentSettings) else "epochs"
        return {
            "recipe": self.recipe,
            "seeds": self.seeds,
            length: getattr(self.settings, length),
            "depth": self.settings.depth,
            "choices": encode(self.settings),
            "rows": {row.slug: row.choices for row in self.rows if isinstance(row, TrainedRow)},
        }

    def jobs(self, rows: Sequence[str] = (), datasets: Sequence[str] = ()) -> list[Job]:
        """Cells to compute, the longest first.

        Args:
            rows: words of rows or of groups of rows; empty: all.
            datasets: names of data sets; empty: all.

        Raises:
            ArgumentError: an unknown row or data set; the nearest is suggested.
        """
        every = self.rows
        for word in rows:
            choose(word, [*(row.slug for row in every), *GROUPS], "rows")
        for name in datasets:
            choose(name, self.datasets, "datasets")
        jobs = [
            Job(row, dataset, _cost(row, dataset))
            for dataset in self.datasets
            for row in every
            if dataset in (datasets or self.datasets)
            and (not rows or row.slug in rows or row.group in rows)
            and row.stands_on(dataset)
        ]
        return sorted(jobs, key=lambda job: -job.cost)

    def row(self, word: str) -> Row:
        """The row with this word."""
        return next(row for row in self.rows if row.slug == word)


@dataclass(frozen=True)
class Job:
    """A cell to compute; `cost` is its expected time in an arbitrary unit."""

    row: Row
    dataset: str
    cost: float


def share_of(jobs: Sequence[Job], shard: str | None) -> list[Job]:
    """Every n-th job, for `shard` "i/n" with i from 1 to n; all without a shard.

    Raises:
        ArgumentError: a shard of another form.

    >>> jobs = Plan("table-2").jobs()
    >>> sum(len(share_of(jobs, shard)) for shard in ("1/3", "2/3", "3/3")) == len(jobs)
    True
    """
    if shard is None:
        return list(jobs)
    parts = shard.split("/")
    if len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts):
        index, count = map(int, parts)
        if 1 <= index <= count:
            return list(jobs[index - 1 :: count])
    raise ArgumentError(f"Argument `shard` must be i/n with 1 <= i <= n, such as 2/8, but got {shard!r}.")


def _cost(row: Row, dataset: str) -> float:
    """Steps times the time of a step; every cell has a small cost of its own."""
    if not isinstance(row, TrainedRow):
        return 1.0
    if isinstance(row.settings, AgentSettings):
        return 10.0 + row.work * row.settings.episodes * (row.seeds or 10)
    steps = row.settings.steps_per_epoch(_samples(dataset)) * row.settings.epochs
    return 10.0 + row.work * steps


@cache
def _samples(dataset: str) -> int:
    return training_samples(dataset)
