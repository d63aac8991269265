"""The table: looked up, replayed, made anew, damaged."""

import numpy as np
import pytest

from diffqas.errors import ArgumentError, DataError, RunError
from diffqas.strategies import SPACES, TASKS, Ledger, Outcome, Trial, benchmark, replay, table
from diffqas.strategies.arrays import packed, unpacked
from diffqas.strategies.catalogue import Scores
from diffqas.strategies.making import TableCell, cells, make_table, publish
from diffqas.strategies.proxy_order import ProxyOrder
from diffqas.strategies.registry import RandomSearch
from diffqas.strategies.replay import curve

SHIPPED = [name for name in TASKS if (table.DATA / f"{name}.npz").exists()]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_table_is_whole(name):
    found = benchmark(name)
    count, seeds = len(found.space), found.recipe.seeds
    assert found.validation.shape == (count, seeds, len(found.recipe.checkpoints))
    for array in (found.test, found.train, found.test_figure, found.validation_figure):
        assert array.shape == (count, seeds)
        assert np.isfinite(array).all()
    assert np.isfinite(found.validation).all()
    assert found.seconds.shape == (count,)
    assert (found.seconds > 0).all()
    assert found.regrets.min() == 0
    assert found.regrets.mean() == pytest.approx(1)


def test_a_query_by_name_and_by_number():
    found = benchmark("wine")
    entry = found.query("RX/Star-RY", seed=4, epochs=6)
    number = found.space.find("RX/Star-RY")
    assert entry == found.query(number, 4, 6)
    assert entry.validation == pytest.approx(found.validation[number, 4, 1])
    assert entry.seconds == pytest.approx(found.seconds[number] / 9, rel=1e-5)
    assert found.trained_numbers(number) == 8 + 3 * 9


@pytest.mark.parametrize(
    "wrong",
    [{"architecture": 480}, {"architecture": "x"}, {"seed": 5}, {"seed": -1}, {"epochs": 7}],
)
def test_what_the_table_does_not_have(wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        benchmark("wine").query(**{"architecture": 0, **wrong})


def test_a_table_that_is_missing_or_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr("diffqas.strategies.table.DATA", tmp_path)
    benchmark.cache_clear()
    with pytest.raises(DataError, match="strategies-table"):
        benchmark("iris")
    (tmp_path / "iris.npz").write_bytes(b"no table")
    with pytest.raises(DataError, match="damaged"):
        benchmark("iris")
    benchmark.cache_clear()
    with pytest.raises(ArgumentError, match="task"):
        benchmark("irises")


def test_a_curve_steps_when_a_better_one_is_paid_for():
    found = benchmark("wine")
    ledger = Ledger(54)
    for number, (architecture, loss) in enumerate([(3, 0.5), (4, 0.7), (5, 0.2)], 1):
        ledger.enter(Trial(architecture, 54), Outcome(loss, 2.0))
        assert ledger.evaluations == number
    regrets, seconds = curve(ledger, found, 4)
    assert regrets.tolist() == [found.regrets[3], found.regrets[3], *[found.regrets[5]] * 2]
    assert seconds.tolist() == [2.0, 4.0, 6.0, 6.0]


def test_replays_meet_the_same_trainings():
    found = benchmark("wine")
    one, other = replay(found, {"a": RandomSearch, "b": RandomSearch}, replays=4, budget=6)
    assert np.array_equal(one.regrets, other.regrets)
    low, high = one.band
    assert (low <= one.mean).all()
    assert (one.mean <= high).all()


def test_an_oracle_as_a_score_has_no_regret():
    found = benchmark("bessel")
    oracle = Scores(-found.truth, 1.5)
    (run,) = replay(found, {"oracle": lambda ground: ProxyOrder(ground, oracle)}, 3, 1)
    assert run.regrets.tolist() == [[0.0]] * 3
    assert (run.seconds > 1.5).all()


def test_cells_of_a_table(tmp_path, monkeypatch):
    def quick(cell: TableCell):
        if cell.seed is None:
            return {"step_seconds": np.full(480, 0.5, np.float32)}
        flat = np.full(480, cell.seed, np.float32)
        names = ("test", "validation_figure", "test_figure", "train")
        arrays = dict.fromkeys(names, flat) | {"together": np.ones(1, np.float32)}
        return arrays | {"validation": np.zeros((480, 4), np.float32)}

    monkeypatch.setattr(TableCell, "compute", quick)
    first = make_table(tmp_path, tasks=["moons"], shard="1/2", quiet=True)
    assert publish(tmp_path, tmp_path) == []
    second = make_table(tmp_path, tasks=["moons"], quiet=True)
    assert sorted(cell.file for cell in first + second) == sorted(
        cell.file for cell in cells(["moons"])
    )
    assert make_table(tmp_path, tasks=["moons"], quiet=True) == []
    assert publish(tmp_path, tmp_path) == ["moons"]
    made = unpacked(tmp_path / "moons.npz", "")
    assert made["test"][0].tolist() == [0, 1, 2, 3, 4]
    assert made["seconds"][0] == 0.5 * 54 * 8  # 256 training rows, 32 in a step
    (tmp_path / "cells/moons/seed-0.npz").write_bytes(b"")
    with pytest.raises(DataError, match="remove it"):
        publish(tmp_path, tmp_path)


def test_a_folder_of_other_recipes_is_refused(tmp_path):
    (tmp_path / "table.json").write_text('{"format": 1, "recipes": {}}')
    with pytest.raises(RunError, match="other recipes"):
        make_table(tmp_path, tasks=["wine"], quiet=True)


def test_arrays_come_back():
    assert len(SPACES["encoded"]) == 480
    content = packed({"a": np.arange(3, dtype=np.float32)})
    assert content[:2] == b"PK"
