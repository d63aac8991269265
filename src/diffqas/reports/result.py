"""The figures of a finished run, as result.json holds them, with a type for every entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from diffqas.errors import RunError
from diffqas.storage import JsonView

Kind = TypeVar("Kind", bool, str, int, float)

FIGURES = ("train_", "test_")
"""How the figures of a supervised run begin; `selected_epoch` is one, too."""
AGENT_FIGURES = ("mean_reward", "success_rate", "mean_length", "episodes", "steps")
PLAIN = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}

Values = tuple[float | None, ...]
"""One figure per seed, None of a seed that failed."""


@dataclass(frozen=True)
class RankedCandidate:
    """A candidate and what it contributes.

    Attributes:
        candidate: its name.
        weight: its structural weight, median over the seeds.
        contribution: the size by which candidates are sorted.
        merged: names of all candidates that are provably equal to it.
        constant: whether it does not depend on its angles.
        gate: the gate, network or layer that it is ranked in; empty where there is only one.
    """

    candidate: str
    weight: float
    contribution: float
    merged: tuple[str, ...] = ()
    constant: bool = False
    gate: str = ""


@dataclass(frozen=True)
class ReferenceFigure:
    """What a model beside the run reached: one figure, or those of its own seeds in `values`."""

    name: str
    value: float | None
    remark: str = ""
    values: Values | None = None

    @property
    def each(self) -> Values:
        """The figures of all seeds, or the only one."""
        if self.values is None:
            return (self.value,)
        return self.values


@dataclass(frozen=True)
class AgentFacts:
    """What only a run of agents has: its algorithm, and how many last episodes the means are of."""

    algorithm: str
    last: int


@dataclass(frozen=True)
class FederatedFacts:
    """What only a federated run has: who had what, and what travelled.

    `bytes_per_round` counts one seed's numbers, to all clients and back.
    """

    clients: int
    split: str
    samples: tuple[int, ...]
    rounds: int
    local_epochs: int
    bytes_per_number: int
    bytes_per_round: int


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    Attributes:
        task: name of the data set, environment or task.
        recipe: name of the recipe.
        report: the parameter counts in one line.
        metric: name of the main figure.
        relaxation: of the structural weights.
        ranking: the candidates, best first, gate by gate.
        references: models beside the run.
        failures: reason by number of each seed that was frozen.
        figures: one entry per seed, by name, such as `test_mse`.
        epochs, seconds, seeds, trainable_parameters: None or empty where an old or partial file
            does not say.
        target_parameters: weights that the trained numbers write; None where they write none.
        higher: metrics of which more is better.
        classes: names of the classes that are told apart.
        agents: of a run of agents.
        federated: of a federated run.
    """

    task: str
    recipe: str
    report: str
    metric: str
    relaxation: str
    ranking: tuple[RankedCandidate, ...]
    references: tuple[ReferenceFigure, ...]
    failures: dict[int, str]
    figures: dict[str, Values]
    model: str | None = None
    seeds: tuple[int, ...] = ()
    epochs: int | None = None
    seconds: float | None = None
    trainable_parameters: int | None = None
    target_parameters: int | None = None
    higher: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    agents: AgentFacts | None = None
    federated: FederatedFacts | None = None

    @classmethod
    def from_json(cls, content: JsonView, source: Path | None = None) -> RunResult:
        """Read the content of result.json; every entry is checked here, once.

        Args:
            content: as `RunFolder.load_result` gives it.
            source: the file, for messages.

        Raises:
            RunError: an entry is missing or of the wrong type; the message names it.
        """
        entries = _Entries(content, str(source or "result.json"))
        agents = None
        # A run of agents is known by its rewards, in files of every version.
        if "mean_reward" in content:
            agents = AgentFacts(entries.one("algorithm", str), entries.one("last", int))
        federated = None
        if "federated" in content:
            federated = _federated(entries.inner("federated"))
        return cls(
            task=entries.one("task", str),
            recipe=entries.one("recipe", str),
            report=entries.one("report", str),
            metric="reward" if agents else entries.one("metric", str),
            relaxation=entries.one("relaxation", str),
            ranking=tuple(_ranked(row) for row in entries.rows("ranking")),
            references=tuple(_reference(row) for row in entries.rows("references")),
            failures=entries.failures(),
            figures=entries.figures(),
            model=entries.perhaps("model", str),
            seeds=entries.many("seeds", int),
            epochs=entries.perhaps("epochs", int),
            seconds=entries.perhaps("seconds", float),
            trainable_parameters=entries.perhaps("trainable_parameters", int),
            target_parameters=entries.perhaps("target_parameters", int),
            higher=entries.many("higher", str),
            classes=entries.many("classes", str),
            agents=agents,
            federated=federated,
        )

    def test(self, metric: str | None = None) -> Values:
        """Test figures of a metric, the main one if none is named.

        Raises:
            RunError: the run has no such figure.
        """
        return self.figure(f"test_{metric or self.metric}")

    def figure(self, name: str) -> Values:
        """One figure of all seeds.

        Raises:
            RunError: the run has no such figure.
        """
        if name not in self.figures:
            raise RunError(f"The result of a run on {self.task} lacks the figure `{name}`.")
        return self.figures[name]


