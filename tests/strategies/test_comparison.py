"""The study of searchers: orders beside the truth, its folder and its words."""

from pathlib import Path

import numpy as np
import pytest

from diffqas.errors import ArgumentError
from diffqas.reports.ranking_worth import MEASURED
from diffqas.strategies import RECIPES, SPACES, benchmark, compare_searchers, problem, replay
from diffqas.strategies.catalogue import AloneRecipe
from diffqas.strategies.comparison import joint_orders
from diffqas.strategies.joint import JOINT_SEARCHES, joint_search
from diffqas.strategies.orders import (
    Order,
    agreement,
    at_seconds,
    duel,
    regrets_at,
    side_by_side_orders,
    spearman,
)
from diffqas.strategies.registry import RandomSearch

RESULTS = Path(__file__).parents[2] / "studies" / "results" / "searchers"


@pytest.fixture(scope="module")
def table():
    return benchmark("bessel")


@pytest.fixture(scope="module")
def random(table):
    (run,) = replay(table, {"random": RandomSearch}, replays=10, budget=20)
    return run


def test_the_truth_agrees_with_itself(table, random):
    oracle = Order.of("oracle", -np.stack([table.truth, table.truth]), 0.0)
    found = agreement(oracle, table, random)
    assert (found.tau, found.spearman, found.regret) == (pytest.approx(1), pytest.approx(1), 0)
    worst = agreement(Order.of("worst", table.truth[None], 0.0), table, random)
    assert worst.tau == pytest.approx(-1)
    assert worst.level == 1


def test_random_search_at_the_same_seconds(table, random):
    assert at_seconds(random, 0.0) == pytest.approx(random.mean[0])
    assert at_seconds(random, 1e9) == pytest.approx(random.mean[-1])


def test_side_by_side_is_what_the_table_says(table):
    whole, pruned, pooled = side_by_side_orders(table)
    losses = table.validation[:, :, -1]
    assert whole.picks.tolist() == losses.argmin(0).tolist()
    assert whole.seconds == pytest.approx(table.together.mean())
    assert pruned.seconds < 0.2 * whole.seconds
    both = 0.8 * table.train + 0.2 * losses
    assert pooled.picks.tolist() == both.argmin(0).tolist()
    for seed, pick in enumerate(pruned.picks):
        # It went through all rungs, each time among the better third.
        rank = (table.validation[:, seed, 0] < table.validation[pick, seed, 0]).sum()
        assert rank < len(table.space) // 3


def test_a_duel_is_fought_at_equal_seconds(table, random):
    best = Order("best", np.zeros((5, 480)), np.full(5, table.truth.argmin()), 3.0)
    found = duel(best, table, random)
    assert found.median == 0
    assert found.random == pytest.approx(np.median(regrets_at(random, 3.0)))
    assert found.p < 0.01
    worst = Order("worst", np.zeros((5, 480)), np.full(5, table.truth.argmax()), 3.0)
    assert duel(worst, table, random).p > 0.99


def test_equal_functions_get_equal_scores():
    space = SPACES["encoded"]
    short = AloneRecipe(lr=0.03, batch_size=114, checkpoints=(1,), seeds=1)
    found = joint_search(space, problem("wine", 0), short, JOINT_SEARCHES["raw"], seed=0)
    same = [(number, first) for number, first in enumerate(space.first_equal) if number != first]
    assert len(same) == 18
    for number, first in same:
        assert found.by_weight[number] == found.by_weight[first]
        assert found.by_perturbation[number] == found.by_perturbation[first]
    again = joint_search(space, problem("wine", 0), short, JOINT_SEARCHES["raw"], seed=0)
    assert np.array_equal(found.by_weight, again.by_weight)


def test_before_the_warm_up_ends_structural_weights_stay():
    space = SPACES["encoded"]
    short = AloneRecipe(lr=0.03, batch_size=114, checkpoints=(1,), seeds=1)
    search = JOINT_SEARCHES["softmax, separate, warm-up"]
    found = joint_search(space, problem("wine", 0), short, search, seed=0)
    single = [n for n in space.different if space.first_equal.count(n) == 1]
    assert len(set(found.by_weight[single].round(7))) == 1


def test_the_figure_that_a_search_cites_is_that_of_the_committed_searches():
    found: list[float] = []
    for task in ("wine", "iris", "moons"):
        own = benchmark(task)
        kept = list(own.space.different)
        orders = {order.name: order for order in joint_orders(RESULTS, own)}
        raw = orders["raw, by weight"]
        found += [spearman(scores[kept], -own.truth[kept]) for scores in raw.scores]
    known = MEASURED["vqc"]
    assert known.searches == len(found)
    assert known.spearman == pytest.approx(np.mean(found), abs=0.01)
    assert known.low == pytest.approx(min(found), abs=0.01)
    assert known.high == pytest.approx(max(found), abs=0.01)


def test_the_folder(tmp_path, monkeypatch):
    def quick(task: str, seed: int):
        scores = np.linspace(0, 1, 480, dtype=np.float32)
        figures = np.array([0.5, 3.0, 1.0], np.float32)
        return {"raw by weight": scores, "raw by perturbation": -scores, "raw figures": figures}

    monkeypatch.setattr("diffqas.strategies.comparison.joint_arrays", quick)
    monkeypatch.setattr("diffqas.strategies.comparison.BUDGET", 5)
    (found,) = compare_searchers(tmp_path, tasks=["wine"], replays=3, quiet=True)
    assert [run.searcher for run in found.replays][:2] == ["random", "evolution"]
    text = (tmp_path / "table.md").read_text()
    assert "## wine" in text
    assert "raw, by perturbation" in text
    assert (tmp_path / "figures/regret-wine.png").stat().st_size > 10_000
    assert (tmp_path / "regret.csv").read_text().startswith("task,searcher,evaluations")
    orders = joint_orders(tmp_path, found.table)
    assert [order.seconds for order in orders] == [3.0, 4.0]
    assert len(list((tmp_path / "joint/wine").iterdir())) == RECIPES["encoded"].seeds


def test_wrong_words(tmp_path):
    with pytest.raises(ArgumentError, match="task"):
        compare_searchers(tmp_path, tasks=["whine"], quiet=True)
    with pytest.raises(ArgumentError, match="replays"):
        compare_searchers(tmp_path, tasks=["wine"], replays=0, quiet=True)
