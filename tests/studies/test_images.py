"""`diffqas study figures-5-7` on small images that need no file, and one cell on the published
ones.
"""

import io
import json
import math
import os
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from diffqas.cli import main
from diffqas.errors import ArgumentError, DataError, RunError
from diffqas.optimisers import Adam
from diffqas.reports import Terminal
from diffqas.studies import Plan, run_study
from diffqas.studies.cell import Cell
from diffqas.studies.cells import StudyFolder
from diffqas.studies.comparison import compare as compare_rows
from diffqas.studies.curves import curves_figure
from diffqas.studies.datasets import IMAGE_SETS, IMAGES, ImageSet, load_data, make_task
from diffqas.studies.distribution import distribution_figure
from diffqas.studies.measure import measure, trainable
from diffqas.studies.metric import ACCURACY
from diffqas.studies.outputs import csv_text, latex_text, markdown_text, terminal_tables
from diffqas.studies.rows import TrainedRow
from diffqas.studies.sentences import sentence
from diffqas.tasks.images import load_images, majority, nearest_mean
from figures_5_7 import STUDY

compare = partial(compare_rows, named=STUDY.named)
PLAN = Plan("figures-5-7", seeds=2, epochs=2, depth=1)
SET = "mnist-1-5"
FOUND = ImageSet("digits", (3, 8), IMAGE_SETS[SET].count)
ONE_COUNT = 15 + 12 + 17  # depth 1 and 15 qubits write the 16,706 weights of an MLP for 8x8 pixels


@pytest.fixture(scope="module")
def small():
    """Digits stand in for MNIST."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(IMAGE_SETS, SET, FOUND)
        yield


@pytest.fixture(scope="module")
def whole(small, tmp_path_factory):
    """One data set's whole column."""
    folder = tmp_path_factory.mktemp("whole") / "study"
    return run_study(PLAN, datasets=[SET], workers=1, output=folder, quiet=True)


@pytest.fixture(scope="module")
def cells(whole):
    return {cell.row: cell.to_json() for cell in whole.cells}


def test_rows_and_counts(cells, small):
    counts = {name: cell["trainable"] for name, cell in cells.items()}
    constants = {f"candidate {number}": 17 for number in (1, 3, 4, 6, 9, 12)}
    live = {f"candidate {number}": 15 + 17 for number in (2, 5, 7, 8, 10, 11)}
    searches = ("search raw", "search softmax", "search gumbel", "search raw by Adam")
    names = (*searches, "hashed vector", "random subspace")
    assert counts == dict.fromkeys(names, ONE_COUNT) | constants | live | {
        "random candidate": 15 + 17,
        "frozen circuit": 17,
        "uniform distribution": 17,
        "ordinary small network": 30,
        "direct MLP": 16_706,
        "logistic regression": 64 * 2 + 2,
        "majority class": 1,
        "nearest mean image": 1568,
    }
    assert cells["logistic regression"]["target"] == 64 * 2 + 2
    assert cells["search raw"]["target"] == 16_706
    assert all(cell["paper"] is None for cell in cells.values())


def test_counts_on_28x28_pixels(small):
    pixels = torch.zeros(4, 1, 28, 28)
    task = make_task(load_images("digits", (3, 8)))
    task = replace(
        task, train=replace(task.train, inputs=pixels, targets=torch.tensor([0, 1, 0, 1]))
    )
    row = next(row for row in PLAN.rows if row.name == "logistic regression")
    assert isinstance(row, TrainedRow)
    assert row.network is not None
    assert sum(parameter.numel() for parameter in row.network(task).parameters()) == 1570
    whole = make_task(load_images("digits", (3, 8)))
    rows = [row for row in Plan("figures-5-7").rows if row.slug in ("search-raw", "hashed-vector")]
    assert len({trainable(row.populate(whole, row.settings, [0]), 1) for row in rows}) == 1


def test_a_cell_holds_every_epoch_of_every_seed(cells):
    keys = {"test_accuracy", "train_accuracy", "test_loss", "train_loss"}
    for cell in cells.values():
        if cell["deterministic"]:
            assert "curves" not in cell
            continue
        assert cell["curves"].keys() == keys
        for key in keys:
            assert np.shape(cell["curves"][key]) == (2, 2)
            assert cell["curves"][key][-1] == cell[key]


def test_accuracies_are_shares_of_the_images(cells):
    for name, cell in cells.items():
        for value in cell["test_accuracy"]:
            count = value * 72
            assert abs(count - round(count)) < 1e-12, name


