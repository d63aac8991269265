"""One finished cell of a study: what a row gave on one data set, checked when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from diffqas.storage import (
    COUNT,
    DURATION,
    FINITE,
    FLAG,
    NUMBER,
    TEXT,
    WHOLE,
    Entries,
    Form,
    Json,
    JsonView,
    Unfit,
    list_of,
    or_null,
)

T = TypeVar("T")

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
    """Moving mean and deviation of one seed's rewards, at some episodes.

    Attributes:
        episode: how many episodes had ended.
        mean: of the last ones.
        deviation: likewise.
        step: how many steps these episodes had; None where episodes end a seed, not steps.
    """

    episode: list[int]
    mean: list[float]
    deviation: list[float]
    step: list[int] | None = None

    def to_json(self) -> Json:
        """The JSON object that a cell stores."""
        content: Json = {
            "episode": self.episode,
            "mean": self.mean,
            "deviation": self.deviation,
        }
        if self.step is not None:
            content["step"] = self.step
        return content


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
class AdapterFigures:
    """What the adapters of a row cost.

    Attributes:
        bytes: of one seed's adapter as a file, without the network that is adapted.
        seconds_per_step: processor seconds of one seed's step.
    """

    bytes: int
    seconds_per_step: float


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
        adapter: of a row of adapters, what they cost.
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
    adapter: AdapterFigures | None = None

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
            content["rewards"] = [seed.to_json() for seed in self.agents.rewards]
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
        if self.adapter is not None:
            content["adapter"] = asdict(self.adapter)
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
        entries = Entries.of(content, file)
        seeds = entries.one("seeds", SEEDS)
        per_seed = _PerSeed(len(seeds))
        return cls(
            study=entries.one("study", TEXT),
            row=entries.one("row", TEXT),
            dataset=entries.one("dataset", TEXT),
            group=entries.one("group", TEXT),
            circuit=entries.perhaps("circuit", TEXT),
            trainable=entries.one("trainable", COUNT),
            target=entries.perhaps("target", COUNT),
            deterministic=entries.one("deterministic", FLAG),
            identical=entries.perhaps("identical", TEXT),
            seeds=seeds,
            figures=_figures(entries),
            seconds=entries.perhaps("seconds", DURATION),
            failures=_failures(entries),
            paper=entries.perhaps("paper", FINITE),
            agents=_agents(entries, per_seed),
            structure=_structure(entries, per_seed),
            structural_weights=entries.perhaps("structural_weights", per_seed.of(NUMBERS)),
            layers=entries.perhaps("layers", per_seed.of(_list(TEXT))),
            curves=_curves(entries, per_seed),
            federated=_federated(entries),
            adapter=_adapter(entries),
        )


def _list(form: Form[T]) -> Form[list[T]]:
    return Form(lambda value: list(list_of(form).read(value)))


def _seeds(value: object) -> list[int]:
    seeds = _list(WHOLE).read(value)
    if len(set(seeds)) < len(seeds):
        raise Unfit("a list with each seed once", value)
    return seeds


NUMBERS = _list(FINITE)
FIGURES = _list(or_null(NUMBER))
SEEDS = Form(_seeds)


@dataclass(frozen=True)
class _PerSeed:
    """Lists with one entry for each of so many seeds."""

    seeds: int

    def of(self, form: Form[T]) -> Form[list[T]]:
        """Such a list."""

        def read(value: object) -> list[T]:
            entries = _list(form).read(value)
            if len(entries) != self.seeds:
                raise Unfit(f"a list of {self.seeds} entries, one per seed", value)
            return entries

        return Form(read)

    def perhaps(self, form: Form[T]) -> Form[list[T]]:
        """Such a list, or an empty one: the lines of version 0.1.0 did not say everything."""
        return Form(lambda value: [] if value == [] else self.of(form).read(value))


def _figures(entries: Entries) -> dict[str, Figures]:
    """The figures of the test and of the training part, by name.

    How many there must be depends on the metric that is compared, which a cell does not know.
    """
    names = [name for name in entries.content if name.startswith(("test_", "train_"))]
    return {name: entries.one(name, FIGURES) for name in names}


def _failures(entries: Entries) -> dict[int, str]:
    part = entries.perhaps_inner("failures")
    return {} if part is None else part.by_seed(TEXT)


def _agents(entries: Entries, per_seed: _PerSeed) -> AgentFigures | None:
    # Every row of agents has curves, and no other row.
    if "rewards" not in entries.content:
        return None
    rewards = [_smoothed(part) for part in entries.rows("rewards")]
    if len(rewards) not in (0, per_seed.seeds):
        rule = f"a list of {per_seed.seeds} entries, one per seed"
        raise entries.wrong("rewards", Unfit(rule, len(rewards)))
    return AgentFigures(
        passed=entries.one("passed", per_seed.of(or_null(COUNT))),
        last=entries.one("last", COUNT),
        mean_reward=entries.one("mean_reward", per_seed.of(or_null(FINITE))),
        success_rate=entries.one("success_rate", per_seed.of(or_null(FINITE))),
        mean_length=entries.one("mean_length", per_seed.of(or_null(FINITE))),
        episodes=entries.one("episodes", per_seed.perhaps(COUNT)),
        steps=entries.one("steps", per_seed.perhaps(COUNT)),
        rewards=rewards,
    )


def _smoothed(entries: Entries) -> SmoothedRewards:
    episodes = entries.one("episode", _list(COUNT))
    points = _PerSeed(len(episodes))
    return SmoothedRewards(
        episode=episodes,
        mean=entries.one("mean", points.of(FINITE)),
        deviation=entries.one("deviation", points.of(FINITE)),
        step=entries.perhaps("step", points.of(COUNT)),
    )


def _structure(entries: Entries, per_seed: _PerSeed) -> FoundStructure | None:
    part = entries.perhaps_inner("structure")
    if part is None:
        return None
    candidates = part.one("candidates", _list(TEXT))
    leading = part.one("leading", per_seed.of(COUNT))
    if leading and max(leading) >= len(candidates):
        raise part.wrong("leading", Unfit("places of candidates", leading))
    return FoundStructure(
        candidates=candidates,
        weights=part.one("weights", per_seed.of(_PerSeed(len(candidates)).of(FINITE))),
        leading=leading,
    )


def _curves(entries: Entries, per_seed: _PerSeed) -> dict[str, list[Figures]] | None:
    part = entries.perhaps_inner("curves")
    if part is None:
        return None
    return part.every(_list(per_seed.of(or_null(FINITE))))


def _federated(entries: Entries) -> FederatedFigures | None:
    part = entries.perhaps_inner("federated")
    if part is None:
        return None
    return FederatedFigures(
        clients=part.one("clients", COUNT),
        split=part.one("split", TEXT),
        samples=part.one("samples", _list(COUNT)),
        rounds=part.one("rounds", COUNT),
        local_epochs=part.one("local_epochs", COUNT),
        bytes_per_number=part.one("bytes_per_number", COUNT),
        bytes_per_round=part.one("bytes_per_round", COUNT),
        bytes=part.one("bytes", COUNT),
    )


def _adapter(entries: Entries) -> AdapterFigures | None:
    part = entries.perhaps_inner("adapter")
    if part is None:
        return None
    return AdapterFigures(
        bytes=part.one("bytes", COUNT),
        seconds_per_step=part.one("seconds_per_step", DURATION),
    )