def _ranked(row: _Entries) -> RankedCandidate:
    return RankedCandidate(
        candidate=row.one("candidate", str),
        weight=row.one("weight", float),
        contribution=row.one("contribution", float),
        merged=row.many("merged", str),
        constant=row.one("constant", bool),
        gate=row.perhaps("gate", str) or "",
    )


def _reference(row: _Entries) -> ReferenceFigure:
    return ReferenceFigure(
        name=row.one("name", str),
        value=row.perhaps("value", float),
        remark=row.one("remark", str),
        values=row.values("values") if "values" in row.content else None,
    )


def _federated(entries: _Entries) -> FederatedFacts:
    return FederatedFacts(
        clients=entries.one("clients", int),
        split=entries.one("split", str),
        samples=entries.many("samples", int),
        rounds=entries.one("rounds", int),
        local_epochs=entries.one("local_epochs", int),
        bytes_per_number=entries.one("bytes_per_number", int),
        bytes_per_round=entries.one("bytes_per_round", int),
    )


@dataclass(frozen=True)
class _Entries:
    """An object of JSON, with messages that name the file and the place in it."""

    content: JsonView
    source: str
    place: str = ""

    def one(self, name: str, kind: type[Kind]) -> Kind:
        """An entry that must be there."""
        if name not in self.content:
            raise RunError(f"Cannot use {self.source}: it lacks `{self.place}{name}`.")
        return self._checked(name, self.content[name], kind)

    def perhaps(self, name: str, kind: type[Kind]) -> Kind | None:
        """An entry that may be null or missing."""
        value = self.content.get(name)
        if value is None:
            return None
        return self._checked(name, value, kind)

    def many(self, name: str, kind: type[Kind]) -> tuple[Kind, ...]:
        """A list; empty if it is missing."""
        listed = self._list(name, self.content.get(name, []))
        return tuple(self._checked(name, value, kind) for value in listed)

    def values(self, name: str) -> Values:
        """A figure of all seeds."""
        figures: list[float | None] = []
        for value in self._list(name, self.content.get(name)):
            # null stands for a seed that failed
            figures.append(None if value is None else self._checked(name, value, float))
        return tuple(figures)

    def rows(self, name: str) -> list[_Entries]:
        """A list of objects."""
        listed = self._list(name, self.content.get(name))
        return [self._object(f"{name}.{index}", row) for index, row in enumerate(listed)]

    def inner(self, name: str) -> _Entries:
        """An object."""
        return self._object(name, self.content.get(name))

    def failures(self) -> dict[int, str]:
        """Reasons by seed."""
        told = self.inner("failures")
        for seed in told.content:
            if not seed.lstrip("-").isdecimal():
                raise self._wrong(f"failures.{seed}", "named by a seed", seed)
        return {int(seed): told.one(seed, str) for seed in told.content}

    def figures(self) -> dict[str, Values]:
        """Every list of figures, in the order of the file."""
        others = (*AGENT_FIGURES, "selected_epoch")
        found: dict[str, Values] = {}
        for name in self.content:
            if name.startswith(FIGURES) or name in others:
                found[name] = self.values(name)
        return found

    def _object(self, name: str, value: Any) -> _Entries:
        if not isinstance(value, Mapping):
            raise self._wrong(name, "an object", value)
        return _Entries(value, self.source, f"{self.place}{name}.")

    def _list(self, name: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self._wrong(name, "a list", value)
        return value

    def _checked(self, name: str, value: Any, kind: type[Kind]) -> Kind:
        # JSON knows one kind of number: 1 is a float, too. True is none, though Python says so.
        allowed = (int, float) if kind is float else kind
        if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
            raise self._wrong(name, PLAIN[kind], value)
        return cast("Kind", value)

    def _wrong(self, name: str, rule: str, value: Any) -> RunError:
        said = repr(value)[:60]
        return RunError(
            f"Cannot use {self.source}: `{self.place}{name}` should be {rule}, but is {said}."
        )
