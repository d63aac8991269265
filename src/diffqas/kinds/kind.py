"""The base of all kinds of models: what a run needs to know of the kind that it searches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Protocol, Self, TypeAlias, TypeVar

from torch import Tensor, nn

from diffqas.choices import Unread, Value
from diffqas.circuits import AnyCandidate
from diffqas.errors import require
from diffqas.kinds.ranking import Findings
from diffqas.optimisers import Population
from diffqas.storage import Json, State
from diffqas.tasks import Reference, Settings, Task
from diffqas.training import Training


class Searched(Protocol):
    """Models of several seeds that are trained as one, and then given back."""

    @property
    def structural_weights(self) -> Tensor:
        """The structural weights, (seeds, candidates)."""
        ...

    def write_back(self, models: Sequence[AnyModel]) -> None:
        """Copy each seed's numbers into the models given, one per seed."""
        ...


class Problem(Protocol):
    """What every kind of model needs of its task, a `Task` or for agents an `EnvironmentTask`."""

    @property
    def name(self) -> str:
        """The word for the task on the command line."""
        ...

    @property
    def references(self) -> Sequence[Reference]:
        """The figures that the result is compared with."""
        ...


class Trainable(Searched, Population, Protocol):
    """A population that learns from samples and writes its numbers back into the models."""


T = TypeVar("T", bound=Problem)
"""The task that a kind of model is searched on."""
S = TypeVar("S")
"""The settings that train it: `Settings`, or for agents `AgentSettings`."""
P = TypeVar("P", bound=Searched)
"""The models of all seeds as they are trained."""
Q = TypeVar("Q", bound=Trainable)
"""A population of models that learn from samples."""
M = TypeVar("M", bound=nn.Module)
"""The model of one seed."""


class Record(Protocol):
    """What a training reports from time to time."""

    def to_json(self) -> Json:
        """The record as a line of metrics.jsonl."""
        ...


