"""What a run needs to know of the kind of model that it searches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Protocol, Self, TypeAlias, TypeVar

from matplotlib.figure import Figure
from torch import Tensor, nn

from diffqas.circuits import AnyCandidate
from diffqas.errors import require
from diffqas.optimisers import Population
from diffqas.reports import Floats
from diffqas.tasks import Reference, Settings
from diffqas.training import Training


class Searched(Population, Protocol):
    """A population that gives its models back."""

    def write_back(self, models: Sequence[Any]) -> None:
        """Copy each seed's numbers into the models given, one per seed."""
        ...


P = TypeVar("P", bound=Searched)
AnyTask: TypeAlias = Any
"""A `Task`, or for agents an `EnvironmentTask`."""
AnySettings: TypeAlias = Any
"""`Settings`, or for agents `AgentSettings`."""
M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Labels:
    """What the structural weights in a line of metrics.jsonl belong to, in their order.

    Attributes:
        names: of the candidates, with the place in the model where it has several.
        constant: whether a candidate is the same whatever its angles and inputs.
    """

    names: tuple[str, ...]
    constant: tuple[bool, ...]

    def leader(self, weights: Tensor) -> str:
        """Name of the largest of the weights (seeds, count), by the median over seeds; constants
        lead nothing.
        """
        sizes = weights.abs().median(dim=0).values.tolist()
        live = [index for index, constant in enumerate(self.constant) if not constant]
        return self.names[max(live or range(len(self.names)), key=sizes.__getitem__)]


@dataclass(frozen=True)
class Companion:
    """Ordinary networks that a run trains beside its search, one per seed, to compare with.

    Attributes:
        name: what they are.
        remark: how many numbers they have, and how they are trained.
        population: the networks.
        settings: how to train them.
    """

    name: str
    remark: str
    population: Population
    settings: Settings


class ModelKind(ABC, Generic[P, M]):
    """A kind of model with its choices: the base of frozen dataclasses, which config.json stores."""

    name: ClassVar[str]
    """Word of the command line."""
    files: ClassVar[Mapping[str, str]]
    """What is said of the files that `circuits` and `export` give, by name or pattern."""
    target: str | None = None
    """Name of the network that the task is to bring; None: the task's own."""

    @classmethod
    @abstractmethod
    def choose(cls, *args: Any, **arguments: Any) -> Self:
        """The kind from arguments of `diffqas.search`; those of its signature are its own.

        Raises:
            ArgumentError: a wrong argument.
        """

    def check(self, task: str) -> None:
        """Refuse tasks whose samples, as in `Task.kind`, the model cannot read.

        Raises:
            ArgumentError: it cannot read them.
        """

    @abstractmethod
    def recipes(self, task: AnyTask) -> Mapping[str, Any]:
        """Settings by recipe name."""

    def affordable(self, settings: Settings) -> Settings:
        """The same, with another optimiser where that of a recipe cannot hold as many numbers as
        the model trains.
        """
        return settings

    @abstractmethod
    def make(self, task: AnyTask, settings: AnySettings, seeds: Sequence[int]) -> tuple[P, list[M]]:
        """Fresh models, one per seed, which decides its start alone; and the population that trains
        them.
        """

    def training(
        self, population: P, task: AnyTask, settings: AnySettings, seeds: list[int]
    ) -> Any:
        """What trains the population."""
        return Training(population, task, settings, seeds)

    @abstractmethod
    def notes(self, population: P, models: Sequence[M], task: AnyTask) -> list[str]:
        """Lines said before the training begins."""

    @abstractmethod
    def labels(self, model: M) -> Labels:
        """What the structural weights belong to."""

    @abstractmethod
    def figures(self, models: Sequence[M]) -> dict[str, Any]:
        """Entries of result.json: counts, relaxation and ranking over all seeds."""

    @abstractmethod
    def picture(self, model: M, weights: Floats, title: str) -> Figure:
        """Structural weights over the epochs: (epochs, count), the median over seeds."""

    @abstractmethod
    def circuits(self, model: M) -> dict[str, str]:
        """What was found as OpenQASM 3, by file name."""

    def circuit_pictures(self, model: M) -> dict[str, Figure]:
        """What was found as pictures, by file name."""
        return {}

    def with_candidates(self, candidates: Iterable[AnyCandidate]) -> Self:
        """The same kind, its candidates given again: for those of which a run folder holds no more
        than the name.

        Raises:
            ArgumentError: they have other names than the run's.
        """
        given, names = (
            tuple(candidates),
            [candidate.name for candidate in getattr(self, "candidates", ())],
        )
        rule = f"be those that the run was started with, {', '.join(names)}"
        found = [candidate.name for candidate in given]
        require(found == names, "candidates", rule, ", ".join(found))
        return replace(self, candidates=given)  # pyright: ignore[reportArgumentType, reportCallIssue]

    def network(self, model: M) -> nn.Module:
        """What predicts, without what only training needs."""
        return model

    @abstractmethod
    def export(self, model: M) -> dict[str, Tensor]:
        """What model.safetensors holds."""

    def references(self, task: AnyTask) -> Sequence[Reference]:
        """Figures to compare the result with."""
        return task.references

    def companions(
        self, task: AnyTask, settings: AnySettings, seeds: Sequence[int], model: M
    ) -> list[Companion]:
        """Networks to be trained beside the search."""
        return []
