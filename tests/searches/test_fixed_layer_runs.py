"""`diffqas search --fixed-layers`, and runs whose layers a strategy chose."""

import csv
import json

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas import TABLE_I, load, resume, search
from diffqas.cli.main import main
from diffqas.errors import ArgumentError
from diffqas.searches import command_of, prepare
from diffqas.simulator.oracle import dense_layers
from diffqas.strategies import search_by
from diffqas.tasks import Split, Task

SMALL = {
    "depth": 3,
    "epochs": 1,
    "chunk": 64,
    "quiet": True,
    "baselines": False,
    "fixed_layers": [8, 12, 7],
}
"""Five qubits."""
PLACES = (7, 11, 6)

TWICE = SMALL | {"epochs": 2, "seeds": 2}


def test_the_circuit_is_the_given_one_and_the_filter_trains_it(tmp_path):
    run = search("narma5", output=tmp_path / "run", dtype="float64", **SMALL)
    model = run.models[0]
    expected = dense_layers(
        [TABLE_I[place] for place in PLACES], model.circuits.angles.detach().unsqueeze(-1)
    )
    torch.testing.assert_close(
        model.circuits().detach(), expected.abs().square(), rtol=1e-10, atol=1e-12
    )
    assert "Kalman" in (tmp_path / "run/config.json").read_text()
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert result["layers"] == [["Ent-RY", "Ring-RZ", "Ent-RX"]]
    assert result["ranking"] == []
    groups = {group["name"]: group["params"] for group in model.parameter_groups(1.0)}
    assert groups.keys() == {"angles", "mapping"}
    numbers = sum(each.numel() for params in groups.values() for each in params)
    assert result["trainable_parameters"] == numbers


def test_qiskit_reads_the_file_with_the_probabilities_of_the_model(tmp_path, read_by_qiskit):
    run = search("narma5", output=tmp_path / "run", dtype="float64", **SMALL)
    own = run.models[0].circuits().detach()
    torch.testing.assert_close(read_by_qiskit(run), own, rtol=1e-9, atol=1e-12)


def test_stopped_and_continued_is_the_same(tmp_path, stopped):
    whole = search("narma5", output=tmp_path / "whole", **TWICE)
    with stopped():
        search("narma5", output=tmp_path / "half", **TWICE)
    again = resume(tmp_path / "half", quiet=True)
    assert again.result["test_mse"] == whole.result["test_mse"]
    loaded = load(tmp_path / "whole").models[1]
    assert torch.equal(loaded.circuits.angles, again.models[1].circuits.angles)
    assert loaded.circuits.found == again.models[1].circuits.found


def test_layers_that_are_all_alike_are_the_candidate_alone():
    """From the same start by the same numbers; only the order of sums differs."""
    alike = SMALL | {"fixed_layers": 11, "dtype": "float64", "optimizer": "adam"}
    alone = alike | {"candidates": [TABLE_I[10]], "fixed_layers": None}
    models = []
    for choices in (alike, alone):
        prepared = prepare("narma5", **choices)
        config = prepared.config
        models.append(config.kind.make(prepared.task, config.settings, [0])[1][0])
    given, usual = models
    assert torch.equal(given.circuits.angles, usual.circuits.angles)
    for own, other in zip(
        given.generator.mapping.parameters(), usual.generator.mapping.parameters(), strict=True
    ):
        assert torch.equal(own, other)
    weight = usual.circuits.weights
    torch.testing.assert_close(weight * given.circuits(), usual.circuits(), rtol=1e-10, atol=1e-13)


def test_fewer_numbers_are_taken_in_turn_and_the_command_says_them():
    config = prepare("narma5", **SMALL | {"depth": 5}).config
    assert config.kind.layer_places(5) == (7, 11, 6, 7, 11)
    assert " --fixed-layers 8 12 7" in command_of(config).text
    assert "--per-layer" not in command_of(config).text


def test_more_qubits_than_a_search_of_every_layer_has():
    """15 qubits: no state of the way through the circuit is stored."""
    x = torch.randn(4, 150)
    part = Split(x, torch.randn(4, 120))
    task = Task(
        "wide",
        train=part,
        test=part,
        target=lambda: nn.Linear(150, 120),
        loss=mse_loss,
        metrics={"mse": mse_loss},
    )
    found = prepare(task, fixed_layers=[2, 4, 3], depth=3, quiet=True)
    assert found.config.recipe == "auto"
    _, (model,) = found.config.kind.make(task, found.config.settings, [0])
    assert model.circuits.n == 15
    model(x).square().mean().backward()
    assert torch.isfinite(model.circuits.angles.grad).all()
    assert model.circuits.angles.grad.abs().max() > 0


def test_evolution_of_layers_leaves_an_ordinary_run(tmp_path, capsys):
    words = "search narma5 --per-layer --strategy evolution --budget 8 --depth 3 --chunk 64"
    main([*words.split(), "--epochs", "1", "--no-baselines", "--output", str(tmp_path / "run")])
    assert "evolution chose" in capsys.readouterr().out
    rows = list(csv.DictReader((tmp_path / "run/trials.csv").read_text().splitlines()))
    assert len(rows) == 8
    assert rows[0]["candidate"] == "3 H-Ent-RY"
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert len(result["layers"][0]) == 3
    assert "FixedLayersKind" in (tmp_path / "run/config.json").read_text()


@pytest.mark.parametrize("strategy", ["random", "local", "halving"])
def test_other_searchers_choose_layers_as_well(tmp_path, strategy):
    prepared = prepare(
        "narma5", depth=3, epochs=1, chunk=64, baselines=False, output=tmp_path / "run", quiet=True
    )
    found = search_by(strategy, prepared, budget=7, per_layer=True)
    assert len(found.candidates) == 3
    assert [[each.name for each in found.candidates]] == found.run.result["layers"]
    assert len(found.ledger.lines) == 7


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["narma5", "--fixed-layers", "13"], "`fixed_layers` must be numbers of the 12 candidates"),
        (["narma5", "--fixed-layers", "0"], "`fixed_layers` must be numbers of candidates"),
        (["narma5", "--fixed-layers", "8", "--per-layer"], "must go without per_layer"),
        (
            ["narma5", "--fixed-layers", "8", "--relaxation", "softmax"],
            "`relaxation` must go with a search of the circuit, but got given layers",
        ),
        (
            ["wine", "--model", "vqc", "--fixed-layers", "8"],
            "`fixed_layers` must be used with the model qt, but got the model 'vqc'",
        ),
        (
            ["wine", "--model", "vqc", "--strategy", "random", "--per-layer"],
            "`per_layer` must go with the model qt, but got the model vqc",
        ),
        (
            ["narma5", "--strategy", "random", "--per-layer", "--sharing", "separate"],
            "`sharing` must be shared where every layer is chosen",
        ),
        (
            ["narma5", "--strategy", "side-by-side", "--per-layer"],
            "`per_layer` must be left out where all are side by side",
        ),
    ],
)
def test_what_does_not_go_together_is_one_line(options, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused("search", *options)
    assert not list(tmp_path.iterdir())


def test_numbers_decide_no_depth_here():
    with pytest.raises(ArgumentError, match="`numbers` must go with a search of the circuit"):
        prepare("narma5", fixed_layers=[8], numbers=50, quiet=True)
