"""The rows of a study: each gives a test figure on the data sets where it exists."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, TypeAlias

from torch import nn

from diffqas.agents import LAST, AgentSettings, EnvironmentTask
from diffqas.optimisers import Population
from diffqas.storage import Json, encode
from diffqas.tasks import Settings, Task
from diffqas.training import Federated, Training

Group = Literal["search", "candidate", "control", "reference"]
GROUPS: tuple[Group, ...] = ("search", "candidate", "control", "reference")

Populate: TypeAlias = Callable[..., Population]
"""(task, settings, seeds) -> their models; `found`, where the row needs it, is a cell."""
MakeTraining: TypeAlias = Callable[[Any, Task, Settings, list[int]], Training[Any]]
"""(population, task, settings, seeds) -> what trains it."""


@dataclass(frozen=True)
class TrainedRow:
    """A row with one model per seed, trained in lockstep.

    Attributes:
        name: as it stands in the table.
        group: what kind of row it is.
        settings: how its models are trained.
        populate: makes its models.
        identical: rows with the same word are provably the same model (`"uniform"`, `"zero"`).
        published: the paper's figures for this row, by data set.
        circuit: the name of the candidate, if the row trains a single one.
        work: the time of a step relative to that of the search, to plan with.
        predictions: whether its predictions are kept for the pictures.
        datasets: the data sets where the row exists; None means all.
        network: makes a network of its own for a task; None stands for the task's target.
        agents: (environment, settings) -> the environment for agents with other networks; None
            leaves it as it is.
        has_target: whether that network, or the task's target, is what it trains or writes.
        seeds: the most seeds that it has; None means as many as the study.
        trains: whether its models are trained; if not, they are evaluated as `populate` makes them.
        ranked: whether its cells keep what each seed found: weights, and the leading live
            candidate.
        needs: by data set, the one whose cell of the study's first row `populate` is given, as
            `found`.
        structure: whether its cells keep the structural weights at the end, and the circuits that
            were found.
        federated: clients that keep their samples and average their numbers; None: all samples are
            in one place.
        training: what trains its models; None: epochs over all samples, or over the clients'.
        last: of agents, the episodes at the end that the cell's means are of.
    """

    name: str
    group: Group
    settings: Settings | AgentSettings
    populate: Populate
    identical: str | None = None
    published: Mapping[str, float] = field(default_factory=dict)
    circuit: str | None = None
    work: float = 1.0
    predictions: bool = False
    datasets: tuple[str, ...] | None = None
    network: Callable[[Task], nn.Module] | None = None
    agents: Callable[[EnvironmentTask, AgentSettings], EnvironmentTask] | None = None
    has_target: bool = True
    seeds: int | None = None
    trains: bool = True
    ranked: bool = False
    needs: Mapping[str, str] = field(default_factory=dict)
    structure: bool = False
    federated: Federated | None = None
    training: MakeTraining | None = None
    last: int = LAST

    def seeds_of(self, study: int) -> int:
        """How many of the study's seeds it has."""
        if self.seeds is None:
            return study
        return min(study, self.seeds)

    @property
    def slug(self) -> str:
        """The row's word for file names and the command line."""
        return slug(self.name)

    @property
    def choices(self) -> Json:
        """All that the row's models depend on, as JSON."""
        choices: Json = {"settings": encode(self.settings)}
        if isinstance(self.populate, partial):
            for name, value in self.populate.keywords.items():
                choices[name] = encode(value)
        # Left out where there are none, as in the folders that were begun before there were any.
        if self.federated is not None:
            choices["federated"] = encode(self.federated)
        return choices

    def on(self, task: Task) -> Task:
        """The task with the row's own network, if it has one."""
        if self.network is None:
            return task
        return replace(task, target=partial(self.network, task))

    def paper(self, dataset: str) -> float | None:
        """The published figure, if there is one."""
        return self.published.get(dataset)

    def stands_on(self, dataset: str) -> bool:
        """Whether a data set has this row."""
        return self.datasets is None or dataset in self.datasets


@dataclass(frozen=True)
class ReferenceRow:
    """A row without seeds: a predictor in closed form.

    Attributes:
        name: as it stands in the table.
        figure: test MSE on a series (`SeriesData`), accuracy on images (`ImageData`).
        trainable: fitted numbers.
        datasets: where the row exists; None: everywhere.
    """

    name: str
    figure: Callable[[Any], float]
    trainable: int
    datasets: tuple[str, ...] | None = None
    group: Group = "reference"
    work: float = 0.0

    @property
    def slug(self) -> str:
        """The row's word for file names and the command line."""
        return slug(self.name)

    def stands_on(self, dataset: str) -> bool:
        """Whether a data set has this row."""
        return self.datasets is None or dataset in self.datasets


Row: TypeAlias = TrainedRow | ReferenceRow


def slug(name: str) -> str:
    """Lower case, words joined by hyphens.

    >>> slug("scale 2^n p, cut at 8")
    'scale-2-n-p-cut-at-8'
    """
    # Dots stay: 0.3 and 03 are two settings.
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")
