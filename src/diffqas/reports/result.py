"""The figures of a finished run, as result.json holds them, with a type for every entry."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from diffqas.errors import RunError
from diffqas.reports.cost import CostFacts
from diffqas.reports.run_facts import AgentFacts, FederatedFacts
from diffqas.reports.words import duration, spread, text_of
from diffqas.storage import (
    COUNT,
    DURATION,
    FINITE,
    FLAG,
    NUMBER,
    POSITIVE,
    TEXT,
    WHOLE,
    Entries,
    Form,
    JsonView,
    Unfit,
    list_of,
    or_null,
)
from diffqas.tasks import SeriesScale
from diffqas.text import html_table, text_table, visible

FIGURES = ("train_", "test_")
"""How the figures of a supervised run begin."""
AGENT_FIGURES = ("mean_reward", "success_rate", "mean_length", "episodes", "steps")
SELECTED = "selected_epoch"
COUNTED = ("episodes", "steps", SELECTED)
"""Figures that count something."""

MOST_SIGNS = 5
"""Signs of more seeds than these are counted, not listed."""
SCALED = "of the series scaled to -1 .. 1"
OWN_UNITS = "in the squared units of the series"
STUCK = "had learnt nothing after a tenth of the training"
MOST_LEADERS = 3
"""Candidates that the short table of a result names."""

Values = tuple[float | None, ...]
"""One figure per seed, None of a seed that failed."""


@dataclass(frozen=True)
class RankedCandidate:
    """A candidate with its rank and what it contributes.

    Attributes:
        candidate: the name of the candidate.
        weight: its structural weight, the median over the seeds.
        contribution: its contribution to the mixture, the median over the seeds.
        merged: the names of all candidates that are provably equal to it.
        constant: whether it gives the same whatever its angles and inputs are.
        gate: the gate, output, network or layer in which it is ranked; empty if there is only one.
        weights: its structural weight in each seed that did not diverge.
        contributions: its contribution in each of these seeds.
        ranks: its rank in each of these seeds, 1 for the best; equal candidates have the mean of
            their ranks. It is empty in results of versions that sorted by the median contribution.
    """

    candidate: str
    weight: float
    contribution: float
    merged: tuple[str, ...] = ()
    constant: bool = False
    gate: str = ""
    weights: tuple[float, ...] = ()
    contributions: tuple[float, ...] = ()
    ranks: tuple[float, ...] = ()

    @property
    def several(self) -> bool:
        """Whether it was ranked by several seeds."""
        return len(self.ranks) > 1

    def weight_in_words(self, digits: int = 3) -> str:
        """The weight in words; if the seeds disagree in sign, the median size and the signs.

        >>> RankedCandidate("RX", 0.3, 0.1).weight_in_words()
        '+0.300'
        >>> RankedCandidate("RX", 0.1, 0.1, weights=(0.3, -0.1), ranks=(1, 2)).weight_in_words()
        '0.200 (+-)'
        """
        positive = sum(weight > 0 for weight in self.weights)
        if not self.several or positive in (0, len(self.weights)):
            return f"{self.weight:+.{digits}f}"
        # If the signs differ, the median of the weights would be near 0 however large they are.
        size = statistics.median(abs(weight) for weight in self.weights)
        if len(self.weights) > MOST_SIGNS:
            return f"{size:.{digits}f} (+ in {positive} of {len(self.weights)})"
        signs = ["+" if weight > 0 else "-" for weight in self.weights]
        return f"{size:.{digits}f} ({''.join(signs)})"

    def rank_in_words(self) -> str:
        """The mean, the best and the worst rank over the seeds; empty if it has no ranks.

        >>> RankedCandidate("RX", 0.3, 0.1, ranks=(1, 2, 1)).rank_in_words()
        '1.3 (1 .. 2)'
        """
        if not self.ranks:
            return ""
        best, worst = min(self.ranks), max(self.ranks)
        mean = f"{statistics.fmean(self.ranks):.1f}"
        if best == worst:
            return mean
        return f"{mean} ({best:g} .. {worst:g})"


class RankedCandidates(tuple[RankedCandidate, ...]):
    """Candidates gate by gate, best first: a tuple that a notebook shows as a table."""

    def _head(self) -> list[str]:
        head = ["candidate", "contribution", "weight"]
        if any(row.gate for row in self):
            head.insert(0, "place")
        if any(row.several for row in self):
            head.append("rank")
        return head

    def _rows(self) -> list[list[str]]:
        head = self._head()
        rows: list[list[str]] = []
        for row in self:
            cells = {
                "place": row.gate,
                "candidate": row.candidate,
                "contribution": f"{row.contribution:.4f}",
                "weight": row.weight_in_words(4),
                "rank": row.rank_in_words(),
            }
            rows.append([cells[name] for name in head])
        return rows

    def __repr__(self) -> str:
        return text_table(self._head(), self._rows())

    def _repr_html_(self) -> str:
        """The table that a notebook shows."""
        return html_table(self._head(), self._rows())


@dataclass(frozen=True)
class ReferenceFigure:
    """What a model beside the run reached.

    Attributes:
        name: the name of the model.
        value: its figure; with several seeds, the median of `values`.
        remark: what else is to be said of it.
        values: the figures of its own seeds, if it has any.
        numbers: how many numbers were trained; None if it was not trained beside the run.
        seconds: how long its training took; None if it was not trained beside the run.
    """

    name: str
    value: float | None
    remark: str = ""
    values: Values | None = None
    numbers: int | None = None
    seconds: float | None = None

    @property
    def each(self) -> Values:
        """The figures of all seeds, or the only figure."""
        if self.values is None:
            return (self.value,)
        return self.values


@dataclass(frozen=True)
class RunResult:
    """The result of a finished run.

    Attributes:
        task: the name of the data set, environment or task.
        recipe: the name of the recipe.
        report: the parameter counts in one line.
        metric: the name of the main figure.
        relaxation: the name of the relaxation of the structural weights.
        ranking: the candidates gate by gate, best first.
        references: the models beside the run; those that were trained with it come last.
        failures: for each seed that was frozen, by its number, the reason.
        stuck: for each seed that had learnt nothing after a tenth of the training, by its number,
            how that was seen.
        figures: the figures by name, such as `test_mse`, with one entry per seed.
        model: the word of the model, such as `"qt"`; None if an old file does not say it.
        epochs, seconds, seeds, trainable_parameters: None or empty if an old or partial file does
            not say them.
        target_parameters: how many weights the trained numbers write; None if they write none.
        higher: the metrics of which more is better.
        classes: the names of the classes that are told apart.
        agents: what only a run of agents has.
        federated: what only a federated run has.
        scale: for a series, what its numbers stand for; the figures are those of scaled numbers.
        corrects: for a user's own series, the reference whose predictions the network corrects.
        samples: `"table"` for a run on a table.
        cost: what the circuits cost on a device, if the search counted that.
        circuit_seed: with several seeds, the one whose circuit is in the files that name no seed.
    """

    task: str
    recipe: str
    report: str
    metric: str
    relaxation: str
    ranking: RankedCandidates
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
    circuit_seed: int | None = None
    stuck: Mapping[int, str] = field(default_factory=dict)
    scale: SeriesScale | None = None
    corrects: str | None = None
    samples: str | None = None
    cost: CostFacts | None = None

    @classmethod
    def from_json(cls, content: JsonView, source: Path | None = None) -> RunResult:
        """Read the content of result.json, and check every entry.

        Args:
            content: the content, as `RunFolder.load_result` gives it.
            source: the file, for messages.

        Raises:
            RunError: an entry is missing or of the wrong type, or two entries do not fit each
                other; the message names it.
        """
        entries = Entries.of(content, source or "result.json")
        agents = None
        # In files of every version a run of agents is recognised by its rewards.
        if "mean_reward" in content:
            agents = AgentFacts(entries.one("algorithm", TEXT), entries.one("last", POSITIVE))
        federated = entries.perhaps_inner("federated")
        stuck = entries.perhaps_inner("stuck")
        result = cls(
            task=entries.one("task", TEXT),
            recipe=entries.one("recipe", TEXT),
            report=entries.one("report", TEXT),
            metric="reward" if agents else entries.one("metric", TEXT),
            relaxation=entries.one("relaxation", TEXT),
            ranking=RankedCandidates(_ranked(row) for row in entries.rows("ranking")),
            references=_references(entries),
            failures=entries.inner("failures").by_seed(TEXT),
            figures=_figures(entries),
            model=entries.perhaps("model", TEXT),
            seeds=entries.many("seeds", WHOLE),
            epochs=entries.perhaps("epochs", COUNT),
            seconds=entries.perhaps("seconds", DURATION),
            trainable_parameters=entries.perhaps("trainable_parameters", POSITIVE),
            target_parameters=entries.perhaps("target_parameters", POSITIVE),
            higher=entries.many("higher", TEXT),
            classes=entries.many("classes", TEXT),
            agents=agents,
            federated=None if federated is None else _federated(federated),
            circuit_seed=entries.perhaps("circuit_seed", WHOLE),
            stuck={} if stuck is None else stuck.by_seed(TEXT),
            scale=SeriesScale.within(entries),
            corrects=entries.perhaps("corrects", TEXT),
            samples=entries.perhaps("samples", TEXT),
            cost=CostFacts.within(entries),
        )
        _require_figures(result, entries)
        return result

    @property
    def units(self) -> str:
        """The units of the figures, if they are not clear from the names."""
        if self.scale is not None and self.scale.scaled:
            return SCALED
        if self.corrects is not None:
            return OWN_UNITS
        return ""

    def facts(self) -> list[tuple[str, str]]:
        """The main facts of the run as names and texts, for a small table."""
        text = text_of(self.metric)
        if self.agents is not None:
            rows = [("mean reward", spread(self.main))]
        else:
            rows = [(f"test {self.metric}", spread(self.main, text))]
            train = self.figures.get(f"train_{self.metric}", ())
            rows.append((f"train {self.metric}", spread(train, text)))
        rows.append(("numbers", self.report))
        if self.ranking:
            rows.append(("leading", ", ".join(self._leading())))
        if self.cost is not None:
            expected = f"{spread(self.cost.expected)} {self.cost.unit}"
            rows.append(("expected cost", expected))
        rows += [(f"seed {seed}", f"frozen: {why}") for seed, why in self.failures.items()]
        rows += [(f"seed {seed}", f"{STUCK}: {why}") for seed, why in self.stuck.items()]
        return rows

    def _leading(self) -> list[str]:
        """The best live candidates; if the model has several places, the best one of each."""
        live = [row for row in self.ranking if not row.constant]
        first: dict[str, RankedCandidate] = {}
        for row in live:
            first.setdefault(row.gate, row)
        if len(first) > 1:
            return [f"{gate} {row.candidate}" for gate, row in first.items()]
        return [row.candidate for row in live[:MOST_LEADERS]]

    def cost_in_words(self) -> str | None:
        """A line on the expected cost and that of the leading candidate.

        It is None if the search counted no cost.
        """
        if self.cost is None:
            return None
        live = [row for row in self.ranking if not row.constant]
        several = len({row.gate for row in live}) > 1
        leader = live[0].candidate if live and not several else None
        return self.cost.in_words(leader)

    @property
    def heading(self) -> str:
        """The heading of the run: task, model and seeds."""
        parts = [self.task]
        if self.model is not None:
            parts.append(self.model)
        if len(self.seeds) == 1:
            parts.append(f"seed {self.seeds[0]}")
        elif self.seeds:
            parts.append(f"{len(self.seeds)} seeds")
        return ", ".join(parts)

    def __repr__(self) -> str:
        return f"{visible(self.heading)}\n{text_table((), self.facts())}"

    def _repr_html_(self) -> str:
        """The table that a notebook shows."""
        return html_table((), self.facts(), self.heading)

    @property
    def main(self) -> Values:
        """The main figure of all seeds: on the test part, or for agents the mean reward."""
        return self.figure("mean_reward") if self.agents is not None else self.test()

    def remark_on(self, row: ReferenceFigure) -> str:
        """The remark on a model beside the run, with the times of both if they are known."""
        if row.seconds is None:
            return row.remark
        taken = duration(row.seconds)
        if self.seconds is not None:
            taken += f" (the search {duration(self.seconds)})"
        return f"{row.remark}, {taken}"

    def test(self, metric: str | None = None) -> Values:
        """The test figures of a metric; without a name, those of the main metric.

        Raises:
            RunError: the run has no such figure.
        """
        return self.figure(f"test_{metric or self.metric}")

    def figure(self, name: str) -> Values:
        """The values of one figure, by its name, for all seeds.

        Raises:
            RunError: the run has no such figure.
        """
        if name not in self.figures:
            raise RunError(f"The result of a run on {self.task} lacks the figure `{name}`.")
        return self.figures[name]


def _ranked(row: Entries) -> RankedCandidate:
    return RankedCandidate(
        candidate=row.one("candidate", TEXT),
        weight=row.one("weight", FINITE),
        contribution=row.one("contribution", FINITE),
        merged=row.many("merged", TEXT),
        constant=row.one("constant", FLAG),
        gate=row.perhaps("gate", TEXT) or "",
        weights=row.many("weights", NUMBER),
        contributions=row.many("contributions", NUMBER),
        ranks=row.many("ranks", FINITE),
    )


def _references(entries: Entries) -> tuple[ReferenceFigure, ...]:
    """The models beside the run: known figures first, then what was trained beside it."""
    rows = list(entries.rows("references"))
    if "baselines" in entries.content:
        rows += entries.rows("baselines")
    return tuple(_reference(row) for row in rows)


def _reference(row: Entries) -> ReferenceFigure:
    values = row.perhaps("values", VALUES)
    return ReferenceFigure(
        name=row.one("name", TEXT),
        value=row.perhaps("value", FIGURE),
        remark=row.one("remark", TEXT),
        values=values,
        numbers=row.perhaps("numbers", COUNT),
        seconds=row.perhaps("seconds", DURATION),
    )


def _federated(entries: Entries) -> FederatedFacts:
    samples = entries.many("samples", COUNT)
    clients = entries.one("clients", POSITIVE)
    if len(samples) != clients:
        raise entries.fault(f"`federated.samples` lists {len(samples)} of {clients} clients")
    return FederatedFacts(
        clients=clients,
        split=entries.one("split", TEXT),
        samples=samples,
        rounds=entries.one("rounds", POSITIVE),
        local_epochs=entries.one("local_epochs", POSITIVE),
        bytes_per_number=entries.one("bytes_per_number", POSITIVE),
        bytes_per_round=entries.one("bytes_per_round", POSITIVE),
    )


def _known(value: object) -> float | None:
    """Read a finite figure; null and NaN become None.

    For a seed that failed null is written; older versions wrote NaN, which Python reads as JSON.
    """
    figure = or_null(NUMBER).read(value)
    return figure if figure is not None and math.isfinite(figure) else None


def _counted(value: object) -> float | None:
    """Read a count; those of agents are written as 16.0."""
    figure = _known(value)
    if figure is not None and (figure < 0 or figure != int(figure)):
        raise Unfit("a whole number of at least 0", value)
    return figure


FIGURE = Form(_known)
VALUES = list_of(FIGURE)
COUNTS = list_of(Form(_counted))


def _figures(entries: Entries) -> dict[str, Values]:
    """Read every list of figures, in the order of the file."""
    found: dict[str, Values] = {}
    for name in entries.content:
        if name in COUNTED:
            found[name] = entries.one(name, COUNTS)
        elif name.startswith(FIGURES) or name in AGENT_FIGURES:
            found[name] = entries.one(name, VALUES)
    return found


def _require_figures(result: RunResult, entries: Entries) -> None:
    """Refuse a file that lacks a main figure, or one of its seeds."""
    needed = AGENT_FIGURES
    if result.agents is None:
        needed = (f"train_{result.metric}", f"test_{result.metric}")
    for name in needed:
        if name not in result.figures:
            raise entries.fault(f"it lacks `{name}`")
    # Old files do not list their seeds. Then all lists must be as long as that of the main figure.
    count = len(result.seeds) or len(result.main)
    for name, values in result.figures.items():
        if len(values) != count or not values:
            raise entries.fault(f"`{name}` should list {count} figures, but lists {len(values)}")
    if all(epoch is None for epoch in result.figures.get(SELECTED, ())):
        result.figures.pop(SELECTED, None)
