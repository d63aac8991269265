"""An ordinary network of as many numbers stands beside every search of Quantum-Train."""

import json
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

import diffqas
from diffqas.cli import main
from diffqas.errors import ArgumentError
from diffqas.kinds import QuantumTrainKind, quantum_train
from diffqas.kinds.ordinary import takes_seconds
from diffqas.optimisers import Adam
from diffqas.quantum_train import RECIPES
from diffqas.runs import repeat_run
from diffqas.searches import config_from_json
from diffqas.storage import RunFolder
from diffqas.tasks import SERIES_RECIPES, Settings, Split, Task, load_series, series_task

SMALL = {"depth": 1, "epochs": 2, "quiet": True, "baselines": True}
DRAW = torch.Generator().manual_seed(0)
X = torch.rand(40, 3, generator=DRAW)
PART = Split(X, X.sum(1, keepdim=True))
RECIPE = Settings(RECIPES["default"], depth=1, epochs=2, batch_size=10, optimizer=Adam(0.01))
OWN = Task(
    "own",
    PART,
    PART,
    lambda: nn.Sequential(nn.Linear(3, 20), nn.Tanh(), nn.Linear(20, 1)),
    mse_loss,
    {"mse": mse_loss},
    {"default": RECIPE},
)


def baselines(run) -> list[dict]:
    return run.result.get("baselines", [])


def test_it_has_at_most_as_many_numbers_and_a_figure_of_every_seed(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    run = diffqas.search("bessel", **SMALL, seeds=2, output=tmp_path / "run")
    (row,) = baselines(run)
    assert row["name"] == "LSTM, hidden 2"
    assert row["numbers"] == 35 <= run.result["trainable_parameters"]
    assert len(row["values"]) == 2
    assert row["seconds"] > 0
    assert row["rate"] in (0.3, 1.0, 3.0, 10.0, 30.0)
    shown = run.outcome.references[-1]
    assert (shown.name, shown.values, shown.numbers) == (row["name"], tuple(row["values"]), 35)
    main(["show", str(tmp_path / "run")])
    printed = " ".join(capsys.readouterr().out.split())
    assert "LSTM, hidden 2" in printed
    assert "35 trainable numbers, an ordinary network" in printed
    assert "s (the search" in printed


def test_the_search_is_the_same_with_and_without(tmp_path):
    runs = [
        diffqas.search("bessel", **{**SMALL, "baselines": wanted}, output=tmp_path / str(wanted))
        for wanted in (True, False)
    ]
    results = [
        {name: run.result[name] for name in run.result if name not in ("seconds", "baselines")}
        for run in runs
    ]
    assert results[0] == results[1]
    assert len(baselines(runs[0])) == 1
    assert "baselines" not in runs[1].result
    networks = [(run.folder / "model.safetensors").read_bytes() for run in runs]
    assert networks[0] == networks[1]


def test_a_seed_in_company_is_the_seed_alone(tmp_path):
    options = {**SMALL, "dtype": "float64"}
    together = diffqas.search("bessel", **options, seeds=[0, 4], output=tmp_path / "two")
    alone = diffqas.search("bessel", **options, seeds=[4], output=tmp_path / "one")
    (two,), (one,) = baselines(together), baselines(alone)
    assert two["rate"] == one["rate"]
    assert two["values"][1] == pytest.approx(one["values"][0], rel=1e-9)


def test_it_is_trained_where_that_takes_seconds_and_where_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(quantum_train, "takes_seconds", takes_seconds)  # tests leave it out
    bessel = series_task(load_series("bessel"))
    settings = SERIES_RECIPES["default"]
    assert takes_seconds(bessel, settings)
    assert not takes_seconds(bessel, replace(settings, epochs=2_000))
    long = replace(settings, epochs=2_000)
    counts = []
    for wanted in (None, True, False):
        kind = QuantumTrainKind(baselines=wanted)
        _, (model,) = kind.make(bessel, long, [0])
        counts.append(len(kind.companions(bessel, long, model)))
    assert counts == [0, 1, 0]


@pytest.mark.parametrize("words", [["--baselines"], ["--no-baselines"], []])
def test_the_flags(words, tmp_path, monkeypatch):
    monkeypatch.setattr(quantum_train, "takes_seconds", takes_seconds)
    line = ["search", "bessel", "--depth", "1", "--epochs", "1", "--output", str(tmp_path / "run")]
    main([*line, *words])
    folder = RunFolder(tmp_path / "run")
    wanted = config_from_json(folder.load_config()).kind.baselines
    assert wanted is {"--baselines": True, "--no-baselines": False}.get("".join(words))
    assert ("baselines" in json.loads(folder.result.read_text())) is (wanted is not False)


@pytest.mark.parametrize("task", ["minigrid-empty-5x5", "cartpole"])
def test_environments_have_none_in_a_search(task, tmp_path):
    with pytest.raises(ArgumentError, match="`baselines` must be used with a data set"):
        diffqas.search(task, baselines=True, output=tmp_path / "run", quiet=True)


def test_a_task_of_ones_own_has_a_perceptron_or_its_own_network(tmp_path):
    (row,) = baselines(diffqas.search(OWN, baselines=True, output=tmp_path / "run", quiet=True))
    assert (row["name"], row["numbers"]) == ("MLP, hidden 5", 26)
    brought = replace(OWN, small=lambda numbers: nn.Linear(3, 1))
    (row,) = baselines(diffqas.search(brought, baselines=True, output=tmp_path / "own", quiet=True))
    assert (row["name"], row["numbers"]) == ("small Linear", 4)


def test_a_network_with_dropout_is_trained_too(tmp_path):
    def small(numbers):
        return nn.Sequential(nn.Dropout(0.2), nn.Linear(3, 1))

    task = replace(OWN, small=small)
    run = diffqas.search(task, baselines=True, output=tmp_path / "run", quiet=True)
    (row,) = baselines(run)
    assert row["numbers"] == 4


def large(numbers):
    return nn.Linear(3, 1, bias=numbers > 0) if numbers == 500 else nn.Linear(300, 1)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (replace(OWN, small=large), "`small` must give a network of at most"),
        (replace(OWN, train=Split(X[:1], PART.targets[:1])), "leave samples to train on"),
    ],
)
def test_what_cannot_be_had_is_told_when_the_search_is_done(task, words, tmp_path, capsys):
    run = diffqas.search(task, baselines=True, output=tmp_path / "run")
    assert words in " ".join(capsys.readouterr().out.split())
    assert "baselines" not in run.result
    assert run.result["test_mse"]