class SearchTraining(Protocol):
    """A training that can be stopped after any record and continued.

    `diffqas.training.Training` and `diffqas.agents.AgentTraining` say what the attributes mean.
    """

    unit: ClassVar[str]
    anytime: ClassVar[bool]
    remarks: list[str]
    failures: dict[int, str]
    seconds: float
    epoch: int

    @property
    def population(self) -> Searched:
        """The models of all seeds as they are trained."""
        ...

    @property
    def task(self) -> Problem:
        """The task that the models learn."""
        ...

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train."""
        ...

    def epochs(self) -> Iterator[Record]:
        """Train to the end, and yield a record now and then."""
        ...

    def close(self) -> None:
        """Release what the training holds open."""
        ...

    def state_dict(self) -> State:
        """Everything that is needed to continue."""
        ...

    def load_state_dict(self, state: State, /) -> None:
        """Continue from what `state_dict` gave."""
        ...


@dataclass(frozen=True)
class Labels:
    """Names for the structural weights in a line of metrics.jsonl, in their order.

    Attributes:
        names: the names of the candidates, with the place in the model if it has several places.
        constant: whether a candidate gives the same whatever its angles and inputs are.
    """

    names: tuple[str, ...]
    constant: tuple[bool, ...]

    def leader(self, weights: Tensor) -> str:
        """The name of the largest of the weights (seeds, count), by the median over the seeds.

        A constant never leads. The name is empty if there is no candidate.
        """
        if not self.names:
            return ""
        sizes = weights.abs().median(dim=0).values.tolist()
        eligible = [index for index, constant in enumerate(self.constant) if not constant]
        if not eligible:
            eligible = list(range(len(self.names)))
        return self.names[max(eligible, key=lambda index: sizes[index])]


@dataclass(frozen=True)
class Companion:
    """Ordinary networks that a run trains beside its search, one per seed, to compare with.

    Attributes:
        name: what they are.
        numbers: how many numbers each of them trains.
        remark: how they are trained.
        populate: (seeds, factor on the recipe's rate) -> the networks.
        task: what they learn.
        settings: how to train them.
        rates: factors on the recipe's rate, one of which is chosen on held-out training samples.
            If it is empty, they are trained at the recipe's rate.
    """

    name: str
    numbers: int
    remark: str
    populate: Callable[[Sequence[int], float], Population]
    task: Task
    settings: Settings
    rates: tuple[float, ...] = ()


class ModelKind(ABC, Generic[T, S, P, M]):
    """A kind of model with its choices: the base of frozen dataclasses, which config.json stores.

    What a kind shows to people, such as pictures and files of circuits, is in
    `diffqas.searches.showing`.
    """

    name: ClassVar[str]
    """Word of the command line."""
    writes_weights: ClassVar[bool] = False
    """Whether circuits write the weights of ordinary networks, which then run without circuits."""
    companions_in: ClassVar[str] = "baselines"
    """The entry of result.json that lists what is trained beside the search."""
    target: str | None = None
    """Name of the network that the task makes; None stands for the task's usual one."""

    @classmethod
    @abstractmethod
    def choose(cls, *args: Value, **arguments: Value) -> Self:
        """Make the kind from arguments of `diffqas.search`: those that its signature names.

        Raises:
            ArgumentError: an argument is wrong.
        """

    def check(self, task: str) -> None:
        """Refuse a task whose samples the model cannot read.

        Args:
            task: what its samples are, as in `Task.kind`.

        Raises:
            ArgumentError: the model cannot read such samples.
        """

    @property
    def choices(self) -> AnyKind:
        """The kind whose fields are the choices: this one, unless it wraps another kind."""
        return self

    @property
    @abstractmethod
    def space(self) -> tuple[AnyCandidate, ...]:
        """The candidates, which are the same at every place in the model."""

    def places(self, count: int) -> list[str]:
        """Names for the places in the model that have structural weights of their own.

        Args:
            count: the number of these places.
        """
        if count == 1:
            return [""]
        return [f"layer {number}" for number in range(1, count + 1)]

    @abstractmethod
    def recipes(self, task: T) -> Mapping[str, S]:
        """The settings of each recipe, by its name."""

    def affordable(self, task: T, settings: Settings) -> Settings:
        """The settings with an optimiser that can hold the model's numbers.

        The optimiser changes only if the one of the recipe cannot hold so many numbers.
        """
        return settings

    def unread(self, settings: S) -> Mapping[str, Unread]:
        """The options that have no effect beside the other choices, by their names.

        The name of a family, such as the scales, stands for the options of its members, too. An
        option that is given and has no effect is refused.
        """
        return {}

    @abstractmethod
    def make(self, task: T, settings: S, seeds: Sequence[int]) -> tuple[P, list[M]]:
        """Make fresh models, one per seed, and the population that trains them.

        The start of a model depends on its seed alone, not on the other seeds.
        """

    @abstractmethod
    def training(self, population: P, task: T, settings: S, seeds: list[int]) -> SearchTraining:
        """Make the training of the population."""

    @abstractmethod
    def labels(self, model: M) -> Labels:
        """What the structural weights of a model belong to."""

    @abstractmethod
    def figures(self, models: Sequence[M]) -> Findings:
        """Counts, relaxation and ranking over all seeds, for result.json."""

    @abstractmethod
    def with_candidates(self, candidates: Iterable[AnyCandidate]) -> Self:
        """The same kind with its candidates given again.

        A run folder holds only the names of candidates that are Python classes of a user's own.

        Raises:
            ArgumentError: the candidates have other names than those of the run.
        """

    def network(self, model: M) -> nn.Module:
        """The module that predicts, without what only the training needs."""
        return model

    @abstractmethod
    def export(self, model: M) -> dict[str, Tensor]:
        """The tensors that model.safetensors holds."""

    def references(self, task: T) -> Sequence[Reference]:
        """The figures that the result is compared with."""
        return task.references

    def companions(self, task: T, settings: S, model: M) -> Sequence[Companion]:
        """The ordinary networks to be trained beside the search.

        Raises:
            ArgumentError: there is no such network for this task and so few numbers.
        """
        return []


AnyKind: TypeAlias = ModelKind[Any, Any, Any, Any]
"""A kind of model, whichever it is."""
AnyModel: TypeAlias = Any
"""The model of one seed, whichever its kind; only the kind knows its class."""


OF_WRITTEN_WEIGHTS = ("scale", "start", "bits", "order", "leverage", "calibrated")
"""Options that mean nothing to a model whose circuits write no weights."""


def without_written_weights(model: str) -> dict[str, Unread]:
    """The options of written weights, which have no effect if a model's circuits write none."""
    return dict.fromkeys(OF_WRITTEN_WEIGHTS, Unread("be used with the model qt", f"{model!r}"))


OF_COSTS = ("cost", "cost_weight", "coupling")
"""Options of a search that counts what its candidates cost."""


def without_costs(model: str) -> dict[str, Unread]:
    """The options of the cost, which have no effect if a model has no single mixture."""
    rule = "be used with the model qt or vqc, whose candidates are weighed in one mixture"
    return dict.fromkeys(OF_COSTS, Unread(rule, model))


def unpublished(references: Iterable[Reference]) -> list[Reference]:
    """The references without those of a paper, which are figures of Quantum-Train."""
    return [row for row in references if not row.name.startswith("paper")]


@dataclass(frozen=True)
class SupervisedKind(ModelKind[Task, Settings, Q, M]):
    """A kind of model that learns from samples.

    The search space is the field `candidates` of its dataclasses.
    """

    def with_candidates(self, candidates: Iterable[AnyCandidate]) -> Self:
        """As `ModelKind.with_candidates`."""
        given = tuple(candidates)
        names = [candidate.name for candidate in self.space]
        found = [candidate.name for candidate in given]
        rule = f"be those that the run was started with, {', '.join(names)}"
        require(found == names, "candidates", rule, ", ".join(found))
        return replace(self, candidates=given)

    def unread(self, settings: Settings) -> Mapping[str, Unread]:
        """As `ModelKind.unread`, for the options of the training."""
        return settings.unread()

    def training(
        self, population: Q, task: Task, settings: Settings, seeds: list[int]
    ) -> Training[Q]:
        """Make a training in epochs over the training samples."""
        return Training(population, task, settings, seeds)
