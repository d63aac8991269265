"""`diffqas search --per-layer`: what it leaves, how it goes on, what it refuses."""

import json

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas import load, resume, search
from diffqas.cli import main
from diffqas.errors import ArgumentError
from diffqas.searches import prepare
from diffqas.tasks import Split, Task

SMALL = {"depth": 2, "epochs": 2, "quiet": True, "per_layer": True}


def test_the_command_line_leaves_a_circuit_and_a_ranking_of_every_layer(tmp_path, capsys):
    folder = tmp_path / "run"
    main(
        [
            "search",
            "narma5",
            "--per-layer",
            "--depth",
            "2",
            "--epochs",
            "1",
            "--output",
            str(folder),
        ]
    )
    printed = " ".join(capsys.readouterr().out.split())
    assert "22 angles + 24 structural + 13 mapping" in printed
    assert (
        "12 for the first, which says how the circuit begins, 6 different ones after it" in printed
    )
    result = json.loads((folder / "result.json").read_text())
    assert {entry["gate"] for entry in result["ranking"]} == {"layer 1", "layer 2"}
    assert len(result["ranking"]) == 12 + 6
    assert sum(entry["weight"] for entry in result["ranking"]) == pytest.approx(2, abs=1e-5)
    for layer, name in enumerate(result["layers"][0]):
        leader = next(entry for entry in result["ranking"] if entry["gate"] == f"layer {layer + 1}")
        assert leader["candidate"] == name
    assert (
        (folder / "circuit.qasm")
        .read_text()
        .splitlines()[2]
        .startswith(f"// {', '.join(result['layers'][0])}, 11")
    )


def test_qiskit_reads_the_file_with_the_probabilities_of_the_model(tmp_path, read_by_qiskit):
    run = search("narma5", output=tmp_path / "run", dtype="float64", **SMALL)
    own = run.models[0].circuits().detach()
    torch.testing.assert_close(read_by_qiskit(run), own, rtol=1e-9, atol=1e-12)


def test_stopped_and_continued_is_the_same(tmp_path, stopped):
    whole = search("narma5", output=tmp_path / "whole", seeds=2, **SMALL)
    with stopped():
        search("narma5", output=tmp_path / "half", seeds=2, **SMALL)
    again = resume(tmp_path / "half", quiet=True)
    assert again.result["test_mse"] == whole.result["test_mse"]
    assert again.result["layers"] == whole.result["layers"]
    loaded = load(tmp_path / "whole").models[1]
    assert torch.equal(loaded.circuits.structure, again.models[1].circuits.structure)


def test_discretised_and_exported_it_predicts_as_found(tmp_path):
    run = search("narma5", output=tmp_path / "run", **SMALL)
    model, x = run.models[0], torch.rand(5, 4)
    found = model.discretize()
    torch.testing.assert_close(found(x), model(x))
    torch.testing.assert_close(model.export()(x), model(x))
    assert "structure" not in {group["name"] for group in found.parameter_groups(0.1)}
    with pytest.raises(ArgumentError, match=r"finds one circuit, no mixture: see `circuits.found`"):
        model.ranking()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["narma5", "--optimizer", "kalman"],
            "`optimizer` must be adam or rmsprop in a search of every layer",
        ),
        (
            ["narma5", "--relaxation", "raw"],
            "`relaxation` must be gumbel or softmax in a search of every layer",
        ),
        (
            ["narma5", "--sharing", "separate"],
            "`sharing` must be shared in a search of every layer",
        ),
        (
            ["narma5", "--recipe", "auto"],
            "`recipe` must be one of paper, default, but got 'auto'",
        ),
        (
            ["narma5", "--model", "qlstm"],
            "`per_layer` must be used with the model qt, but got the model 'qlstm'",
        ),
        (
            ["minigrid-empty-5x5"],
            "`per_layer` must be used with a data set, but got an environment",
        ),
    ],
)
def test_what_does_not_go_together_is_one_line(options, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused("search", *options, "--per-layer")
    assert not list(tmp_path.iterdir())


def test_a_task_without_recipes_is_told_to_bring_some():
    """`auto`, which it has else, moves drawn weights by a circuit that must stay the same."""
    x = torch.randn(20, 3)
    parts = {"train": Split(x, x[:, :1]), "test": Split(x, x[:, :1])}
    task = Task(
        "own", **parts, target=lambda: nn.Linear(3, 1), loss=mse_loss, metrics={"mse": mse_loss}
    )
    with pytest.raises(ArgumentError, match=r"`task` must bring recipes .*, but got none \(own\)"):
        prepare(task, per_layer=True, quiet=True)
