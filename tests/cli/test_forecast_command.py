"""`diffqas forecast` as a person types it, for both kinds of models."""

import csv
import json
import shutil

import numpy as np
import pytest
import torch
from rich.console import Console

from diffqas import search
from diffqas.cli import main
from diffqas.errors import RunError
from diffqas.reports.forecast import forecast_csv, forecast_table
from diffqas.runs import forecast_run, load
from diffqas.searches import KINDS
from diffqas.searches.config import RunConfig
from diffqas.storage import RunFolder
from diffqas.tasks.series import ForecastErrors, load_series
from diffqas.tasks.series.task import SERIES_RECIPES

TINY = {"seeds": [3, 5], "depth": 1, "epochs": 1, "quiet": True}
KIND = {
    "qt": {"model": "qt"},
    "qlstm": {
        "model": "qlstm",
        "hidden_size": 1,
        "circuit": "C1",
        "classical": False,
        "relaxation": "gumbel",
    },
}


@pytest.fixture(scope="module", params=KIND)
def finished(request, tmp_path_factory):
    """A small run that is finished."""
    folder = tmp_path_factory.mktemp(request.param) / "run"
    return search("sunspots", **TINY, **KIND[request.param], output=folder)


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished.folder, tmp_path / "run")


def lines(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_step_ahead_is_the_test_error_of_every_seed(finished, run, capsys):
    main(["forecast", str(run)])
    printed = capsys.readouterr().out
    for words in ("persistence", "squares,", "AR(4)", "29.5", "20.2", "forecast.csv"):
        assert words in printed
    table = lines(run / "forecast.csv")
    assert [int(line["horizon"]) for line in table] == list(range(1, 21))
    unit = load_series("sunspots").unit
    for seed, mse in zip((3, 5), finished.result["test_mse"], strict=True):
        assert float(table[0][f"seed_{seed}"]) == pytest.approx(unit * mse**0.5, rel=1e-5)
    assert table[0]["seed_3"] != table[0]["seed_5"]
    assert (run / "forecast.png").read_bytes()[:4] == b"\x89PNG"
    assert not list(run.glob("*.tmp"))


def test_steps_and_another_place(run, tmp_path, capsys):
    before = {path.name for path in run.iterdir()}
    main(["forecast", str(run), "--steps", "4", "--output", str(tmp_path / "ahead.png")])
    printed = capsys.readouterr().out
    figures = [line.split()[0] for line in printed.splitlines() if line.strip()]
    assert [first for first in figures if first.isdigit()] == ["1", "2", "3", "4"]
    assert len(lines(tmp_path / "ahead.csv")) == 4
    assert (tmp_path / "ahead.png").exists()
    assert {path.name for path in run.iterdir()} == before


def test_a_loaded_run_is_the_run(finished):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    again = load(finished.folder)
    assert torch.equal(torch.get_rng_state(), before)
    assert again.result == finished.result
    windows = torch.rand(6, 4)
    for model, other in zip(finished.models, again.models, strict=True):
        assert not other.training
        with torch.no_grad():
            assert torch.equal(model(windows), other(windows))


def test_models_that_are_gone_are_told(run):
    (run / "checkpoint.pt").unlink()
    with pytest.raises(
        RunError,
        match=r"There is no sound checkpoint\.pt of the last epoch in .*: "
        r"the trained models are gone",
    ):
        load(run)


def test_seeds_that_diverged_are_left_out(run):
    result = json.loads((run / "result.json").read_text())
    (run / "result.json").write_text(
        json.dumps(result | {"failures": {"3": "the loss became nan"}})
    )
    assert len(forecast_run(run, 2).models) == 1
    assert list(lines(run / "forecast.csv")[0]) == [
        "horizon",
        "seed_5",
        "persistence",
        "least_squares",
        "forecasts",
    ]


def test_a_run_that_replaces_another_takes_its_forecasts_away(run):
    forecast_run(run, 2)
    search("bessel", **TINY, output=run, overwrite=True)
    assert not list(run.glob("forecast.*"))


def test_a_short_series_of_ones_own(tmp_path):
    table = tmp_path / "sales.csv"
    table.write_text("month,sales\n" + "".join(f"{i},{100 * (i % 7) + 7 * i}\n" for i in range(40)))
    choices = {"csv": table, "column": "sales", "recipe": "paper"}
    search("series", **TINY, **choices, output=tmp_path / "run")
    errors = forecast_run(tmp_path / "run")
    assert errors.origins.tolist() == list(range(12, 0, -1))  # 35 windows, 23 of them train
    assert errors.persistence[0] > 50  # in sales


def stored(folder, dataset):
    """As much of a finished run as is looked at before it is refused."""
    config = RunConfig(dataset, SERIES_RECIPES["paper"], KINDS["qt"].choose())
    RunFolder(folder).create(config.to_json())
    (folder / "result.json").write_text("{}")


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        (
            "narma5",
            "The windows of narma5 show the drive u: only a model that sees the series that it "
            "predicts can",
        ),
        ("narma10", "forecast several steps (try narma10-response)."),
        ("mnist", "The run is on mnist, which is no series: only a model that sees the series"),
    ],
)
def test_what_cannot_be_fed_back_is_refused(dataset, words, tmp_path, refused):
    stored(tmp_path / "run", dataset)
    assert words in refused("forecast", str(tmp_path / "run"))
    assert not list((tmp_path / "run").glob("forecast*"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--steps", "0"],
            "`steps` must be between 1 and 101, the number of test windows, but got 0.",
        ),
        (
            ["--steps", "102"],
            "`steps` must be between 1 and 101, the number of test windows, but got 102.",
        ),
        (["--output", "ahead.csv"], "`output` must name a .png file, but got ahead.csv."),
    ],
)
def test_wrong_options(options, words, tmp_path, refused):
    stored(tmp_path / "run", "sunspots")
    assert words in refused("forecast", str(tmp_path / "run"), *options)


def test_folders_that_hold_no_finished_run(tmp_path, refused):
    assert "There is no result.json" in refused("forecast", str(tmp_path))
    stored(tmp_path / "run", "sunspots")
    (tmp_path / "run" / "result.json").unlink()
    assert "is not finished. Continue it with `diffqas resume" in refused(
        "forecast", str(tmp_path / "run")
    )


def test_help_tells_of_the_command(capsys):
    for arguments, words in (
        (["--help"], "diffqas forecast runs/bessel"),
        (["forecast", "--help"], "Forecast several steps"),
    ):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 0
        assert words in capsys.readouterr().out


def test_forecasts_that_run_away_stand_in_the_table(capsys):
    own = np.array([[1.0, np.nan], [2.0, 5.0], [3.0, 4.0]])
    errors = ForecastErrors(
        own, np.array([1.5, 2.5]), np.array([1.0, np.inf]), np.array([9, 8]), window=4
    )
    Console(width=120).print(forecast_table(errors, "[run]"))
    printed = capsys.readouterr().out
    assert printed.startswith("[run]")
    assert "2 (1 .. 3)" in printed
    assert "5 (4 .. inf)" in printed
    assert forecast_csv(errors, [0, 1, 2]).splitlines()[-1] == "2,nan,5.0,4.0,2.5,inf,8"