def test_references_are_those_of_the_task(cells):
    data = load_images("digits", (3, 8))
    assert cells["majority class"]["test_accuracy"] == [majority(data)]
    assert cells["nearest mean image"]["test_accuracy"] == [nearest_mean(data)]


def test_provably_equal_circuits_are_equal(whole, cells):
    names = ["candidate 1", "candidate 3", "candidate 4", "candidate 6", "uniform distribution"]
    for name in names:
        for key in ("test_loss", "train_loss"):
            assert cells[name][key] == pytest.approx(cells[names[0]][key], rel=1e-5)
    (comparison,) = whole.comparisons
    assert "candidate 1 = 3 = 4 = 6 = uniform distribution" in [
        entry.row for entry in comparison.entries
    ]
    assert comparison.metric is ACCURACY


def test_networks_trained_directly_have_a_rate_of_their_own():
    rows = {row.name: row for row in PLAN.rows if isinstance(row, TrainedRow)}
    for name in ("direct MLP", "logistic regression"):
        assert rows[name].settings.optimizer == Adam(1e-3, betas=(0.9, 0.95))
        assert rows[name].settings.epochs == 2
    paper = {
        row.name: row.settings.optimizer.lr
        for row in Plan("figures-5-7", "paper").rows
        if isinstance(row, TrainedRow)
    }
    assert set(paper.values()) == {0.001}


def test_a_finished_study_goes_on_and_draws(whole):
    before = {path: path.stat().st_mtime_ns for path in whole.folder.glob("cells/*/*.json")}
    assert len(before) == len(PLAN.jobs(datasets=[SET])) == 26
    again = run_study(PLAN, datasets=[SET], workers=1, output=whole.folder, quiet=True)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(again.cells) == 26
    for name in (
        "table.csv",
        "table.md",
        "table.tex",
        "table.png",
        f"figures/test-{SET}.png",
        f"figures/train-{SET}.png",
    ):
        assert (whole.folder / name).stat().st_size > 0
    assert not (whole.folder / "predictions").exists()
    study = json.loads((whole.folder / "study.json").read_text())
    assert study["datasets"] == list(IMAGES)
    assert (
        study["command"]
        == "diffqas study figures-5-7 --recipe default --seeds 2 --epochs 2 --depth 1"
    )


def test_the_curves_show_the_cells(whole, cells):
    figure = curves_figure([cell for cell in whole.cells if cell.curves is not None])
    accuracy, loss, lower, _ = figure.axes
    assert accuracy.get_title(loc="left") == "accuracy (%)"
    for axes, key, unit in ((accuracy, "test_accuracy", 100), (loss, "test_loss", 1)):
        drawn = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
        expected = unit * np.median(cells["candidate 2"]["curves"][key], axis=1)
        np.testing.assert_allclose(drawn["candidate 2"], expected)
        assert next(iter(drawn)) == "search raw"
        assert len(drawn) == 1 + 6 + 2  # the live candidates and two constants
    below = [line.get_label() for line in lower.get_lines()]
    assert below[:3] == ["search raw", "search softmax", "search gumbel"]
    assert "direct MLP" in below
    assert "majority class" not in below


def test_seeds_that_failed_are_not_drawn(whole):
    drawn = [json.loads(json.dumps(cell.to_json())) for cell in whole.cells if cell.curves][:3]
    drawn[0]["failures"] = {"1": "the loss became nan"}
    drawn[1]["failures"] = {"0": "the loss became nan", "1": "the loss became nan"}
    for cell in drawn[:2]:
        for values in cell["curves"].values():
            values[-1][1] = None
    accuracy = curves_figure([Cell.from_json(cell, "cell.json") for cell in drawn]).axes[0]
    lines = {line.get_label(): line.get_ydata() for line in accuracy.get_lines()}
    assert list(lines) == ["search raw", "search gumbel"]
    expected = [100 * values[0] for values in drawn[0]["curves"]["test_accuracy"]]
    np.testing.assert_allclose(lines["search raw"], expected)


def test_a_seed_whose_loss_is_no_number_fails(small):
    row = next(row for row in PLAN.rows if row.name == "hashed vector")
    assert isinstance(row, TrainedRow)
    populate = row.populate

    def wild(task, settings, seeds):
        population = populate(task, settings, seeds)
        with torch.no_grad():
            population.vector[1] = math.nan  # pyright: ignore[reportAttributeAccessIssue]
        return population

    cell, _ = measure("figures-5-7", replace(row, populate=wild), SET, [0, 1])
    assert list(cell.failures) == [1]
    assert cell.figures["test_accuracy"][0] is not None
    assert cell.figures["test_accuracy"][1] is cell.figures["test_loss"][1] is None
    json.dumps(cell.to_json(), allow_nan=False)


