"""One finished cell of a study: what a row gave on one data set, checked when it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from diffqas.errors import RunError
from diffqas.storage import Json, JsonView

Figures = list[float | None]
"""One figure per seed, None where the seed failed; one figure in all of a row without seeds."""


@dataclass(frozen=True)
class FoundStructure:
    """What each seed of a search found.

    Attributes:
        candidates: names of all candidates.
        weights: their weights, by seed.
        leading: place of the leading live candidate, by seed.
    """

    candidates: list[str]
    weights: list[list[float]]
    leading: list[int]


@dataclass(frozen=True)
class SmoothedRewards:
    """Moving mean and deviation of one seed's rewards, at some episodes."""

    episode: list[int]
    mean: list[float]
    deviation: list[float]


@dataclass(frozen=True)
class AgentFigures:
    """How the agents of a row did, by seed.

    Attributes:
        passed: episodes until they solved the environment; None: they did not.
        last: episodes at the end that the next three figures are of.
        mean_reward: mean reward of the last episodes.
        success_rate: share of the last episodes that reached the goal.
        mean_length: mean number of steps of the last episodes.
        episodes: finished episodes.
        steps: steps in the environment.
        rewards: what the curves are drawn from.
    """

    passed: list[int | None]
    last: int
    mean_reward: Figures
    success_rate: Figures
    mean_length: Figures
    episodes: list[int]
    steps: list[int]
    rewards: list[SmoothedRewards]


@dataclass(frozen=True)
class FederatedFigures:
    """What the clients of a row had and sent; all bytes are those of one seed's numbers.

    Attributes:
        clients: how many.
        split: who had which samples, as in `diffqas.training.Federated`.
        samples: of each client.
        rounds: how often the numbers were averaged.
        local_epochs: passes of every client over its samples in a round.
        bytes_per_number: of one trained number.
        bytes_per_round: to and from all clients.
        bytes: the same in all rounds.
    """

    clients: int
    split: str
    samples: list[int]
    rounds: int
    local_epochs: int
    bytes_per_number: int
    bytes_per_round: int
    bytes: int


@dataclass(frozen=True)
class Cell:
    """A row of a study on one data set.

    Attributes:
        study: name of the study.
        row: name of the row.
        dataset: name of the data set.
        group: "search", "candidate", "control" or "reference".
        circuit: name of the one candidate that was trained, if it was one.
        trainable: trainable numbers of one seed's model.
        target: parameters of the target network, if there is one.
        deterministic: whether the row has no seeds.
        identical: name of the class of provably equal rows, if any.
        seeds: one model each.
        figures: by name (`test_mse`, `train_mse`), the compared one first.
        seconds: how long it took; None: not known.
        failures: why seeds failed.
        paper: the published figure, if there is one.
        agents: of a row of agents, how they did.
        structure: of a ranked search, what each seed found.
        structural_weights: of a row that keeps them, the weights at the end, by seed.
        layers: of a search of every layer, the candidate of each layer, by seed.
        curves: of images, each figure after every epoch, by seed.
        federated: of a row with clients, what they had and sent.
    """

    study: str
    row: str
    dataset: str
    group: str
    circuit: str | None
    trainable: int
    target: int | None
    deterministic: bool
    identical: str | None
    seeds: list[int]
    figures: Mapping[str, Figures]
    seconds: float | None
    failures: Mapping[int, str]
    paper: float | None = None
    agents: AgentFigures | None = None
    structure: FoundStructure | None = None
    structural_weights: list[list[float]] | None = None
    layers: list[list[str]] | None = None
    curves: Mapping[str, list[Figures]] | None = None
    federated: FederatedFigures | None = None

    @property
    def finished(self) -> list[int]:
        """Places of the seeds that did not fail."""
        return [place for place, seed in enumerate(self.seeds) if seed not in self.failures]

    def to_json(self) -> Json:
        """The JSON object that a study stores; parts that the row does not have are left out."""
        content: Json = {
            "study": self.study,
            "row": self.row,
            "dataset": self.dataset,
            "group": self.group,
            "circuit": self.circuit,
            "trainable": self.trainable,
            "target": self.target,
            "deterministic": self.deterministic,
            "identical": self.identical,
            "seeds": self.seeds,
            **self.figures,
        }
        if self.agents is not None:
            content.update(asdict(self.agents))
        content["seconds"] = self.seconds
        content["failures"] = {str(seed): reason for seed, reason in self.failures.items()}
        content["paper"] = self.paper
        if self.structure is not None:
            content["structure"] = asdict(self.structure)
        if self.structural_weights is not None:
            content["structural_weights"] = self.structural_weights
        if self.layers is not None:
            content["layers"] = self.layers
        if self.curves is not None:
            content["curves"] = dict(self.curves)
        if self.federated is not None:
            content["federated"] = asdict(self.federated)
        return content

    @classmethod
    def from_json(cls, content: JsonView, file: str | Path) -> Cell:
        """A stored cell.

        Args:
            content: the JSON object.
            file: where it stands, for the message.

        Raises:
            RunError: a field is missing, or is not what it should be.
        """
        entries = _Entries(content, file)
        return cls(
            study=entries.take("study", TEXT),
            row=entries.take("row", TEXT),
            dataset=entries.take("dataset", TEXT),
            group=entries.take("group", TEXT),
            circuit=entries.find("circuit", TEXT),
            trainable=entries.take("trainable", WHOLE),
            target=entries.find("target", WHOLE),
            deterministic=entries.take("deterministic", FLAG),
            identical=entries.find("identical", TEXT),
            seeds=entries.take("seeds", _list_of(WHOLE)),
            figures=entries.take_figures(),
            seconds=entries.find("seconds", NUMBER),
            failures=entries.take_failures(),
            paper=entries.find("paper", NUMBER),
            agents=_agents(entries),
            structure=_structure(entries),
            structural_weights=entries.find("structural_weights", _list_of(NUMBERS)),
            layers=entries.find("layers", _list_of(_list_of(TEXT))),
            curves=_curves(entries),
            federated=_federated(entries),
        )


