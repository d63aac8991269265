"""A monthly file of one's own from the search to the next values, as a person types it."""

import csv
import json
import math
import shlex

import numpy as np
import pytest
import torch

from diffqas import load_network, resume, search
from diffqas.cli import main
from diffqas.runs import FinishedRun, repeat_run
from diffqas.searches import command_of, config_from_json, load_own
from diffqas.storage import RunFolder

QUICK = ["--depth", "1", "--epochs", "2", "--no-baselines"]


@pytest.fixture
def passengers(tmp_path):
    """Ten years of passengers, with the price beside them."""

    def write(name="air.csv", left_out=(), rows=120):
        path = tmp_path / name
        lines = ["month,passengers,price"]
        noise = np.random.default_rng(0).normal(size=rows)
        for index in range(rows):
            if index in left_out:
                continue
            value = 100 + index + 20 * math.sin(2 * math.pi * index / 12) + 2 * noise[index]
            month = f"{1949 + index // 12}-{index % 12 + 1:02}"
            lines.append(f"{month},{value:.3f},{50 + index * 13 % 17}")
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    return write


def searched(*words):
    main(["search", "series", *words])


def values_of(run):
    """The predictions of the first seed for the test part, in the series' own units."""
    task, network = run.task, run.config.kind.network(run.models[0])
    samples = torch.cat([task.train.inputs, task.test.inputs]).float()
    with torch.no_grad():
        predictions = network(samples).double().numpy()
    return task.units.predicted(predictions)[len(task.train) :]


def test_from_a_monthly_file_to_the_next_year(passengers, tmp_path, capsys):
    run = tmp_path / "run"
    searched("--csv", passengers(), "--column", "passengers", "--seeds", "2", "--output", str(run),
             *QUICK)  # fmt: skip
    printed = capsys.readouterr().out
    for words in ("seasonal repetition, 12", "linear part alone", "in the squared units"):
        assert words in printed
    config = config_from_json(RunFolder(run).load_config())
    assert config.series is not None
    assert config.series.correction is not None
    main(["forecast", str(run), "--steps", "12"])
    printed = capsys.readouterr().out
    assert "the next values of air:passengers" in printed
    assert "1959-12" in printed
    with (run / "forecast-future.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == [f"1959-{month:02}" for month in range(1, 13)]
    assert all(float(row["low"]) < float(row["forecast"]) < float(row["high"]) for row in rows)
    assert (run / "forecast-future.png").read_bytes()[:4] == b"\x89PNG"
    # The month after the file: the trend at 120 is 220, the season is 0 there.
    assert abs(float(rows[0]["forecast"]) - 222) < 8
    result = json.loads((run / "result.json").read_text())
    with (run / "forecast.csv").open(newline="") as file:
        first = next(csv.DictReader(file))
    known = {row["name"]: row["value"] for row in result["references"]}
    assert float(first["persistence"]) ** 2 == pytest.approx(known["persistence"])
    main(["show", str(run)])
    assert "forecast-future.csv" in capsys.readouterr().out
    main(["report", str(run)])
    assert "air:passengers" in (run / "report.html").read_text()


def test_a_file_with_new_rows_is_told(passengers, tmp_path, refused):
    run = tmp_path / "run"
    given = {"csv": passengers(), "column": "passengers", "correction": 1.0, "baselines": False}
    search("series", **given, depth=1, epochs=1, output=run, quiet=True)
    passengers(rows=130)
    for command in ("forecast", "export"):
        line = refused(command, str(run))
        assert "are not those that it began with" in line


def test_what_is_asked_for_is_kept_and_repeated(passengers, tmp_path):
    run = tmp_path / "run"
    searched("--csv", passengers(), "--column", "passengers", "--columns", "price", "--window", "5",
             "--horizon", "3", "--difference", "--season", "12", "--correction", "0.5",
             "--output", str(run), *QUICK)  # fmt: skip
    config = config_from_json(RunFolder(run).load_config())
    words = command_of(config).text
    for said in ("--columns price", "--window 5", "--horizon 3", "--difference", "--season 12"):
        assert said in words
    data = load_own(config)
    assert data.columns == ("passengers", "price")
    assert repeat_run(run, quiet=True, tolerance=0.0).equal
    finished = FinishedRun.open(run)
    predicted = values_of(finished)
    error = np.mean((predicted - data.series[data.test_times]) ** 2)
    assert error == pytest.approx(finished.result.test()[0], rel=1e-4)


def test_the_exported_formula_gives_the_prediction(passengers, tmp_path):
    run = tmp_path / "run"
    searched("--csv", passengers(), "--column", "passengers", "--difference", "--season", "12",
             "--window", "4", "--correction", "1", "--output", str(run), *QUICK)  # fmt: skip
    main(["export", str(run)])
    document = json.loads((run / "network.json").read_text())
    seen, out = document["input"]["scaling"], document["output"]["scaling"]
    assert seen["changes"] == "minus the value 12 before, then minus the value 1 before"
    assert out["known"] == "value[t - 12] + value[t - 1] - value[t - 13]"
    config = config_from_json(RunFolder(run).load_config())
    series = load_own(config).series
    # By hand, as a person would who has nothing but the file and the formula.
    last = len(series) - 1
    seasonal = series[12:] - series[:-12]
    changes = np.diff(seasonal)[-5:-1]
    window = 2 * (changes - seen["low"][0]) / (seen["high"][0] - seen["low"][0]) - 1
    network = load_network(run / "network.safetensors")
    prediction = network(torch.tensor(window[None], dtype=torch.float32)).item()
    value = series[last - 12] + series[last - 1] - series[last - 13] + out["intercept"]
    value += np.dot(out["coefficients"], window) + out["unit"] * prediction
    assert value == pytest.approx(values_of(FinishedRun.open(run))[-1], rel=1e-5)


def test_a_stopped_search_goes_on(passengers, tmp_path, stopped):
    words = ["--csv", passengers(), "--column", "passengers", "--correction", "1", *QUICK]
    searched(*words, "--output", str(tmp_path / "whole"))
    given = {"csv": passengers(), "column": "passengers", "correction": 1.0, "baselines": False}
    with stopped():
        search("series", **given, depth=1, epochs=2, output=tmp_path / "stopped", quiet=True)
    continued = resume(tmp_path / "stopped", quiet=True).result
    whole = json.loads((tmp_path / "whole" / "result.json").read_text())
    for name in ("train_mse", "test_mse", "ranking", "references"):
        assert continued[name] == whole[name]


def test_the_papers_protocol_stays(passengers, tmp_path):
    searched("--csv", passengers(), "--column", "passengers", "--recipe", "paper", "--depth", "1",
             "--epochs", "1", "--no-baselines", "--output", str(tmp_path / "run"))  # fmt: skip
    config = config_from_json(RunFolder(tmp_path / "run").load_config())
    assert config.series is None
    assert config.load().train.inputs.shape[1] == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--horizon", "0"], "`horizon` must be a whole number of at least 1, but got 0."),
        (["--season", "200"], "`season` must leave 10 values to learn from in the training part"),
        (["--window", "300"], "`window` must leave 10 values to learn from in the training part"),
        (["--columns", "cost"], "there is no column 'cost'"),
        (["--columns", "passengers"], "`columns` must name other columns than `column`"),
        (["--columns", "price", "--model", "qlstm"], "`columns` must be used with the model qt"),
        (["--correction", "2"], "`correction` must be at least 0 and at most 1"),
        (
            ["--recipe", "paper", "--window", "5"],
            "`window` must be used with the data set 'series'",
        ),
    ],
)
def test_wrong_options_are_one_line(options, words, passengers, tmp_path, refused):
    line = refused("search", "series", "--csv", passengers(), "--column", "passengers", *options,
                   "--output", str(tmp_path / "run"))  # fmt: skip
    assert words in line
    assert not (tmp_path / "run").exists()


