"""How well an order of architectures agrees with what they are worth alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, mannwhitneyu, spearmanr

from diffqas.strategies.catalogue import HELD_OUT, Scores
from diffqas.strategies.replay import Lookup, Replays
from diffqas.strategies.searcher import Ground, run_searcher
from diffqas.strategies.side_by_side import SideBySide
from diffqas.strategies.table import Benchmark

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Order:
    """A ranking of all architectures, once for each seed.

    Attributes:
        name: the name of the method that ranks.
        scores: the scores, more is better, (seeds, architectures).
        picks: the architecture that the method would take, (seeds,).
        seconds: the CPU seconds of one seed, the mean.
    """

    name: str
    scores: Floats
    picks: NDArray[np.int64]
    seconds: float

    @classmethod
    def of(cls, name: str, scores: Floats, seconds: float) -> Order:
        """An order whose pick is the one with the highest score."""
        return cls(name, scores, scores.argmax(1), seconds)


@dataclass(frozen=True)
class Agreement:
    """How well a ranking agrees with the truth, in means over the seeds.

    Attributes:
        name: the name of the ranking.
        tau: Kendall's tau between the score and minus the test loss of an architecture alone.
        spearman: Spearman's rank correlation of the same.
        regret: the mean regret of the picks: 0 for the best, 1 for a random architecture.
        worst: the largest regret of a seed.
        seconds: the CPU seconds of one seed.
        random_at_cost: the mean regret of random search after as many CPU seconds.
        level: after how many evaluations random search is as good; None if not within the replays.
    """

    name: str
    tau: float
    spearman: float
    regret: float
    worst: float
    seconds: float
    random_at_cost: float
    level: int | None


def agreement(order: Order, table: Benchmark, random: Replays) -> Agreement:
    """Compare an order with the table, and with random search on it.

    Architectures that are the same function count once.

    Args:
        order: of all architectures.
        table: of the task.
        random: random search, replayed on the table.
    """
    kept = list(table.space.different)
    worth = -table.truth[kept]
    regrets = table.regrets[order.picks]
    mean = float(regrets.mean())
    reached = np.flatnonzero(random.mean <= mean)
    return Agreement(
        name=order.name,
        tau=float(np.mean([kendall(own[kept], worth) for own in order.scores])),
        spearman=float(np.mean([spearman(own[kept], worth) for own in order.scores])),
        regret=mean,
        worst=float(regrets.max()),
        seconds=order.seconds,
        random_at_cost=at_seconds(random, order.seconds),
        level=int(reached[0]) + 1 if len(reached) else None,
    )


def kendall(first: Floats, second: Floats) -> float:
    """Kendall's tau-b, NaN where one of the two is constant."""
    found: Any = kendalltau(first, second)
    return float(found[0])


def spearman(first: Floats, second: Floats) -> float:
    """Spearman's rank correlation, NaN where one of the two is constant."""
    found: Any = spearmanr(first, second)
    return float(found[0])


def at_seconds(run: Replays, seconds: float) -> float:
    """Mean regret of the picks when so many CPU seconds are spent; at least one evaluation is."""
    return float(regrets_at(run, seconds).mean())


def regrets_at(run: Replays, seconds: float) -> Floats:
    """Regrets of the picks when so many CPU seconds are spent, (replays,)."""
    done = (run.seconds <= seconds).sum(1)
    places = np.maximum(done - 1, 0)
    return run.regrets[np.arange(len(places)), places]


@dataclass(frozen=True)
class Duel:
    """An order and random search after as many CPU seconds.

    Attributes:
        task: the task of the table.
        median: the median regret of the ranking's picks over its seeds.
        random: the median regret of random search's picks over its replays.
        p: the one-sided p of a Mann-Whitney test that the ranking's picks are better.
    """

    task: str
    median: float
    random: float
    p: float


def duel(order: Order, table: Benchmark, random: Replays) -> Duel:
    """Compare the picks of an order with those of random search at equal cost.

    Args:
        order: of all architectures.
        table: of the task.
        random: random search, replayed on the table.
    """
    own, others = table.regrets[order.picks], regrets_at(random, order.seconds)
    found: Any = mannwhitneyu(own, others, alternative="less")
    return Duel(table.name, float(np.median(own)), float(np.median(others)), float(found.pvalue))


def side_by_side_orders(table: Benchmark) -> list[Order]:
    """The rankings of training all architectures side by side, in three variants.

    All are trained to the end; or the worst are dropped on the way; or all are trained to the end
    and judged by all training samples. Training side by side gives what training alone gives, so
    the table tells what happens.
    """
    every = -table.validation[:, :, -1].T.astype(np.float64)
    whole = Order.of("side by side, all", every, float(table.together.mean()))
    scores, picks, seconds = [], [], []
    for seed in range(table.seeds):
        ground = Ground(table.space, table.recipe.checkpoints, np.random.default_rng(seed))
        lookup = Lookup.side_by_side(table, seed)
        ledger = run_searcher(SideBySide(ground), lookup, _one_bracket(table))
        own = np.full(len(table.space), -np.inf)
        # Who went further is better; among those that stopped together the lower loss is.
        ranked = sorted(ledger.lines, key=lambda line: (line.trial.epochs, -line.loss))
        for rank, line in enumerate(ranked):
            own[line.trial.architecture] = rank
        scores.append(own)
        picks.append(ledger.best.architecture)
        seconds.append(ledger.seconds)
    pruned = Order(
        "side by side, pruned", np.array(scores), np.array(picks), float(np.mean(seconds))
    )
    return [whole, pruned, _pooled(table)]


def _pooled(table: Benchmark) -> Order:
    """All to the end, judged by all training samples: the rule of the strategy `side-by-side`.

    What was held out is few samples, and its loss noisy. So small circuits hardly learn rows by
    heart: on most tables the loss on what they were trained on orders them better.
    """
    losses = (1 - HELD_OUT) * table.train + HELD_OUT * table.validation[:, :, -1]
    scores = -losses.T.astype(np.float64)
    return Order.of("side by side, by all training samples", scores, float(table.together.mean()))


def _one_bracket(table: Benchmark) -> float:
    """What one bracket of the whole space costs, in whole trainings."""
    cost, before, left = 0.0, 0, len(table.space)
    for epochs in table.recipe.checkpoints:
        cost += left * (epochs - before) / table.recipe.epochs
        before, left = epochs, max(1, left // 3)
    return cost


def proxy_orders(scores: Mapping[str, Scores]) -> list[Order]:
    """The training-free scores as orders; they have no seeds."""
    return [Order.of(name, found.values[None], found.seconds) for name, found in scores.items()]
