"""A searcher on a task of one's own: circuits trained one by one, the pick trained as a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from diffqas.architecture import as_layer
from diffqas.circuits import AnyCandidate, Candidate
from diffqas.errors import choose, require
from diffqas.kinds import AnyKind, FixedLayersKind, QuantumTrainKind, VQCKind
from diffqas.reports import Terminal, duration, number
from diffqas.searches import TRIAL_COLUMNS, TRIALS, Prepared, Run, losses
from diffqas.storage import csv_content, write_atomically
from diffqas.strategies.all_at_once import SIDE_BY_SIDE, side_by_side
from diffqas.strategies.judging import HELD_OUT, TRAINING, task_of_choice
from diffqas.strategies.layers_space import LayersSpace
from diffqas.strategies.ledger import Ledger, Line, Outcome, Trial
from diffqas.strategies.listed_space import ListedSpace
from diffqas.strategies.registry import SEARCHERS
from diffqas.strategies.searcher import Ground, run_searcher
from diffqas.strategies.spaces import ArchitectureSpace
from diffqas.tasks import Settings, Task

STRATEGIES = (*SEARCHERS, SIDE_BY_SIDE)
"""Words of the command line beside `diffqas`, the differentiable search."""
BUDGET = 20
"""Trainings of a searcher if nothing else is said."""
SHARES = (27, 9, 3, 1)
"""Parts of the epochs that successive halving trains for."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """What a searcher found.

    Attributes:
        candidates: the pick, one candidate; where every layer has its own, those of the layers from
            first to last.
        ledger: what was trained on the way, and what it cost.
        run: the pick, trained on all training samples.
    """

    candidates: tuple[AnyCandidate, ...]
    ledger: Ledger
    run: Run

    @property
    def candidate(self) -> AnyCandidate:
        """The pick, or the first of its layers."""
        return self.candidates[0]


@dataclass(frozen=True, eq=False)
class _Ways:
    """What there is to choose from.

    Attributes:
        space: the architectures.
        kind: the model of an architecture.
        circuit: its candidates, as of `Chosen`.
        starts: architectures that are trained first.
        judge: which samples an architecture is judged by.
    """

    space: ArchitectureSpace
    kind: Callable[[int], AnyKind]
    circuit: Callable[[int], tuple[AnyCandidate, ...]]
    starts: tuple[int, ...] = ()
    judge: str = HELD_OUT


def search_by(
    strategy: str, prepared: Prepared, budget: int | None = None, per_layer: bool = False
) -> Chosen:
    """Let a searcher choose a circuit by trainings on a task, then train it as an ordinary run.

    A circuit is judged by its loss on the last samples of the training part, which are held out;
    the median over the seeds counts. The test part is not used. The random choices are those of
    the first seed. The strategy `side-by-side` trains all candidates at once and judges them by all
    training samples. A choice of every layer trains and judges circuits one by one on all training
    samples.

    Args:
        strategy: one of `STRATEGIES`.
        prepared: a search of the models vqc or qt, as `prepare` gives it. The choice is among its
            candidates.
        budget: how many whole trainings the choice may cost; None stands for `BUDGET`. It is not
            for `side-by-side`, which trains every candidate.
        per_layer: with qt, whether a candidate is chosen for every layer. Circuits of a single
            candidate are trained first.

    Raises:
        ArgumentError: the strategy is unknown, or not made for such a search.
        DiffqasError: the strategy needs a package that is not installed.
        RunError: no candidate could be trained.
    """
    choose(strategy, STRATEGIES, "strategy")
    task, settings = _checked(prepared)
    ways = _layers(prepared, task, settings) if per_layer else _candidates(prepared)
    inner = task_of_choice(task, settings.validation, ways.judge)
    if strategy == SIDE_BY_SIDE:
        require(budget is None, "budget", "be left out: every candidate is trained", budget)
        require(not per_layer, "per_layer", "be left out where all are side by side", "one")
        ledger = side_by_side(prepared, inner)
    else:
        ledger = _one_by_one(strategy, prepared, inner, ways, budget)
    best = ledger.best.architecture
    console = Terminal(quiet=prepared.quiet)
    console.say(_in_words(strategy, ways.space.title(best), ledger))
    run = _restricted(prepared, ways.kind(best)).start()
    write_atomically(Path(run.folder) / TRIALS, csv_content(_rows(ledger, ways.space)).encode())
    return Chosen(ways.circuit(best), ledger, run)


def _one_by_one(
    strategy: str, prepared: Prepared, inner: Task, ways: _Ways, budget: int | None
) -> Ledger:
    """The trainings that a searcher asks for."""
    make = SEARCHERS[strategy]
    trainings = BUDGET if budget is None else budget
    require(trainings >= 1, "budget", "be at least 1", budget)
    settings = prepared.config.settings
    assert isinstance(settings, Settings)
    draw = np.random.default_rng(prepared.config.seeds[0])
    ground = Ground(ways.space, _checkpoints(settings.epochs), draw, ways.starts)
    evaluate = _Training(prepared, inner, ways)
    return run_searcher(make(ground), evaluate, trainings, continued=False)


@dataclass(frozen=True, eq=False)
class _Training:
    """Trains a circuit on the samples that are not held out.

    Attributes:
        prepared: the search.
        inner: its task, in the place of whose test part stand the samples that judge.
        ways: what there is to choose from.
    """

    prepared: Prepared
    inner: Task
    ways: _Ways

    def __call__(self, trial: Trial) -> Outcome:
        """The loss at the end and the CPU seconds of a training."""
        config = _restricted(self.prepared, self.ways.kind(trial.architecture)).config
        settings = config.settings
        assert isinstance(settings, Settings)
        started = time.process_time()
        shorter = replace(config, settings=replace(settings, epochs=trial.epochs))
        *_, loss = losses(shorter, self.inner)
        outcome = Outcome(loss, time.process_time() - started)
        console = Terminal(quiet=self.prepared.quiet)
        epochs = f"{trial.epochs} epochs, {duration(outcome.seconds)}"
        title = self.ways.space.title(trial.architecture)
        console.say(f"{title}: {number(loss)} on {self.ways.judge} samples ({epochs})")
        return outcome


def _checked(prepared: Prepared) -> tuple[Task, Settings]:
    """The parts of a search that a searcher works with."""
    config, task = prepared.config, prepared.task
    settings = config.settings
    made = isinstance(config.kind, VQCKind) or type(config.kind) is QuantumTrainKind
    rule = "go with the models vqc and qt on data"
    require(made, "strategy", rule, f"the model {config.kind.name} on {task.name}")
    assert isinstance(settings, Settings)
    assert isinstance(task, Task)
    for name, given in (
        ("clients", config.federated is not None),
        ("bilevel", settings.bilevel),
        ("cost_weight", settings.cost_weight > 0),
        ("select", settings.select == "best"),
    ):
        rule = "be left out where a strategy trains each candidate by itself"
        require(not given, name, rule, "one")
    candidates = config.kind.space
    require(len(candidates) > 1, "candidates", "be at least two to choose from", len(candidates))
    return task, settings


def _candidates(prepared: Prepared) -> _Ways:
    """The candidates of a search, one of which is the whole circuit."""
    kind = prepared.config.kind
    assert isinstance(kind, (VQCKind, QuantumTrainKind))
    space = ListedSpace(kind.space)

    def alone(number: int) -> AnyKind:
        return replace(kind, candidates=(space.candidates[number],))

    return _Ways(space, alone, lambda number: (space.candidates[number],))


def _layers(prepared: Prepared, task: Task, settings: Settings) -> _Ways:
    """All circuits with a candidate in every layer."""
    kind = prepared.config.kind
    rule = "go with the model qt"
    require(type(kind) is QuantumTrainKind, "per_layer", rule, f"the model {kind.name}")
    assert isinstance(kind, QuantumTrainKind)
    for name, usual, fits in (
        ("generator", "circuits", kind.circuits),
        ("sharing", "shared", kind.sharing == "shared"),
        ("numbers", "left out", kind.numbers is None),
        ("shots", "left out", kind.shots is None),
        ("errors", "left out", kind.errors.none),
    ):
        require(fits, name, f"be {usual} where every layer is chosen", getattr(kind, name))
    candidates: list[Candidate] = []
    n = kind.sizes_of(task, settings.depth).n
    for candidate in kind.candidates:
        as_layer(candidate)  # refuses what has no layers of its own
        assert isinstance(candidate, Candidate)
        candidate.cnots(n)  # refuses other gates
        candidates.append(candidate)
    space = LayersSpace(candidates, settings.depth, n)

    def fixed(number: int) -> AnyKind:
        return FixedLayersKind.of(kind, [place + 1 for place in space.layers(number)])

    # Measured by benchmarks/judging_layers.py: what is learned tells more than what is not.
    return _Ways(space, fixed, space.circuit, space.homogeneous, TRAINING)


def _checkpoints(epochs: int) -> list[int]:
    """Rising epochs that end with all of them, each once.

    >>> _checkpoints(60), _checkpoints(2)
    ([2, 7, 20, 60], [1, 2])
    """
    return sorted({max(1, round(epochs / share)) for share in SHARES})


def _restricted(prepared: Prepared, kind: AnyKind) -> Prepared:
    """The same search with another model."""
    # What was asked for was looked at with the whole search; `validation` is read by trials alone.
    return replace(prepared, config=replace(prepared.config, kind=kind), given=frozenset())


def _in_words(strategy: str, title: str, ledger: Ledger) -> str:
    cost = f"{number(ledger.evaluations)} trainings, {duration(ledger.seconds)} of CPU time"
    return f"{strategy} chose {title} after {cost}; it is trained on all samples now."


def _rows(ledger: Ledger, space: ArchitectureSpace) -> list[list[object]]:
    """Rows of the file, the heading first."""
    rows: list[list[object]] = [[*TRIAL_COLUMNS]]
    return rows + [_row(line, space) for line in ledger.lines]


def _row(line: Line, space: ArchitectureSpace) -> list[object]:
    name = space.title(line.trial.architecture)
    cost = [round(line.evaluations, 4), round(line.seconds, 3)]
    return [name, line.trial.epochs, line.loss, *cost]
