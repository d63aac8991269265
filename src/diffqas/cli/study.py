"""`diffqas study`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

import tyro

from diffqas.errors import choose, require
from diffqas.reports import Terminal
from diffqas.studies import (
    Plan,
    default_folder,
    papers_index,
    papers_plans,
    print_survey,
    run_all,
    run_study,
    study_state,
    survey_of,
    total_line,
)

PAPERS = papers_index()
OF_STRATEGIES = {
    "strategies-table": "every circuit of a space trained alone, as data for searchers",
    "searchers": "searchers under one account of cost, on that table",
}
"""Studies that have a table of their own kind; see docs/strategies.md."""
ALL = {"all": "every study of the papers, what is missing of it, the shortest first"}
ABOUTS = {name: entry.about for name, entry in PAPERS.items()} | OF_STRATEGIES | ALL
ABOUT = " ".join(f"{name}: {about}." for name, about in ABOUTS.items())


@dataclass
class Study:
    """Compute a table of rows and data sets with statistics, mostly over ten seeds each.

    The same command continues a study that was stopped.
    """

    name: Annotated[
        tyro.conf.Positional[str],
        tyro.conf.arg(
            metavar="NAME",
            help=f"One of {', '.join(ABOUTS)}, or FILE.py:NAME, a study of your own. {ABOUT}",
        ),
    ]
    source: Annotated[
        tyro.conf.Positional[Path | None],
        tyro.conf.arg(metavar="RUN", help="For discretise: the folder of a finished run."),
    ] = None
    recipe: Literal["default", "paper"] = "default"
    """As of `diffqas search`."""
    seeds: int | None = None
    """How many seeds every row has, trained in lockstep; the study's own number, mostly ten, if not
    given.
    """
    epochs: int | None = None
    """Passes over the training part; those of the recipe if not given."""
    episodes: int | None = None
    """In studies of environments: the episodes of every seed; those of the recipe if not given."""
    depth: int | None = None
    """Layers of the circuits; those of the recipe if not given."""
    datasets: Annotated[
        tuple[str, ...],
        tyro.conf.arg(
            metavar="DATASET ...",
            help="Only these data sets; each study has its own: series (bessel, ...), images "
            "(mnist-1-5, ...) or environments (minigrid-empty-5x5, ...).",
        ),
    ] = ()
    rows: Annotated[
        tuple[str, ...],
        tyro.conf.arg(
            metavar="ROW ...",
            help="Only these rows (search-raw, candidate-8, hashed-vector, ...) or groups of rows "
            "(search, candidate, control, reference).",
        ),
    ] = ()
    workers: int | None = None
    """Number of processes, one per core if not given; with ray: the most cells at the same time."""
    executor: Literal["local", "ray"] = "local"
    """local: processes of this machine. ray: tasks of a Ray cluster; the figures are the same."""
    ray_address: str | None = None
    """The address of the Ray cluster. If not given: $RAY_ADDRESS, the cluster on this machine, or a
    new one there.
    """
    gpus_per_cell: float = 0
    """ray: how many GPUs are reserved for each cell; cells compute on the CPU."""
    shard: str | None = None
    """i/n: only every n-th cell, to share a study between machines that see one folder."""
    data_dir: Path | None = None
    """As of `diffqas search`, for studies of images."""
    output: Path | None = None
    """The study's folder; runs/NAME if not given. With all: the folder that contains the folders of
    the studies; runs if not given.
    """
    overwrite: bool = False
    """Begin anew in a folder that holds a study."""
    dry_run: bool = False
    """List the cells that are finished and those that are missing, without computing any."""

    def run(self) -> None:
        """Compute what is missing, then print the report."""
        if self.name in OF_STRATEGIES:
            self._of_strategies()
            return
        data_dir = None if self.data_dir is None else str(self.data_dir)
        if self.name == "all":
            self._of_all(data_dir)
            return
        source = None if self.source is None else str(self.source)
        plan = Plan(
            study=self.name,
            recipe=self.recipe,
            seeds=self.seeds,
            epochs=self.epochs,
            depth=self.depth,
            data_dir=data_dir,
            episodes=self.episodes,
            run=source,
        )
        if self.dry_run:
            folder = self.output or default_folder(plan)
            state = study_state(
                plan, folder, rows=self.rows, datasets=self.datasets, shard=self.shard
            )
            print_survey([state], Terminal())
            return
        with _kept():
            run_study(
                plan,
                rows=self.rows,
                datasets=self.datasets,
                workers=self.workers,
                shard=self.shard,
                output=self.output,
                overwrite=self.overwrite,
                executor=self.executor,
                ray_address=self.ray_address,
                gpus_per_cell=self.gpus_per_cell,
            )

    def _of_all(self, data_dir: str | None) -> None:
        """Every study of the papers, as far as it is missing."""
        rule = "be left out with `all`, which goes on with every study as it was begun"
        for name in ("source", "datasets", "rows", "overwrite"):
            value = getattr(self, name)
            require(not value, name, rule, value)
        plans = papers_plans(
            recipe=self.recipe,
            seeds=self.seeds,
            epochs=self.epochs,
            episodes=self.episodes,
            depth=self.depth,
            data_dir=data_dir,
        )
        output, console = self.output or Path("runs"), Terminal()
        states = survey_of(plans, output, shard=self.shard)
        print_survey(states, console)
        if self.dry_run:
            return
        console.print()
        with _kept():
            run_all(
                states,
                shard=self.shard,
                workers=self.workers,
                executor=self.executor,
                ray_address=self.ray_address,
                gpus_per_cell=self.gpus_per_cell,
                console=console,
            )
        console.say(total_line(survey_of(plans, output, shard=self.shard)))

    def _of_strategies(self) -> None:
        """Compute a study of `diffqas.strategies`, which has few of the options."""
        from diffqas.strategies import (
            TASKS,
            compare_searchers,
            make_table,
            search_files,
            table_files,
        )

        used = {"name", "datasets", "shard", "output", "overwrite", "dry_run"}
        options = "--datasets, --shard, --output, --overwrite and --dry-run"
        for field in fields(self):
            left = field.name in used or getattr(self, field.name) == field.default
            rule = f"be left out: {self.name} has {options}"
            require(left, field.name, rule, getattr(self, field.name))
        for dataset in self.datasets:
            choose(dataset, TASKS, "datasets")
        output = self.output or Path("runs") / self.name
        if self.dry_run:
            files_of = {"strategies-table": table_files, "searchers": search_files}
            self._tell_missing(files_of[self.name](output, self.datasets, self.shard))
            return
        if self.name == "strategies-table":
            make_table(output, tasks=self.datasets, shard=self.shard, overwrite=self.overwrite)
            return
        compare_searchers(output, tasks=self.datasets, shard=self.shard, overwrite=self.overwrite)

    def _tell_missing(self, files: Sequence[Path]) -> None:
        console = Terminal()
        missing = [file for file in files if self.overwrite or not file.exists()]
        for file in missing:
            console.say(file)
        finished = len(files) - len(missing)
        console.say(f"{self.name}: {finished} cells finished, {len(missing)} missing.")


@contextmanager
def _kept() -> Iterator[None]:
    """An interrupt says what it costs."""
    try:
        yield
    except KeyboardInterrupt:
        how = "finished cells are kept, and the same command goes on with the others"
        raise KeyboardInterrupt(how) from None
