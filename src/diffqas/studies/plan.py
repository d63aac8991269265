"""What a study computes: its settings, its rows and data sets, and their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from diffqas.agents import AGENT_RECIPES, AgentSettings, is_environment
from diffqas.errors import ArgumentError, choose, require
from diffqas.kinds import QLSTM_RECIPES
from diffqas.storage import encode
from diffqas.studies import (
    ablation,
    agents,
    discretise,
    figures_5_7,
    per_layer,
    qlstm_table,
    sharing,
    strict,
    table_2,
    transfer,
)
from diffqas.studies.datasets import IMAGES, SERIES
from diffqas.studies.metric import ACCURACY, REWARD, Metric
from diffqas.studies.rows import GROUPS, Row, TrainedRow
from diffqas.studies.study import Study
from diffqas.tasks import IMAGE_RECIPES

DATASETS = SERIES
"""The data sets of the studies of series."""


STUDIES = {
    "table-2": Study(table_2.rows),
    "ablation": Study(ablation.rows),
    "sharing": Study(sharing.rows),
    "per-layer": Study(per_layer.rows, per_layer.DATASETS),
    "strict": Study(strict.rows),
    "qlstm-table": Study(qlstm_table.rows, recipes=lambda: QLSTM_RECIPES),
    "figures-5-7": Study(figures_5_7.rows, IMAGES, ACCURACY, lambda: IMAGE_RECIPES),
    "figures-13-14": Study(agents.rows, agents.FIGURES, REWARD, lambda: AGENT_RECIPES),
    "rooms": Study(agents.room_rows, agents.ROOMS, REWARD, lambda: AGENT_RECIPES),
    "transfer": Study(transfer.rows, tuple(transfer.SERIES_SOURCES)),
    "transfer-images": Study(
        transfer.rows, tuple(transfer.IMAGE_SOURCES), ACCURACY, lambda: IMAGE_RECIPES
    ),
}
"""Studies by name."""

OF_A_RUN: dict[str, Callable[[str], Study]] = {"discretise": discretise.study}
"""Studies of a finished run, by name: its folder -> the study."""


@dataclass(frozen=True)
class Plan:
    """The choices of a study; every cell of its folder is computed with them.

    Attributes:
        study: one of `STUDIES` or `OF_A_RUN`.
        recipe: `"default"` or `"paper"`.
        seeds: how many, counted from 0; of a run at most as many.
        epochs: passes over the training part; None: the recipe's.
        depth: layers of the circuits; None: the recipe's.
        data_dir: folder with files of images, as in `load_images`; where they lie makes no other
            study.
        episodes: of agents; None: the recipe's.
        run: folder of the run that a study of `OF_A_RUN` is made of.

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
    run: str | None = None

    def __post_init__(self) -> None:
        choose(self.study, [*STUDIES, *OF_A_RUN], "study")
        if self.study in OF_A_RUN:
            rule = f"be the folder of a finished run for the study {self.study}"
            require(self.run is not None, "run", rule, self.run)
            chosen = {
                "recipe": self.recipe != "default" or None,
                "epochs": self.epochs,
                "depth": self.depth,
            }
            for name, value in chosen.items():
                require(
                    value is None,
                    name,
                    f"be left to the run with the study {self.study}",
                    getattr(self, name),
                )
        else:
            require(self.run is None, "run", f"be left out with the study {self.study}", self.run)
        choose(self.recipe, self.made.recipes(), "recipe")
        require(
            isinstance(self.seeds, int) and self.seeds >= 1, "seeds", "be at least 1", self.seeds
        )
        images = set(self.datasets) <= set(IMAGES)
        require(
            (images and self.run is None) or self.data_dir is None,
            "data_dir",
            "be used with a study of images",
            self.study,
        )
        acting = is_environment(self.datasets[0])
        kind = "of environments" if acting else "of data sets"
        for name, fits in {"epochs": not acting, "episodes": acting}.items():
            value = getattr(self, name)
            require(value is None or fits, name, f"not be used with a study {kind}", value)
        _ = self.settings  # refuses wrong epochs and depth

    @property
    def made(self) -> Study:
        """What the study is made of.

        Raises:
            DiffqasError: a run that it cannot be made of.
        """
        return STUDIES[self.study] if self.run is None else OF_A_RUN[self.study](self.run)

    @property
    def seed_numbers(self) -> list[int]:
        """The seeds: counted from 0, or of a run its own, as many as there are."""
        origin = self.made.origin
        return list(range(self.seeds) if origin is None else origin.seeds[: self.seeds])

    @property
    def settings(self) -> Any:
        """The settings that the rows start from: `Settings`, or of environments `AgentSettings`."""
        changes = {"epochs": self.epochs, "episodes": self.episodes, "depth": self.depth}
        recipe = self.made.recipes()[self.recipe]
        return replace(
            recipe, **{key: value for key, value in changes.items() if value is not None}
        )

    @property
    def datasets(self) -> tuple[str, ...]:
        """The study's data sets, in the order of the report."""
        return self.made.datasets

    @property
    def metric(self) -> Metric:
        """What the study compares."""
        return self.made.metric

    @property
    def rows(self) -> list[Row]:
        """All rows, in the order of the table."""
        return self.made.rows(self.settings, self.recipe)

    @property
    def command(self) -> str:
        """The command that computes the whole study."""
        what = ["--recipe", self.recipe] if self.run is None else [self.run]
        words = ["diffqas", "study", self.study, *what, "--seeds", str(self.seeds)]
        for name in ("epochs", "episodes", "depth"):
            value = getattr(self, name)
            words += [] if value is None else [f"--{name}", str(value)]
        return " ".join(words)

    def to_json(self) -> dict[str, Any]:
        """As stored in study.json: equal if and only if the cells are computed alike."""
        length = "episodes" if isinstance(self.settings, AgentSettings) else "epochs"
        origin = self.made.origin
        return (
            {} if origin is None else {"run": {"path": origin.path, "sha256": origin.sha256}}
        ) | {
            "recipe": self.recipe,
            "seeds": len(self.seed_numbers),
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
            Job(row, dataset, _cost(row, dataset, self.made))
            for dataset in self.datasets
            for row in every
            if dataset in (datasets or self.datasets)
            and (not rows or row.slug in rows or row.group in rows)
            and row.stands_on(dataset)
        ]
        return sorted(jobs, key=lambda job: -job.cost)

    def searches(self, jobs: Sequence[Job]) -> list[Job]:
        """The cells of the first row that rows of these jobs are made from, each once."""
        sources = {
            job.row.needs.get(job.dataset) for job in jobs if isinstance(job.row, TrainedRow)
        } - {None}
        first = self.rows[0]
        return [
            Job(first, source, _cost(first, source, self.made))
            for source in sorted(filter(None, sources))
        ]

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
    raise ArgumentError(
        f"Argument `shard` must be i/n with 1 <= i <= n, such as 2/8, but got {shard!r}."
    )


def _cost(row: Row, dataset: str, study: Study) -> float:
    """Steps times the time of a step; every cell has a small cost of its own."""
    if not isinstance(row, TrainedRow):
        return 1.0
    if isinstance(row.settings, AgentSettings):
        return 10.0 + row.work * row.settings.episodes * (row.seeds or 10)
    steps = row.settings.steps_per_epoch(study.samples(dataset)) * row.settings.epochs
    return 10.0 + row.work * steps