def test_wrong_files_are_one_line(passengers, tmp_path, refused):
    gap = passengers("gap.csv", left_out={40})
    words = ["--column", "passengers", "--output", str(tmp_path / "run")]
    line = refused("search", "series", "--csv", gap, *words)
    assert "line 42: 1952-06 follows 1952-04, so rows are missing between them" in line
    short = passengers("short.csv", rows=20)
    assert "20 rows of data are too few" in refused("search", "series", "--csv", short, *words)
    flat = tmp_path / "flat.csv"
    flat.write_text("month,passengers\n" + "".join(f"m{i},7\n" for i in range(60)))
    assert "the series is constant" in refused("search", "series", "--csv", str(flat), *words)
    flat.write_text("month,passengers\n" + "".join(f"m{i},nan\n" for i in range(60)))
    assert "line 2" in refused("search", "series", "--csv", str(flat), *words)
    assert not (tmp_path / "run").exists()


def test_windows_are_for_a_series_of_ones_own(refused):
    line = refused("search", "bessel", "--window", "5")
    assert "`window` must be used with the data set 'series'" in line


def test_noise_is_measured_in_the_series_own_units(passengers, tmp_path, capsys):
    run = tmp_path / "run"
    searched("--csv", passengers(), "--column", "passengers", "--correction", "0.5",
             "--output", str(run), *QUICK)  # fmt: skip
    main(["noise", str(run), "--shots", "1000000000000", "--repeats", "2"])
    with (run / "noise" / "noise.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    (reached,) = json.loads((run / "result.json").read_text())["test_mse"]
    # So many shots are as good as exact probabilities.
    found = [float(row["test_mse"]) for row in rows if row["mixture"] == "search"]
    assert found
    assert found == pytest.approx([reached] * len(found), rel=1e-2)


def test_noise_of_a_line_alone_is_refused(passengers, tmp_path, capsys):
    run = tmp_path / "run"
    searched("--csv", passengers(), "--column", "passengers", "--correction", "0",
             "--output", str(run), *QUICK)  # fmt: skip
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        main(["noise", str(run), "--repeats", "2"])
    assert end.value.code == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "predicts by a line alone (correction 0)" in told
    assert "Search with --correction 1" in told
    assert not (run / "noise").exists()


def test_settings_are_tuned_on_a_file_of_ones_own_and_told_as_a_search(
    passengers, tmp_path, monkeypatch, capsys
):
    pytest.importorskip("optuna")
    monkeypatch.chdir(tmp_path)
    file = passengers()
    main(["tune", "series", "--csv", file, "--column", "passengers", "--trials", "1",
          "--seeds", "1", "--depth", "1", "--epochs", "1", "--params", "spread"])  # fmt: skip
    command = capsys.readouterr().out.strip().splitlines()[-1]
    assert command.startswith("diffqas search series ")
    assert f"--csv {file}" in command
    assert "--column passengers" in command
    main([*shlex.split(command)[1:], "--output", "again", "--seeds", "1", "--no-baselines"])
    assert (tmp_path / "again" / "result.json").exists()
