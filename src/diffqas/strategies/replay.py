"""Searches replayed on a table: what each searcher's pick was worth at every cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffqas.strategies.ledger import ROUNDING, Ledger, Outcome, Trial
from diffqas.strategies.registry import SEARCHERS
from diffqas.strategies.searcher import Ground, Searcher, run_searcher
from diffqas.strategies.table import Benchmark

Floats = NDArray[np.float64]
Make = Callable[[Ground], Searcher]

REPLAYS = 30
BUDGET = 64
"""Evaluations of a replay, in whole trainings."""
RESAMPLES = 2_000
"""Of the bootstrap of a band."""


@dataclass(frozen=True, eq=False)
class Lookup:
    """Looks a training up in a table; the repetitions of an architecture are its seeds by lot.

    Attributes:
        table: of a task.
        orders: seeds of each architecture by their repetitions, (architectures, seeds).
        together: whether trainings cost what they cost side by side, not one by one.
    """

    table: Benchmark
    orders: NDArray[np.int64]
    together: bool = False

    @classmethod
    def of(cls, table: Benchmark, draw: np.random.Generator) -> Lookup:
        """A table whose seeds are dealt out by lot, to each architecture by itself."""
        count, seeds = table.test.shape
        rows = np.tile(np.arange(seeds), (count, 1))
        return cls(table, draw.permuted(rows, axis=1))

    @classmethod
    def side_by_side(cls, table: Benchmark, seed: int) -> Lookup:
        """A table of which one seed is seen, at the cost of a batch of all architectures."""
        count, seeds = table.test.shape
        rows = np.tile((seed + np.arange(seeds)) % seeds, (count, 1))
        return cls(table, rows, together=True)

    def __call__(self, trial: Trial) -> Outcome:
        """The validation loss and the cost of a training."""
        seed = int(self.orders[trial.architecture, trial.repetition])
        entry = self.table.query(trial.architecture, seed, trial.epochs)
        if not self.together:
            return Outcome(entry.validation, entry.seconds)
        share = trial.epochs / self.table.recipe.epochs / len(self.table.space)
        return Outcome(entry.validation, float(self.table.together[seed]) * share)


@dataclass(frozen=True, eq=False)
class Replays:
    """What one searcher did in all replays.

    Attributes:
        searcher: the word of the searcher.
        regrets: the regret of the pick after 1, 2, ... evaluations, (replays, budget). As long as
            no training has been paid for there is no pick; a random one has the regret 1.
        seconds: the CPU seconds that are paid for by then, (replays, budget).
    """

    searcher: str
    regrets: Floats
    seconds: Floats

    @property
    def mean(self) -> Floats:
        """Mean regret at each cost, (budget,)."""
        return self.regrets.mean(0)

    @property
    def band(self) -> Floats:
        """Ends of the 95 % bootstrap interval of the mean at each cost, (2, budget)."""
        draw = np.random.default_rng(0)
        count = len(self.regrets)
        picks = draw.integers(count, size=(RESAMPLES, count))
        means = self.regrets[picks].mean(1)
        return np.quantile(means, (0.025, 0.975), axis=0)


def replay(
    table: Benchmark,
    searchers: Mapping[str, Make] = SEARCHERS,
    replays: int = REPLAYS,
    budget: int = BUDGET,
) -> list[Replays]:
    """Run every searcher on a table many times.

    In replay r all searchers meet the same trainings: an architecture shows the same seed to all.

    Args:
        table: of a task.
        searchers: what makes each, by its word.
        replays: how many.
        budget: evaluations of each, in whole trainings.
    """
    found: list[Replays] = []
    for name, make in searchers.items():
        regrets, seconds = np.ones((replays, budget)), np.zeros((replays, budget))
        for number in range(replays):
            lookup = Lookup.of(table, np.random.default_rng((number, 0)))
            draw = np.random.default_rng((number, 1))
            searcher = make(Ground(table.space, table.recipe.checkpoints, draw))
            ledger = run_searcher(searcher, lookup, budget)
            regrets[number], seconds[number] = curve(ledger, table, budget)
        found.append(Replays(name, regrets, seconds))
    return found


def curve(ledger: Ledger, table: Benchmark, budget: int) -> tuple[Floats, Floats]:
    """Regret of the pick, and seconds, after each whole evaluation: (budget,) both."""
    regrets, seconds = np.ones(budget), np.zeros(budget)
    best = (0, math.inf)
    for line in ledger.lines:
        # What a line shows is known once it is paid for, and until the next one.
        known = math.ceil(line.evaluations - ROUNDING) - 1
        rank = (-line.trial.epochs, line.loss)
        if rank < best:
            best = rank
            regrets[known:] = table.regrets[line.trial.architecture]
        seconds[known:] = line.seconds
    return regrets, seconds