def made(row, values, group="candidate", **more):
    cell = {
        "study": "figures-5-7",
        "row": row,
        "dataset": SET,
        "group": group,
        "trainable": 286,
        "target": 108_866,
        "deterministic": False,
        "identical": None,
        "seeds": list(range(len(values))),
        "test_accuracy": list(values),
        "train_accuracy": list(values),
        "seconds": 1.0,
        "failures": {},
        "paper": None,
    }
    return Cell.from_json(cell | more, "cell.json")


@pytest.fixture(scope="module")
def comparison():
    search = [0.99 + seed / 2000 for seed in range(10)]
    return compare(
        [
            made("search raw", search, "search"),
            made("candidate 1", [value - 0.03 for value in search]),
            made("twin", search, "control"),
            made("uniform distribution", [value - 0.2 for value in search], "control"),
            made("direct MLP", [value + 0.005 for value in search], "control"),
            made("majority class", [0.5], "reference", deterministic=True, seeds=[]),
        ],
        metric=ACCURACY,
    )


def test_more_is_better(comparison):
    entries = {entry.row: entry for entry in comparison.entries}
    assert {name: entry.verdict for name, entry in entries.items()} == {
        "search raw": None,
        "candidate 1": "better",
        "twin": "undecided",
        "uniform distribution": "better",
        "direct MLP": "worse",
        "majority class": "better",
    }
    assert entries["candidate 1"].ratio == pytest.approx(3.0)
    assert entries["candidate 1"].ratio_low == pytest.approx(3.0)
    assert entries["direct MLP"].ratio == pytest.approx(-0.5)
    assert entries["majority class"].ratio == pytest.approx(100 * (0.99 + 4.5 / 2000 - 0.5))
    assert entries["candidate 1"].p == 2 / 1024
    assert entries["direct MLP"].d_z < 0 < entries["majority class"].d_z
    assert entries["search raw"].worst == 0.99


def test_a_table_of_accuracies_is_read_in_percent(comparison):
    text = markdown_text([comparison])
    header = text.splitlines()[2]
    assert "search - row" in header
    assert "paper" not in header
    assert "| 96.22 % | 96.11 % .. 96.34 % |" in text
    assert "| +3.00 (+3.00 .. +3.00) |" in text
    assert "| -0.50 (-0.50 .. -0.50) |" in text
    assert "percentage points" in text.splitlines()[-1]
    assert "log MSE" not in text
    latex = latex_text([comparison])
    assert r"96.22 \%" in latex
    assert "search - row" in latex
    heading, first = csv_text([comparison]).splitlines()[:2]
    assert "accuracies" in heading.split(",")
    assert "points_low" in heading.split(",")
    assert "ratio" not in heading
    assert "0.99 0.9904999999999999 0.991" in first  # in full
    console = Terminal(width=250, record=True, file=io.StringIO())
    console.print(terminal_tables([comparison], 250))
    assert "final test accuracy" in console.export_text()


def test_the_sentence_word_for_word(comparison):
    assert sentence(comparison) == (
        "On mnist-1-5 the search (row search raw; median 99.22 % over ten seeds) is better than "
        "3 of 5 other rows and"
        " worse than 1 (Holm-adjusted p < 0.05, sign-flip tests on accuracies). It is worse than "
        "direct MLP."
        " No difference was found to twin."
        " The search is better than the uniform control (median 79.22 %, on average 20.00 "
        "percentage points below the"
        " search's, adjusted p = 0.00977)."
        " The search is worse than the directly trained MLP (median 99.72 %, on average 0.50 "
        "percentage points above"
        " the search's, adjusted p = 0.00977)."
        " The logistic regression is not among the rows."
        " The ordinary network of as many numbers is not among the rows."
        " The smallest p that ten seeds can give is 0.00195, adjusted for 5 rows 0.00977."
    )


