"""What the rows train, and what must be equal among them."""

from dataclasses import replace

import pytest
import torch

from diffqas.circuits import TABLE_I
from diffqas.errors import ArgumentError
from diffqas.searches.data_sets import load_task
from diffqas.studies import DATASETS, STUDIES, Plan, Study
from diffqas.studies.measure import measure, trainable
from diffqas.studies.plan import share_of
from diffqas.studies.populations import drawn_candidate
from diffqas.studies.rows import TrainedRow
from diffqas.training import Training

FULL = {row.name: row for row in Plan("table-2").rows}
TRAINED = [row for row in FULL.values() if isinstance(row, TrainedRow)]
SHORT = Plan("table-2", seeds=2, epochs=2, depth=2)


def task(dataset="narma5", dtype=torch.float32):
    return load_task(dataset).to("cpu", dtype)


def counts(row: TrainedRow) -> int:
    return trainable(row.populate(task(), row.settings, [0, 1]), 2)


def figures(row: TrainedRow, seeds=(0, 1)) -> list[float]:
    return measure("table-2", row, "narma5", seeds)[0].figures["test_mse"]


@pytest.mark.usefixtures("rates_unchosen")
def test_trainable_counts():
    expected = {
        row.name: 13 if row.identical else 123 for row in TRAINED if row.group == "candidate"
    } | {
        "search raw": 135,
        "search softmax": 135,
        "search gumbel": 135,
        "search raw by Adam": 135,
        "random candidate": 123,
        "hashed vector": 135,
        "random subspace": 135,
        "search from drawn weights": 135,
        "ordinary small network": 101,
        "frozen circuit": 13,
        "uniform distribution": 13,
        "larger mapping of as many numbers": 135,
        "direct LSTM": 1781,
        "direct LSTM by Adam": 1781,
    }
    assert {row.name: counts(row) for row in TRAINED} == expected


OF_THE_OPTIMISER = ("optimizer", "others", "schedule")


@pytest.mark.parametrize("recipe", ["default", "paper"])
def test_ablation_changes_one_factor_and_counts_follow(recipe):
    base, *others = Plan("ablation", recipe).rows
    assert counts(base) == 135
    by_name = {row.name: row for row in others}
    expected = {"separate angles": 110 * 12 + 25, "depth 5": 55 + 25, "depth 15": 165 + 25}
    for name, row in by_name.items():
        assert counts(row) == expected.get(name, 135)
        flat, new = (
            {**vars(s), **vars(s.generator), "generator": None}
            for s in (base.settings, row.settings)
        )
        changed = {
            "optimiser" if key in OF_THE_OPTIMISER else key for key in flat if flat[key] != new[key]
        }
        assert len(changed) == (0 if name == "separate angles" else 1), name
    for word in ("bits", "scale", "start", "depth"):
        assert any(word in name for name in by_name)


OF_DATA = [name for name, study in STUDIES.items() if isinstance(study, Study)]


@pytest.mark.parametrize(
    ("study", "recipe"), [(name, recipe) for name in OF_DATA for recipe in STUDIES[name].recipes()]
)
def test_every_row_has_a_word_of_its_own(study, recipe):
    rows = Plan(study, recipe).rows
    assert len({row.slug for row in rows}) == len({row.name for row in rows}) == len(rows)
    assert rows[0].group == "search"


@pytest.mark.parametrize("recipe", ["default", "paper"])
@pytest.mark.parametrize(
    ("study", "name"),
    [
        ("table-2", "direct LSTM by Adam"),
        ("qlstm-table", "LSTM, hidden 32"),
        ("figures-5-7", "direct MLP"),
        ("figures-5-7", "logistic regression"),
    ],
)
def test_networks_that_learn_by_a_rate_have_one_of_their_own(monkeypatch, study, name, recipe):
    """By the paper's recipe everything learns at the paper's one rate."""
    monkeypatch.setattr("diffqas.studies.populations.choose_rate", lambda *_, **__: 3.0)
    found = [row for row in Plan(study, recipe).rows if row.name == name]
    assert len(found) == (0 if (study, recipe) == ("table-2", "paper") else 1)
    for row in found:
        population = row.populate(task(), row.settings, [0, 1])
        assert population.rate == (3.0 if recipe == "default" else 1.0)


def test_published_figures_stand_in_their_rows():
    assert FULL["search raw"].paper("bessel") == 0.00004
    assert FULL["candidate 8"].paper("damped-shm") == 0.008873
    assert FULL["candidate 8"].circuit == TABLE_I[7].name
    assert FULL["hashed vector"].paper("bessel") is FULL["search softmax"].paper("bessel") is None


