"""What a study computes: its settings, its rows and data sets, and their order."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from diffqas.agents import AgentSettings, is_environment
from diffqas.errors import ArgumentError, choose, require
from diffqas.searches import MOST_SEEDS
from diffqas.storage import Json, encode
from diffqas.studies.datasets import SERIES, is_images
from diffqas.studies.library import LoadedStudy, load_study
from diffqas.studies.metric import Metric
from diffqas.studies.rows import GROUPS, Row, TrainedRow
from diffqas.studies.study import Study, StudyOfRun, StudySettings
from diffqas.tasks import explained
from diffqas.text import file_name

T = TypeVar("T")

LONGEST = 200
"""Characters of a row's word: file systems take 255, with the end of the name."""

SHARD = re.compile(r"(\d{1,9})/(\d{1,9})", re.ASCII)

DATASETS = SERIES
"""The data sets of the studies of series."""


@dataclass(frozen=True)
class Plan:
    """The choices of a study; every cell of its folder is computed with them.

    Attributes:
        study: the name of one of the papers' studies, or `FILE.py:NAME` for a study of your own.
        recipe: the name of a recipe, usually `"default"` or `"paper"`.
        seeds: how many seeds, counted from the study's `first_seed`. A study of a run has at most
            as many as the run. None stands for the study's own number.
        epochs: the passes over the training part; None stands for those of the recipe.
        depth: the layers of the circuits; None stands for those of the recipe.
        data_dir: the folder with files of images, as in `load_images`. It does not change the
            study.
        episodes: the episodes of agents; None stands for those of the recipe.
        run: the folder of the finished run that a `StudyOfRun` is made of.

    >>> plan = Plan("table-2")
    >>> len(plan.rows), len(plan.jobs())
    (30, 146)
    """

    study: str
    recipe: str = "default"
    seeds: int | None = None
    epochs: int | None = None
    depth: int | None = None
    data_dir: str | None = field(default=None, compare=False)
    episodes: int | None = None
    run: str | None = None

    def __post_init__(self) -> None:
        self._check_run()
        choose(self.recipe, self.made.recipes(), "recipe")
        whole = isinstance(self.count, int) and self.count >= 1
        require(whole, "seeds", "be at least 1", self.seeds)
        require(self.count <= MOST_SEEDS, "seeds", f"be at most {MOST_SEEDS:,}", self.seeds)
        self._check_datasets()
        _ = self.settings  # refuses wrong epochs and depth

    def _check_run(self) -> None:
        """A study of a run needs one, and takes everything else from it."""
        if not isinstance(self.loaded.study, StudyOfRun):
            require(self.run is None, "run", f"be left out with the study {self.study}", self.run)
            return
        rule = f"be the folder of a finished run for the study {self.study}"
        require(self.run is not None, "run", rule, self.run)
        rule = f"be left to the run with the study {self.study}"
        require(self.recipe == "default", "recipe", rule, self.recipe)
        require(self.epochs is None, "epochs", rule, self.epochs)
        require(self.depth is None, "depth", rule, self.depth)

    def _check_datasets(self) -> None:
        """Whether the choices go with data sets of this kind, and the names with files."""
        require(len(self.datasets) > 0, "datasets", "name at least one data set", "none")
        words = {name: file_name(name) for name in self.datasets}
        _check_words("datasets", words, len(self.datasets))
        columns = all(map(is_images, self.datasets)) or self.made.images != ()
        images = self.run is None and columns
        rule = "be used with a study of images"
        require(images or self.data_dir is None, "data_dir", rule, self.study)
        acting = is_environment(self.datasets[0])
        kind = "of environments" if acting else "of data sets"
        rule = f"not be used with a study {kind}"
        require(self.epochs is None or not acting, "epochs", rule, self.epochs)
        require(self.episodes is None or acting, "episodes", rule, self.episodes)

    @property
    def loaded(self) -> LoadedStudy:
        """The study as its file has it.

        Raises:
            ArgumentError, DataError: as of `load_study`.
        """
        return load_study(self.study)

    @property
    def name(self) -> str:
        """The study's name in tables and cells."""
        return self.loaded.name

    @property
    def made(self) -> Study:
        """The study; one of a run is made of it.

        Raises:
            DiffqasError: a run that it cannot be made of.
        """
        loaded = self.loaded
        if not isinstance(loaded.study, StudyOfRun):
            return loaded.study
        with explained(loaded.source):
            return loaded.study.make(str(self.run))

    @property
    def count(self) -> int:
        """How many seeds are asked for; a run may have fewer."""
        return self.made.seeds if self.seeds is None else self.seeds

    @property
    def seed_numbers(self) -> list[int]:
        """The seeds: counted from the study's first, or of a run its own, as many as there are."""
        study = self.made
        if study.origin is not None:
            return list(study.origin.seeds[: self.count])
        return list(range(study.first_seed, study.first_seed + self.count))

    @property
    def settings(self) -> StudySettings:
        """The settings that the rows start from."""
        return replace(self.made.recipes()[self.recipe], **self._lengths)

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
        with explained(self.loaded.source):
            rows = self.made.rows(self.settings, self.recipe)
            require(len(rows) > 0, "rows", "hold at least one row", "none")
            # The words are names of files, and what `--rows` takes.
            _check_words("rows", {row.name: row.slug for row in rows}, len(rows))
        return rows

    @property
    def command(self) -> str:
        """The command that computes the whole study."""
        words = ["diffqas", "study", self.study]
        words += ["--recipe", self.recipe] if self.run is None else [self.run]
        words += ["--seeds", str(self.count)]
        for name, value in self._lengths.items():
            words += [f"--{name}", str(value)]
        return shlex.join(words)

    @property
    def _lengths(self) -> dict[str, int]:
        """What is given in place of the recipe's."""
        given = {"epochs": self.epochs, "episodes": self.episodes, "depth": self.depth}
        return {name: value for name, value in given.items() if value is not None}

    def to_json(self) -> Json:
        """As stored in study.json: equal if and only if the cells are computed alike."""
        settings, origin = self.settings, self.made.origin
        content: Json = {}
        if origin is not None:
            content["run"] = {"path": origin.path, "sha256": origin.sha256}
        content |= {"recipe": self.recipe, "seeds": len(self.seed_numbers)}
        if isinstance(settings, AgentSettings):
            content["episodes"] = settings.episodes
        else:
            content["epochs"] = settings.epochs
        rows = [row for row in self.rows if isinstance(row, TrainedRow)]
        content |= {
            "depth": settings.depth,
            "choices": encode(settings),
            "rows": {row.slug: row.choices for row in rows},
        }
        return content

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
        # A long cell that begins last would leave all other processes idle.
        return sorted(jobs, key=lambda job: -job.cost)

    def searches(self, jobs: Sequence[Job]) -> list[Job]:
        """The cells of the first row that rows of these jobs are made from, each once."""
        needs = [
            job.row.needs[job.dataset]
            for job in jobs
            if isinstance(job.row, TrainedRow) and job.dataset in job.row.needs
        ]
        first = self.rows[0]
        return [Job(first, name, _cost(first, name, self.made)) for name in sorted(set(needs))]

    def row(self, word: str) -> Row:
        """The row with this word."""
        return next(row for row in self.rows if row.slug == word)