def test_the_distribution_has_an_axis_of_shares(comparison):
    axes = distribution_figure([comparison]).axes[0]
    assert axes.get_xscale() == "logit"
    assert axes.get_xlabel() == "test accuracy"
    dots = next(line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_array_equal(dots.get_xdata(), comparison.search.errors)
    low, high = axes.get_xlim()
    assert 0 < low < 0.5
    assert 0.9995 < high < 1


def test_what_stands_at_the_end_of_the_axis_is_named():
    def labels(values):
        cells = [made("search", values, "search"), made("other", [0.9] * len(values))]
        axes = distribution_figure([compare(cells, metric=ACCURACY)]).axes[0]
        axes.figure.canvas.draw()
        return [label.get_text() for label in axes.get_xticklabels()]

    assert labels([1.0, 0.95])[-1] == "100 %"
    assert labels([0.99995, 0.95])[-1] == "> 99.98 %"
    assert "100 %" not in labels([0.999, 0.95])
    assert labels([0.0, 0.95])[0] == "0 %"


@pytest.mark.parametrize("values", [[0.0, 1.0], [1.0, 1.0], [None, None], [0.5, None]])
def test_accuracies_at_the_ends_are_drawn(values, tmp_path):
    failures = {str(seed): "nan" for seed, value in enumerate(values) if value is None}
    cells = [made("search", values, "search", failures=failures), made("other", [0.0, 1.0])]
    figure = distribution_figure([compare(cells, metric=ACCURACY)])
    figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 2000


def test_a_cell_of_another_metric_is_damaged(tmp_path, small):
    (job,) = PLAN.jobs(["majority-class"], [SET])
    run = run_study(
        PLAN,
        rows=["majority-class"],
        datasets=[SET],
        workers=1,
        output=tmp_path / "study",
        quiet=True,
    )
    path = run.folder / "cells" / SET / "majority-class.json"
    cell = json.loads(path.read_text())
    path.write_text(
        json.dumps({key.replace("accuracy", "mse"): value for key, value in cell.items()})
    )
    with pytest.raises(RunError, match="it lacks a figure per seed"):
        StudyFolder(run.folder).read(job, PLAN)


def test_the_command(tmp_path, monkeypatch, capsys, small):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    options = ["--epochs", "1", "--depth", "1", "--seeds", "2", "--workers", "1", "--datasets", SET]
    for shard in ("1/2", "2/2"):
        main(
            [
                "study",
                "figures-5-7",
                *options,
                "--shard",
                shard,
                "--rows",
                "search-raw",
                "candidate-7",
                "reference",
            ]
        )
    printed = capsys.readouterr().out
    for words in (
        "test accuracy ",
        " %",
        "search - row",
        "runs/figures-5-7",
        "4 of 78 cells finished",
    ):
        assert words in printed
    assert sorted(path.stem for path in (tmp_path / "runs/figures-5-7/cells" / SET).iterdir()) == [
        "candidate-7",
        "majority-class",
        "nearest-mean-image",
        "search-raw",
    ]


def test_missing_files_are_told_before_anything_is_written(tmp_path):
    (tmp_path / "empty").mkdir()
    plan = replace(PLAN, data_dir=str(tmp_path / "empty"))
    assert plan == PLAN
    assert plan.to_json() == PLAN.to_json()
    with pytest.raises(DataError, match="lacks files of FashionMNIST"):
        run_study(
            plan, datasets=["fashion-mnist-5-7"], workers=1, output=tmp_path / "study", quiet=True
        )
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: Plan("table-2", data_dir="."),
            "`data_dir` must be used with a study of images, but got table-2",
        ),
        (
            lambda: PLAN.jobs(datasets=["mnist"]),
            "`datasets` must be one of mnist-1-5, .*did you mean 'mnist-1-5'",
        ),
        (lambda: PLAN.jobs(["direct-lstm"]), "`rows` must be one of .*did you mean 'direct-mlp'"),
        (lambda: Plan("table-2").jobs(datasets=["mnist-1-5"]), "`datasets` must be one of bessel"),
    ],
)
def test_arguments_of_other_studies(make, words):
    with pytest.raises(ArgumentError, match=words):
        make()


def test_the_longest_cells_are_searches():
    jobs = Plan("figures-5-7").jobs()
    assert len(jobs) == 3 * 26
    searches = {
        "search-raw",
        "search-softmax",
        "search-gumbel",
        "search-raw-by-adam",
        "random-candidate",
    }
    assert {job.row.slug for job in jobs[:15]} == searches


def test_one_cell_on_the_published_images(tmp_path):
    if not os.environ.get("DIFFQAS_DATA"):
        pytest.skip("DIFFQAS_DATA names no folder with the published MNIST and FashionMNIST files")
    data = load_data("fashion-mnist-5-7")
    assert len(data.train_labels) == IMAGE_SETS["fashion-mnist-5-7"].count
    row = next(
        row
        for row in Plan("figures-5-7", seeds=1, epochs=1).rows
        if row.slug == "logistic-regression"
    )
    cell, _ = measure("figures-5-7", row, "fashion-mnist-5-7", [0], data)
    assert cell.trainable == cell.target == 1570
    assert cell.figures["test_accuracy"][0] > 0.9
    assert np.shape(cell.curves["train_loss"]) == (1, 1)
