"""A searcher on a task of one's own: candidates trained one by one, the pick trained as a run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from diffqas.circuits import AnyCandidate
from diffqas.errors import choose, require
from diffqas.kinds import QuantumTrainKind, VQCKind
from diffqas.reports import Terminal, duration, number
from diffqas.searches import TRIALS, Prepared, Run, held_out, losses
from diffqas.storage import csv_content, write_atomically
from diffqas.strategies.all_at_once import SIDE_BY_SIDE, side_by_side
from diffqas.strategies.ledger import Ledger, Line, Outcome, Trial
from diffqas.strategies.listed_space import ListedSpace
from diffqas.strategies.registry import SEARCHERS
from diffqas.strategies.searcher import Ground, run_searcher
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
        candidate: the pick.
        ledger: what was trained on the way, and what it cost.
        run: the pick, trained on all training samples.
    """

    candidate: AnyCandidate
    ledger: Ledger
    run: Run


def search_by(strategy: str, prepared: Prepared, budget: int | None = None) -> Chosen:
    """Let a searcher choose a candidate by trainings on a task, then train it as an ordinary run.

    A candidate is judged by its loss on the last samples of the training part, the median over the
    seeds; the test part is not looked at. The random choices are those of the first seed. The
    strategy `side-by-side` trains all candidates at once and judges them by all training samples.

    Args:
        strategy: one of `STRATEGIES`.
        prepared: a search of the models vqc or qt as `prepare` gives it; its candidates are what is
            chosen from.
        budget: trainings, in whole ones; None: `BUDGET`. Not of `side-by-side`, which trains every
            candidate.

    Raises:
        ArgumentError: an unknown strategy, or a search that it is not made for.
        DiffqasError: the strategy needs a package that is not installed.
        RunError: no candidate could be trained.
    """
    choose(strategy, STRATEGIES, "strategy")
    task, settings, candidates = _checked(prepared)
    space = ListedSpace(candidates)
    inner = held_out(task, settings.validation)
    if strategy == SIDE_BY_SIDE:
        require(budget is None, "budget", "be left out: every candidate is trained", budget)
        ledger = side_by_side(prepared, inner)
    else:
        ledger = _one_by_one(strategy, prepared, inner, space, budget)
    candidate = space.candidates[ledger.best.architecture]
    console = Terminal(quiet=prepared.quiet)
    console.say(_in_words(strategy, candidate, ledger))
    run = _restricted(prepared, candidate).start()
    write_atomically(Path(run.folder) / TRIALS, csv_content(_rows(ledger, space)).encode())
    return Chosen(candidate, ledger, run)


def _one_by_one(
    strategy: str, prepared: Prepared, inner: Task, space: ListedSpace, budget: int | None
) -> Ledger:
    """The trainings that a searcher asks for."""
    make = SEARCHERS[strategy]
    trainings = BUDGET if budget is None else budget
    require(trainings >= 1, "budget", "be at least 1", budget)
    settings = prepared.config.settings
    assert isinstance(settings, Settings)
    draw = np.random.default_rng(prepared.config.seeds[0])
    ground = Ground(space, _checkpoints(settings.epochs), draw)
    evaluate = _Training(prepared, inner, space)
    return run_searcher(make(ground), evaluate, trainings, continued=False)


@dataclass(frozen=True, eq=False)
class _Training:
    """Trains a candidate on the samples that are not held out.

    Attributes:
        prepared: the search.
        inner: its task without the test part.
        space: of its candidates.
    """

    prepared: Prepared
    inner: Task
    space: ListedSpace

    def __call__(self, trial: Trial) -> Outcome:
        """The loss at the end and the CPU seconds of a training."""
        candidate = self.space.candidates[trial.architecture]
        config = _restricted(self.prepared, candidate).config
        settings = config.settings
        assert isinstance(settings, Settings)
        started = time.process_time()
        shorter = replace(config, settings=replace(settings, epochs=trial.epochs))
        *_, loss = losses(shorter, self.inner)
        outcome = Outcome(loss, time.process_time() - started)
        console = Terminal(quiet=self.prepared.quiet)
        epochs = f"{trial.epochs} epochs, {duration(outcome.seconds)}"
        console.say(f"{candidate.name}: {number(loss)} on held-out samples ({epochs})")
        return outcome


def _checked(prepared: Prepared) -> tuple[Task, Settings, Sequence[AnyCandidate]]:
    """The parts of a search that a searcher works with."""
    config, task = prepared.config, prepared.task
    settings = config.settings
    made = isinstance(config.kind, VQCKind) or type(config.kind) is QuantumTrainKind
    rule = "go with the models vqc and qt on data, without --per-layer"
    require(made, "strategy", rule, f"the model {config.kind.name} on {task.name}")
    assert isinstance(settings, Settings)
    assert isinstance(task, Task)
    for name, given in (
        ("clients", config.federated is not None),
        ("bilevel", settings.bilevel),
        ("cost_weight", settings.cost_weight > 0),
        ("select", settings.select == "best"),
    ):
        rule = "be left out where a strategy trains candidates one by one"
        require(not given, name, rule, "one")
    candidates = config.kind.space
    require(len(candidates) > 1, "candidates", "be at least two to choose from", len(candidates))
    return task, settings, candidates


def _checkpoints(epochs: int) -> list[int]:
    """Rising epochs that end with all of them, each once.

    >>> _checkpoints(60), _checkpoints(2)
    ([2, 7, 20, 60], [1, 2])
    """
    return sorted({max(1, round(epochs / share)) for share in SHARES})


def _restricted(prepared: Prepared, candidate: AnyCandidate) -> Prepared:
    """The same search of a single candidate."""
    kind = prepared.config.kind
    assert isinstance(kind, (VQCKind, QuantumTrainKind))
    kind = replace(kind, candidates=(candidate,))
    # What was asked for was looked at with the whole search; `validation` is read by trials alone.
    return replace(prepared, config=replace(prepared.config, kind=kind), given=frozenset())


def _in_words(strategy: str, candidate: AnyCandidate, ledger: Ledger) -> str:
    cost = f"{number(ledger.evaluations)} trainings, {duration(ledger.seconds)} of CPU time"
    return f"{strategy} chose {candidate.name} after {cost}; it is trained on all samples now."


def _rows(ledger: Ledger, space: ListedSpace) -> list[list[object]]:
    """Rows of the file, the heading first."""
    rows: list[list[object]] = [["candidate", "epochs", "loss", "evaluations", "seconds"]]
    return rows + [_row(line, space) for line in ledger.lines]


def _row(line: Line, space: ListedSpace) -> list[object]:
    name = space.title(line.trial.architecture)
    cost = [round(line.evaluations, 4), round(line.seconds, 3)]
    return [name, line.trial.epochs, line.loss, *cost]