def _check_words(argument: str, words: Mapping[str, str], count: int) -> None:
    """Whether names are told apart by the words that stand for them in names of files."""
    require(len(words) == count, argument, "have names that differ", ", ".join(words))
    seen: dict[str, str] = {}
    for name, word in words.items():
        rule = "have names with a letter or digit of ASCII, of at most 200 characters"
        require(0 < len(word) <= LONGEST, argument, rule, repr(name))
        rule = f"have names that differ in their letters and digits (both are {word!r} in files)"
        require(word not in seen, argument, rule, f"{seen.get(word)!r} and {name!r}")
        seen[word] = name


@dataclass(frozen=True)
class Job:
    """A cell to compute; `cost` is its expected time in an arbitrary unit."""

    row: Row
    dataset: str
    cost: float


def share_of(jobs: Sequence[T], shard: str | None) -> list[T]:
    """Every n-th job, for `shard` "i/n" with i from 1 to n; all without a shard.

    Raises:
        ArgumentError: a shard of another form.

    >>> jobs = Plan("table-2").jobs()
    >>> sum(len(share_of(jobs, shard)) for shard in ("1/3", "2/3", "3/3")) == len(jobs)
    True
    """
    if shard is None:
        return list(jobs)
    found = SHARD.fullmatch(shard)
    rule = "be i/n with 1 <= i <= n, such as 2/8"
    if found is None:
        raise ArgumentError(f"Argument `shard` must {rule}, but got {shard!r}.")
    index, count = map(int, found.groups())
    require(1 <= index <= count, "shard", rule, repr(shard))
    return list(jobs[index - 1 :: count])


def _cost(row: Row, dataset: str, study: Study) -> float:
    """Steps times the time of a step; every cell has a small cost of its own."""
    if not isinstance(row, TrainedRow):
        return 1.0
    if isinstance(row.settings, AgentSettings):
        return 10.0 + row.work * row.settings.episodes * (row.seeds or study.seeds)
    steps = row.settings.steps_per_epoch(study.samples(dataset)) * row.settings.epochs
    return 10.0 + row.work * steps