def test_identical_rows_come_out_equal():
    rows = [row for row in SHORT.rows if isinstance(row, TrainedRow) and row.identical]
    found = {row.name: (row.identical, figures(row)) for row in rows}
    uniform = ["candidate 1", "candidate 3", "candidate 4", "candidate 6", "uniform distribution"]
    for word, names in (("uniform", uniform), ("zero", ["candidate 9", "candidate 12"])):
        assert [name for name, (kind, _) in found.items() if kind == word] == names
        for name in names:
            assert found[name][1] == pytest.approx(found[names[0]][1], rel=1e-9)


def test_a_random_candidate_is_that_candidates_row():
    assert len({drawn_candidate(seed) for seed in range(10)}) > 4
    rows = {row.name: row for row in SHORT.rows}
    drawn = rows["random candidate"]
    assert isinstance(drawn, TrainedRow)
    data = task(dtype=torch.float64)
    for seed in (0, 2):
        row = rows[f"candidate {drawn_candidate(seed) + 1}"]
        results = [
            list(
                Training(
                    one.populate(data, one.settings, seeds), data, one.settings, seeds
                ).epochs()
            )[-1]
            for one, seeds in ((drawn, [0, 2]), (row, [seed]))
        ]
        together = results[0].metrics["test_mse"][[0, 2].index(seed)]
        assert together == pytest.approx(results[1].metrics["test_mse"][0], rel=1e-9)


@pytest.mark.parametrize("name", [row.name for row in TRAINED if row.group == "control"])
def test_a_seed_in_company_is_the_seed_alone(name):
    row = next(row for row in SHORT.rows if row.name == name)
    assert isinstance(row, TrainedRow)
    data, settings = task(dtype=torch.float64), replace(row.settings, epochs=1)
    together = Training(row.populate(data, settings, [3, 7]), data, settings, [3, 7])
    alone = Training(row.populate(data, settings, [7]), data, settings, [7])
    assert together.steps_per_epoch == 20
    # Without a circuit thirteen numbers move all weights at once: the filter's gain is
    # ill-conditioned there.
    close = 1e-6 if name in ("uniform distribution", "random candidate") else 1e-9
    losses = [list(training.epochs())[-1].loss[-1] for training in (together, alone)]
    assert losses[0] == pytest.approx(losses[1], rel=close)
    errors = [training.metrics["test_mse"][-1] for training in (together, alone)]
    assert errors[0] == pytest.approx(errors[1], rel=close)


def test_frozen_parts_stay():
    for name in ("frozen circuit", "uniform distribution"):
        row = next(row for row in SHORT.rows if row.name == name)
        population = row.populate(task(), row.settings, [0])
        before = {key: tensor.clone() for key, tensor in population.circuits.state_dict().items()}
        list(Training(population, task(), row.settings, [0]).epochs())
        assert all(
            torch.equal(before[key], tensor)
            for key, tensor in population.circuits.state_dict().items()
        )


def test_references_are_where_they_apply():
    cells = {(job.row.name, job.dataset) for job in Plan("table-2").jobs(["reference"])}
    assert {dataset for row, dataset in cells if "hidden" in row} == {"narma5", "narma10"}
    assert {dataset for row, dataset in cells if row == "least squares"} == set(DATASETS)
    cell, _ = measure("table-2", FULL["least squares"], "bessel", [])
    assert cell.deterministic
    assert cell.trainable == 5
    assert cell.figures["test_mse"] == [pytest.approx(1.2e-8, rel=0.05)]


def test_the_longest_cells_come_first_and_shards_share_them():
    jobs = Plan("table-2").jobs()
    assert jobs[0].row.name == "direct LSTM"  # a covariance of 1,781 numbers
    assert next(job.dataset for job in jobs if job.row.group == "search") == "delayed-control"
    assert [job.cost for job in jobs] == sorted((job.cost for job in jobs), reverse=True)
    parts = [share_of(jobs, f"{index}/4") for index in range(1, 5)]
    assert sorted(map(id, jobs)) == sorted(id(job) for part in parts for job in part)
    sums = [sum(job.cost for job in part) for part in parts]
    assert max(sums) < 1.2 * min(sums)


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "1/2/3", "a/b", "-1/2", "1/0", ""])
def test_a_wrong_shard_is_told(shard):
    with pytest.raises(ArgumentError, match="`shard` must be i/n with 1 <= i <= n"):
        share_of([], shard)