@dataclass(frozen=True)
class _Kind:
    """What a field should be: in words, and as a test."""

    words: str
    accepts: Callable[[Any], bool]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    # JSON writes 1.0 and 1 for the same number; true is none.
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _list_of(kind: _Kind) -> _Kind:
    def accepts(value: Any) -> bool:
        return isinstance(value, list) and all(kind.accepts(entry) for entry in value)

    return _Kind(f"a list, each entry {kind.words}", accepts)


def _or_null(kind: _Kind) -> _Kind:
    def accepts(value: Any) -> bool:
        return value is None or kind.accepts(value)

    return _Kind(f"{kind.words} or null", accepts)


TEXT = _Kind("a text", lambda value: isinstance(value, str))
FLAG = _Kind("true or false", lambda value: isinstance(value, bool))
WHOLE = _Kind("a whole number", _is_whole)
NUMBER = _Kind("a number", _is_number)
OBJECT = _Kind("an object", lambda value: isinstance(value, dict))
NUMBERS = _list_of(NUMBER)
FIGURES = _list_of(_or_null(NUMBER))
EPOCHS = _list_of(FIGURES)


@dataclass(frozen=True)
class _Entries:
    """The fields of a JSON object, each checked as it is taken."""

    content: JsonView
    file: str | Path
    inside: str = ""

    def take(self, name: str, kind: _Kind) -> Any:
        """A field that every cell has."""
        if name not in self.content:
            raise self._fault(name, kind, "it is missing")
        value = self.content[name]
        if not kind.accepts(value):
            raise self._fault(name, kind, "it is not")
        return value

    def find(self, name: str, kind: _Kind) -> Any:
        """A field that not every cell has; None if it is null or absent."""
        if self.content.get(name) is None:
            return None
        return self.take(name, _or_null(kind))

    def part(self, name: str) -> _Entries:
        """The fields of an object in a field."""
        return _Entries(self.take(name, OBJECT), self.file, f"{self.inside}{name}.")

    def parts(self, name: str) -> list[_Entries]:
        """The fields of every object in a list."""
        objects = self.take(name, _list_of(OBJECT))
        return [
            _Entries(entry, self.file, f"{self.inside}{name}[{place}].")
            for place, entry in enumerate(objects)
        ]

    def take_figures(self) -> dict[str, Figures]:
        """The figures of the test and of the training part, by name."""
        names = [name for name in self.content if name.startswith(("test_", "train_"))]
        return {name: self.take(name, FIGURES) for name in names}

    def take_failures(self) -> dict[int, str]:
        """Reasons by seed. JSON has texts for keys, so that the seeds stand as texts."""
        kind = _Kind("an object of texts by seed", _is_failures)
        failures = self.find("failures", kind)
        return {int(seed): reason for seed, reason in (failures or {}).items()}

    def _fault(self, name: str, kind: _Kind, fault: str) -> RunError:
        field = f"{self.inside}{name}"
        return RunError(f"Cannot read {self.file}: {field} must be {kind.words}, but {fault}.")


def _is_failures(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return all(_is_seed(seed) and TEXT.accepts(reason) for seed, reason in value.items())


def _is_seed(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdigit()


def _agents(entries: _Entries) -> AgentFigures | None:
    # Every row of agents has curves, and no other row.
    if "rewards" not in entries.content:
        return None
    return AgentFigures(
        passed=entries.take("passed", _list_of(_or_null(WHOLE))),
        last=entries.take("last", WHOLE),
        mean_reward=entries.take("mean_reward", FIGURES),
        success_rate=entries.take("success_rate", FIGURES),
        mean_length=entries.take("mean_length", FIGURES),
        episodes=entries.take("episodes", _list_of(WHOLE)),
        steps=entries.take("steps", _list_of(WHOLE)),
        rewards=[_smoothed(part) for part in entries.parts("rewards")],
    )


def _smoothed(entries: _Entries) -> SmoothedRewards:
    return SmoothedRewards(
        episode=entries.take("episode", _list_of(WHOLE)),
        mean=entries.take("mean", NUMBERS),
        deviation=entries.take("deviation", NUMBERS),
    )


def _structure(entries: _Entries) -> FoundStructure | None:
    if "structure" not in entries.content:
        return None
    part = entries.part("structure")
    return FoundStructure(
        candidates=part.take("candidates", _list_of(TEXT)),
        weights=part.take("weights", _list_of(NUMBERS)),
        leading=part.take("leading", _list_of(WHOLE)),
    )


def _curves(entries: _Entries) -> dict[str, list[Figures]] | None:
    if "curves" not in entries.content:
        return None
    part = entries.part("curves")
    return {name: part.take(name, EPOCHS) for name in part.content}


def _federated(entries: _Entries) -> FederatedFigures | None:
    if "federated" not in entries.content:
        return None
    part = entries.part("federated")
    return FederatedFigures(
        clients=part.take("clients", WHOLE),
        split=part.take("split", TEXT),
        samples=part.take("samples", _list_of(WHOLE)),
        rounds=part.take("rounds", WHOLE),
        local_epochs=part.take("local_epochs", WHOLE),
        bytes_per_number=part.take("bytes_per_number", WHOLE),
        bytes_per_round=part.take("bytes_per_round", WHOLE),
        bytes=part.take("bytes", WHOLE),
    )