@pytest.mark.parametrize(
    ("small", "words"),
    [
        (lambda numbers: 3, "`small` must make a network, an nn.Module, but got a int"),
        (lambda numbers: nn.BatchNorm1d(3), "`small` must make a network without buffers"),
        (lambda numbers: nn.Linear(3, 2), r"`small` must predict the shape \(8, 1\)"),
    ],
)
def test_a_wrong_network_is_refused_before_the_search(small, words, tmp_path):
    with pytest.raises(ArgumentError, match=words):
        diffqas.search(replace(OWN, small=small), output=tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"select": "best"},
        {"optimizer": "adam", "bilevel": True},
        {"optimizer": "adam", "sparsity": 0.01},
        {"per_layer": True},
        {"clients": 2, "rounds": 2, "epochs": None},
        {"recipe": "paper"},
    ],
    ids=lambda options: "-".join(options),
)
def test_it_stands_beside_every_way_to_search(options, tmp_path):
    run = diffqas.search("bessel", **{**SMALL, **options}, output=tmp_path / "run")
    (row,) = baselines(run)
    assert row["value"] is not None
    assert row["numbers"] <= run.result["trainable_parameters"]


def test_a_repetition_is_equal_whatever_the_time_it_takes(tmp_path):
    folder = tmp_path / "run"
    diffqas.search("bessel", **SMALL, output=folder)
    assert repeat_run(folder, output=tmp_path / "first", quiet=True).equal
    # A result of version 0.1.0 has no such entry.
    content = json.loads((folder / "result.json").read_text())
    del content["baselines"]
    (folder / "result.json").write_text(json.dumps(content))
    assert repeat_run(folder, output=tmp_path / "again", quiet=True).equal
