"""Searches on tables: named ones and a user's own, from the command line to the exported file."""

import json

import pytest

from diffqas import load, resume, search
from diffqas.cli import main
from diffqas.runs.export import export_run
from diffqas.searches.command import command_of
from diffqas.searches.config import config_from_json

FEW = ("--depth", "2", "--epochs", "2", "--batch-size", "50")


@pytest.fixture
def houses(tmp_path):
    """A user's own table: numbers, words, a constant column, and a value to predict."""
    rows = ["nr,rooms,floor,town,garden,price"]
    for i in range(60):
        town = ("north", "south", "west")[i % 3]
        garden = "yes" if i % 4 else "no"
        rows.append(f"{i},{1 + i % 5},2,{town},{garden},{100 + 20 * (i % 5) + 7.5 * (i % 3)}")
    path = tmp_path / "houses.csv"
    path.write_text("\n".join(rows))
    return path


@pytest.fixture
def own(houses):
    """The options of a search on it."""
    return {"csv": str(houses), "label": "price", "leave_out": ["nr"], "epochs": 2, "depth": 2}


def config_of(run):
    return config_from_json(json.loads((run.folder / "config.json").read_text()))


def test_a_named_table_from_the_command_line(tmp_path, capsys):
    main(["search", "iris", *FEW, "--seeds", "2", "--fold", "3", "--output", str(tmp_path / "run")])
    shown = capsys.readouterr().out
    assert "iris: test accuracy (setosa, versicolor, virginica)" in shown
    assert "majority class" in shown
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["classes"] == ["setosa", "versicolor", "virginica"]
    assert len(result["test_accuracy"]) == 2
    for name in ("curves.png", "circuit.qasm", "model.safetensors"):
        assert (tmp_path / "run" / name).exists()


def test_a_table_of_ones_own_tells_how_it_was_read(houses, tmp_path, capsys):
    words = ["--csv", str(houses), "--label", "price", "--leave-out", "nr"]
    main(["search", "table", *words, *FEW, "--output", str(tmp_path / "run")])
    shown = " ".join(capsys.readouterr().out.split())
    assert "Predicted are the values of 'price', standardised." in shown
    assert "Column 'town' holds words: it is read as 3 columns of 0 and 1." in shown
    assert "Left out, because a column is constant in the training rows: 'floor'." in shown
    assert json.loads((tmp_path / "run" / "result.json").read_text())["metric"] == "mse"


def test_a_resumed_run_ends_bit_equal(own, tmp_path, stopped):
    with stopped():
        search("table", **own, seeds=2, output=tmp_path / "half", quiet=True)
    resumed = resume(tmp_path / "half", quiet=True)
    whole = search("table", **own, seeds=2, output=tmp_path / "whole", quiet=True)
    assert resumed.result["test_mse"] == whole.result["test_mse"]
    for name in ("model.safetensors", "model-seed-1.safetensors"):
        assert (resumed.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_the_command_of_a_run_says_the_table(own, tmp_path):
    run = search("table", **own, output=tmp_path / "run", quiet=True)
    text = command_of(config_of(run)).text
    assert text == (
        f"diffqas search table --depth 2 --epochs 2 --csv {own['csv']} --label price --leave-out nr"
    )
    assert load(run.folder).result["test_mse"] == run.result["test_mse"]


def test_an_exported_network_says_how_columns_are_scaled(own, tmp_path):
    run = search("table", **own, output=tmp_path / "run", quiet=True)
    export_run(run.folder)
    said = json.loads((run.folder / "network.json").read_text())
    columns = said["input"]["scaling"]["columns"]
    assert columns == ["rooms", "town=north", "town=south", "town=west", "garden=yes"]
    assert len(said["input"]["scaling"]["mean"]) == len(said["input"]["scaling"]["std"]) == 5
    assert said["output"]["meaning"] == "the value of price"
    assert said["output"]["scaling"]["std"] > 1


def test_another_table_is_noticed(own, houses, tmp_path, stopped, refused):
    with stopped():
        search("table", **own, output=tmp_path / "run", quiet=True)
    houses.write_text(houses.read_text().replace("100.0", "101.0"))
    assert "data" in refused("resume", str(tmp_path / "run"))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["table"], "Argument `csv` must name a file for the data set 'table', but got None."),
        (["wine", "--csv", "a.csv"], "`csv` must be used with the data set 'series' or 'table'"),
        (["wine", "--label", "a"], "`label` must be used with the data set 'table'"),
        (["bessel", "--fold", "1"], "`fold` must be used with a table, but got the data set"),
        (["mnist", "--fold", "1"], "`fold` must be used with a table, but got the data set"),
        (["wine", "--fold", "5"], "`fold` must be a whole number from 0 to 4, but got 5"),
        (["wine", "--scaling", "train"], "`scaling` must be used with a series"),
        (["wine", "--classes", "0", "1"], "`classes` must be used with images"),
        (["wine", "--target", "cnn"], "`target` must be one of mlp, but got 'cnn'"),
        (["wine", "--recipe", "paper"], "`recipe` must be one of default"),
        (["wine", "--model", "qlstm"], "`model` must be"),
        (["iriss"], "did you mean 'iris'?"),
        (["CartPole-v1", "--label", "a"], "`label` must be used with a data set"),
    ],
)
def test_wrong_words_are_one_line(words, line, refused):
    assert line in refused("search", *words)


def test_a_table_needs_a_label(houses, refused):
    line = refused("search", "table", "--csv", str(houses))
    assert "Argument `label` must name the column to predict, one of 'nr', 'rooms'" in line
