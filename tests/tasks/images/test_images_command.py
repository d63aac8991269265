"""Images by the names and words of the command line."""

import json

import pytest

from diffqas import resume, search
from diffqas.cli import main
from diffqas.errors import ArgumentError
from diffqas.searches.data_choices import DataChoices
from diffqas.searches.data_sets import load_task
from diffqas.tasks.images import SOURCES

FAST = ["--depth", "1", "--epochs", "1"]


@pytest.fixture
def mnist(small, tmp_path, monkeypatch):
    """A data folder that passes for MNIST."""
    monkeypatch.setattr(
        "diffqas.tasks.images.datasets.SOURCES", SOURCES | {"mnist": small.source()}
    )
    return small.write(tmp_path / "data" / "Small")


def test_search_digits(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    main(["search", "digits", "--classes", "3", "8", "--target", "cnn", *FAST])
    printed = capsys.readouterr().out
    for words in (
        "write 1,378 weights",
        "digits: test accuracy",
        "majority class",
        "nearest mean image",
    ):
        assert words in printed
    config = json.loads((tmp_path / "runs/digits/config.json").read_text())["run"]
    assert (config["classes"], config["kind"]["target"], config["data_dir"]) == (
        [3, 8],
        "cnn",
        None,
    )
    result = json.loads((tmp_path / "runs/digits/result.json").read_text())
    assert result["task"] == "digits"
    for key in ("train_accuracy", "test_accuracy"):
        assert len(result[key]) == 1
        assert 0 <= result[key][0] <= 1


def test_search_in_a_data_folder(mnist, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    main(["search", "mnist", "--data-dir", "data", "--classes", "5", "1", *FAST, "--output", "run"])
    assert (
        f"write {36 * 128 + 128 + 128 * 64 + 64 + 64 * 2 + 2:,} weights" in capsys.readouterr().out
    )
    config = json.loads((tmp_path / "run/config.json").read_text())["run"]
    assert config["data_dir"] == str(tmp_path / "data")


def test_resume_finds_the_same_images(mnist, tmp_path, monkeypatch, stopped):
    monkeypatch.chdir(tmp_path)
    options = {
        "classes": [5, 1, 7],
        "data_dir": "data",
        "target": "cnn",
        "depth": 1,
        "epochs": 2,
        "quiet": True,
    }
    whole = search("mnist", **options, output="whole")
    with stopped():
        search("mnist", **options, output="stopped")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    continued = resume("../stopped", quiet=True)
    for key in ("test_accuracy", "test_loss", "train_loss", "target_parameters", "ranking"):
        assert continued.result[key] == whole.result[key]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "bessel",
            {"classes": (1, 5)},
            r"`classes` must be used with images \(mnist, fashion-mnist, mnist-4x4, digits\)",
        ),
        ("series", {"data_dir": "."}, "`data_dir` must be used with images"),
        ("bessel", {"target": "mlp"}, "`target` must be one of lstm, but got 'mlp'"),
        (
            "mnist",
            {"csv": "x.csv"},
            "`csv` must be used with the data set 'series' or 'table', but got the data set",
        ),
        ("digits", {"column": "x"}, "`column` must be used with the data set 'series'"),
        (
            "digits",
            {"scaling": "train"},
            "`scaling` must be used with a series, but got the data set 'digits'",
        ),
        (
            "mnist",
            {"target": "lstm"},
            "`target` must be one of mlp, smooth-mlp, cnn, but got 'lstm'",
        ),
        (
            "mnist",
            {"classes": (1, 1)},
            r"`classes` must be two or more different numbers of 0\.\.9, but got \[1, 1\]",
        ),
        ("mnist", {"data_dir": "nowhere"}, "`data_dir` must be a folder, but got 'nowhere'"),
        ("digits", {"data_dir": "."}, "`data_dir` must be used with mnist or fashion-mnist"),
    ],
)
def test_arguments_of_other_data_sets(name, options, message):
    chosen = {key: value for key, value in options.items() if key != "target"}
    with pytest.raises(ArgumentError, match=message) as caught:
        load_task(name, DataChoices(**chosen), options.get("target"))
    assert "\n" not in str(caught.value)


def test_defaults_of_the_target():
    assert sum(p.numel() for p in load_task("bessel", target="lstm").target().parameters()) == 1781
    assert sum(p.numel() for p in load_task("digits").target().parameters()) == 17_226


def test_a_task_of_ones_own_brings_its_data(tmp_path):
    task = load_task("digits", DataChoices(classes=(0, 1)))
    with pytest.raises(
        ArgumentError, match="`classes` must be used with the name of a data set, but got a Task"
    ):
        search(task, classes=(0, 1), output=tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["mnist", "--classes", "1"],
            "`classes` must be two or more different numbers of 0..9, but got [1]",
        ),
        (
            ["mnist", "--data-dir", "empty"],
            "empty lacks files of MNIST: put train-images-idx3-ubyte.gz, ",
        ),
        (["mnist", "--target", "lstm"], "`target` must be one of mlp, smooth-mlp, cnn"),
        (["narma5", "--classes", "1", "5"], "`classes` must be used with images"),
    ],
)
def test_errors_are_one_line_and_exit_code_2(arguments, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert words in refused("search", *arguments)
    assert not (tmp_path / "runs").exists()
