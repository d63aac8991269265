"""What a ranking is worth: agreement of seeds, and what was measured of the same search."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from diffqas import TABLE_I
from diffqas.reports import RunResult
from diffqas.reports.ranking_worth import MEASURED, _ranked, ranking_worth

RESULTS = Path(__file__).parents[2] / "studies" / "results"


def result(contributions, names="abcdefgh", model="qlstm", relaxation="raw", gate=""):
    table = np.array(contributions, dtype=float)
    rows = [
        {
            "candidate": name,
            "weight": 0.1,
            "contribution": float(np.median(own)),
            "constant": False,
            "gate": gate,
            "contributions": own.tolist(),
            "ranks": [1.0] * len(own),
        }
        for name, own in zip(names, table.T, strict=False)
    ]
    return RunResult.from_json(
        {
            "task": "bessel",
            "recipe": "default",
            "report": "",
            "metric": "mse",
            "model": model,
            "relaxation": relaxation,
            "ranking": rows,
            "references": [],
            "failures": {},
            "seeds": list(range(len(table))),
            "train_mse": [0.1] * len(table),
            "test_mse": [0.1] * len(table),
        }
    )


def test_seeds_that_agree_and_seeds_that_do_not():
    agreed = ranking_worth(result([[5, 4, 3, 2, 1]] * 4))
    assert agreed is not None
    assert "4 seeds agree on it more than by chance (Kendall's W 1.00" in agreed
    drawn = np.random.default_rng(0).permuted(np.tile(np.arange(5.0), (4, 1)), axis=1)
    apart = ranking_worth(result(drawn))
    assert apart is not None
    assert "agree on it no more than by chance" in apart
    assert "does not tell the candidates apart" in apart


def test_one_seed_says_that_it_cannot_tell():
    found = ranking_worth(result([[3, 2, 1]]))
    assert found is not None
    assert "--seeds 5" in found


def test_nothing_to_order():
    assert ranking_worth(result([[1.0], [2.0]])) is None


def test_seeds_whose_candidates_are_all_equal_order_nothing():
    found = ranking_worth(result(np.zeros((3, 4))))
    assert found is not None
    assert "not known" in found


def test_what_was_measured_is_said_of_the_same_search_alone():
    live = ("H-Ent-RY", "Ring-RY", "Ent-RX")
    found = ranking_worth(result([[3, 2, 1]] * 2, live, model="qt"))
    assert found is not None
    assert "-0.04 on Bessel" in found
    assert "any live one does as well" in found
    for other in (
        result([[3, 2, 1]] * 2, live, model="qt", relaxation="softmax"),
        result([[3, 2, 1]] * 2, live, model="qt", gate="layer 1"),
        result([[3, 2, 1]] * 2, ("mine", "Ring-RY", "Ent-RX"), model="qt"),
    ):
        assert "Bessel" not in str(ranking_worth(other))


def test_ranks_are_those_of_scipy():
    table = np.random.default_rng(1).integers(4, size=(5, 7)).astype(float)
    assert _ranked(table).tolist() == rankdata(-table, axis=1).tolist()


def test_the_figure_of_table_i_is_that_of_the_committed_results():
    contributions: dict[str, dict[int, float]] = {}
    with (RESULTS / "discretise-bessel" / "ranks.csv").open() as file:
        for row in csv.DictReader(file):
            if row["constant"] == "False":
                own = contributions.setdefault(row["candidate"], {})
                own[int(row["seed"])] = float(row["contribution"])
    names = list(contributions)
    errors = [_alone(name) for name in names]
    found = [
        spearmanr([contributions[name][seed] for name in names], [-own[seed] for own in errors])
        for seed in range(10)
    ]
    correlations = [each.statistic for each in found]
    known = MEASURED["qt"]
    assert known.searches == len(correlations)
    assert known.spearman == pytest.approx(np.mean(correlations), abs=0.005)
    assert known.low == pytest.approx(min(correlations), abs=0.005)
    assert known.high == pytest.approx(max(correlations), abs=0.005)


def _alone(name: str) -> list[float]:
    number = TABLE_I.names.index(name) + 1
    path = RESULTS / "table-2" / "cells" / "bessel" / f"candidate-{number}.json"
    return json.loads(path.read_text())["test_mse"]
