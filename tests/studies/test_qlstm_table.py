"""The table of the quantum LSTM: what its rows train, what must be equal among them, the folder and
the report.
"""

import json
from dataclasses import replace

import pytest
import torch

from diffqas import search
from diffqas.cli import main
from diffqas.kinds.qlstm import QLSTM_RECIPES
from diffqas.kinds.qlstm_paper import PUBLISHED
from diffqas.searches.data_sets import load_task
from diffqas.studies import DATASETS, Plan, run_study
from diffqas.studies.measure import measure, trainable
from diffqas.studies.rows import TrainedRow

FULL = Plan("qlstm-table")
SHORT = Plan("qlstm-table", seeds=2, epochs=1, depth=1)
COUNTS = {
    "non-shared": 4470,
    "shared": 270,
    "reservoir-non-shared": 150,
    "reservoir-shared": 150,
    "shared by Adam": 270,
    **dict.fromkeys(("C1", "C2", "C3", "C4", "C5", "C6"), 126),
    "LSTM, hidden 5": 146,
    "LSTM, hidden 7": 260,
    "LSTM, hidden 32": 4385,
}


def trained(plan):
    return {row.name: row for row in plan.rows if isinstance(row, TrainedRow)}


@pytest.mark.usefixtures("rates_unchosen")
def test_rows_and_their_counts():
    task = load_task("bessel").to("cpu", torch.float32)
    rows = trained(FULL)
    assert {
        name: trainable(row.populate(task_of(row, task), row.settings, [0, 1]), 2)
        for name, row in rows.items()
    } == (COUNTS)
    assert list(rows) == list(COUNTS)
    references = ["constant", "persistence", "persistence of the hidden response", "least squares"]
    assert [row.name for row in FULL.rows[len(COUNTS) :]] == references
    assert FULL.datasets == DATASETS
    assert len(FULL.jobs()) == 5 * (len(COUNTS) + 3) + 2


def task_of(row, task):
    """The task with the row's own network, as `measure` gives it."""
    return task if row.network is None else replace(task, target=lambda: row.network(task))


def test_what_is_too_large_for_the_filter_is_trained_by_adam():
    assert QLSTM_RECIPES["default"].optimizer.name == "kalman"
    optimizers = {name: row.settings.optimizer.name for name, row in trained(FULL).items()}
    by_adam = [name for name, optimizer in optimizers.items() if optimizer == "adam"]
    assert by_adam == ["non-shared", "shared by Adam", "LSTM, hidden 32"]
    assert {optimizers[name] for name in COUNTS if name not in by_adam} == {"kalman"}


def test_the_papers_recipe_trains_all_rows_alike():
    rows = trained(Plan("qlstm-table", "paper"))
    assert list(rows) == [name for name in COUNTS if name != "shared by Adam"]
    assert all(row.settings == QLSTM_RECIPES["paper"] for row in rows.values())


def test_published_figures_stand_in_their_rows():
    rows = trained(FULL)
    for name, figures in PUBLISHED.items():
        assert {dataset: rows[name].paper(dataset) for dataset in DATASETS} == figures
    assert rows["shared by Adam"].paper("bessel") is rows["LSTM, hidden 5"].paper("bessel") is None
    assert rows["C4"].circuit == "H-RY/Ent-RZ"


def test_a_study_stores_every_choice_of_the_model():
    kept = SHORT.to_json()["rows"]
    assert kept["shared"]["kind"]["sharing"] == "shared"
    assert kept["reservoir-shared"]["kind"]["reservoir"] is True
    assert [candidate["encoding"] for candidate in kept["c1"]["kind"]["candidates"]] == ["ry"]
    assert json.loads(json.dumps(kept)) == kept


@pytest.mark.parametrize(
    ("word", "options"),
    [
        ("non-shared", {}),
        ("shared", {"sharing": "shared"}),
        ("reservoir-non-shared", {"reservoir": True}),
        ("c6", {"circuit": "C6"}),
    ],
)
def test_a_row_trains_what_a_search_trains(word, options, tmp_path):
    cell, _ = measure("qlstm-table", SHORT.row(word), "narma5", [0, 1])
    options |= {
        "model": "qlstm",
        "depth": 1,
        "epochs": 1,
        "seeds": 2,
        "quiet": True,
        "output": tmp_path / "run",
    }
    run = search("narma5", **options, classical=word == "shared")
    assert cell.figures["test_mse"] == run.result["test_mse"]
    assert cell.trainable == run.result["trainable_parameters"]
    assert cell.target is None
    if word == "shared":
        companion = next(row for row in run.result["references"] if row["name"] == "LSTM, hidden 5")
        row = SHORT.row("lstm-hidden-5")
        beside, _ = measure("qlstm-table", row, "narma5", [0, 1])
        assert beside.figures["test_mse"] == companion["values"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A part of a column, by the command line; then the rest of it."""
    path = tmp_path_factory.mktemp("study") / "study"
    command = [
        "study",
        "qlstm-table",
        "--seeds",
        "2",
        "--epochs",
        "1",
        "--depth",
        "1",
        "--datasets",
        "narma5",
    ]
    options = [*command, "--workers", "1", "--output", str(path), "--rows"]
    main([*options, "non-shared", "c3"])
    early = (path / "cells" / "narma5" / "c3.json").stat().st_mtime_ns
    main([*options, "non-shared", "candidate", "control", "least-squares"])
    assert (path / "cells" / "narma5" / "c3.json").stat().st_mtime_ns == early
    return path


def test_two_circuits_are_one_model(folder):
    cells = {
        path.stem: json.loads(path.read_text()) for path in (folder / "cells" / "narma5").iterdir()
    }
    assert cells["c3"]["test_mse"] == pytest.approx(cells["c5"]["test_mse"], rel=1e-9)
    assert cells["c3"]["identical"] == cells["c5"]["identical"] == "zero"
    assert not any(cell["identical"] for word, cell in cells.items() if word not in ("c3", "c5"))
    for word in ("c1", "c2", "c4", "c6"):
        assert cells[word]["test_mse"] != cells["c3"]["test_mse"]


def test_the_report(folder):
    text = (folder / "table.md").read_text()
    rows = {
        line.split(" | ")[0].strip("|* "): line
        for line in text.splitlines()
        if line.startswith("| ")
    }
    for row, figure in (
        ("non-shared", "3.00e-05"),
        ("C1", "3.20e-05"),
        ("C3 = C5", "2.73e-04"),
        ("C4", "2.50e-05"),
    ):
        assert figure in rows[row]
    assert "The classical LSTM, hidden 5 could not be tested" in text
    assert "uniform" not in text
    assert (folder / "figures" / "predictions-narma5.png").exists()
    (comparison,) = run_study(
        SHORT, rows=["c3"], datasets=["narma5"], workers=1, output=folder, quiet=True
    ).comparisons
    assert comparison.search.row == "non-shared"
    assert comparison.search.paper == (0.00003,)
