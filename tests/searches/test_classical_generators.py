"""Searches whose weights are written by a classical generator."""

import json

import pytest
import torch
from safetensors.torch import load_file

from diffqas import QuantumTrain, load, resume, search
from diffqas.cli.main import main
from diffqas.errors import ArgumentError, RunError
from diffqas.runs import export_run, noise_run, report_runs

CLASSICAL = ("hashed", "subspace", "uniform")
CHOICES = {
    "numbers": 60,
    "epochs": 2,
    "seeds": 2,
    "batch_size": 50,
    "baselines": False,
    "quiet": True,
}


@pytest.fixture(scope="module", params=CLASSICAL)
def run(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / request.param
    return search("bessel", generator=request.param, output=folder, **CHOICES)


def test_nothing_about_circuits_is_left(run):
    names = {path.name for path in run.folder.iterdir()}
    assert not [name for name in names if "circuit" in name or "structural" in name]
    assert {"model.safetensors", "curves.png", "predictions.png"} <= names
    assert run.result["ranking"] == []
    assert "no circuit" in run.result["report"]
    assert 40 <= run.result["trainable_parameters"] <= 60
    assert run.result["target_parameters"] == 1781
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    first, last = (json.loads(line) for line in lines)
    assert max(last["loss"]) < min(first["loss"])
    assert last["structural_weights"] == [[], []]


def test_the_commands_show_no_candidates(run, capsys):
    main(["show", str(run.folder)])
    shown = capsys.readouterr().out
    assert "candidate" not in shown
    assert "no circuit" in shown
    main(["runs", str(run.folder.parent)])
    path, _ = report_runs([run.folder], run.folder.parent / "page.html")
    page = path.read_text("utf-8")
    assert "leading candidates" not in page
    assert "<h3>Structural weights</h3>" not in page


def test_the_run_is_opened_and_exported(run, tmp_path):
    models = load(run.folder).models
    (file,) = export_run(run.folder, "generator", output=tmp_path / "g.safetensors")
    assert file.size < 2_500
    (network,) = export_run(run.folder, output=tmp_path / "n.safetensors")
    weights = load_file(network.path)
    plain = models[0].export()
    for name, tensor in plain.state_dict().items():
        assert torch.equal(weights[name], tensor)
    again = QuantumTrain.from_generator(file.path, plain)
    for name, tensor in again.export().state_dict().items():
        torch.testing.assert_close(tensor, weights[name])


def test_what_measures_circuits_is_refused(run, capsys):
    with pytest.raises(RunError, match="no circuit writes its networks"):
        noise_run(run.folder)
    with pytest.raises(SystemExit) as left:
        main(["study", "discretise", str(run.folder), "--output", str(run.folder.parent / "few")])
    assert left.value.code == 2
    assert "has no circuits" in capsys.readouterr().err


def test_a_stopped_run_ends_bit_equal(run, tmp_path, stopped):
    with stopped():
        search("bessel", generator=run.folder.name, output=tmp_path / "half", **CHOICES)
    resumed = resume(tmp_path / "half", quiet=True)
    assert resumed.result["test_mse"] == run.result["test_mse"]
    for name in ("model.safetensors", "model-seed-1.safetensors"):
        assert (resumed.folder / name).read_bytes() == (run.folder / name).read_bytes()


def test_seeds_give_the_same_alone(run):
    alone = search(
        "bessel",
        generator=run.folder.name,
        output=run.folder.parent / "alone",
        **CHOICES | {"seeds": 1},
    )
    assert alone.result["test_mse"][0] == run.result["test_mse"][0]


def test_agents_have_a_vector_for_each_network(tmp_path):
    run = search(
        "cartpole",
        generator="hashed",
        numbers=30,
        episodes=8,
        output=tmp_path / "run",
        quiet=True,
    )
    assert run.result["trainable_parameters"] == 60
    assert run.result["ranking"] == []
    assert not list(run.folder.glob("circuit*"))
    main(["show", str(run.folder)])
    main(["play", str(run.folder)])


def test_circuits_of_so_many_numbers(tmp_path):
    run = search(
        "bessel",
        numbers=70,
        epochs=1,
        batch_size=100,
        baselines=False,
        output=tmp_path / "run",
        quiet=True,
    )
    assert 60 <= run.result["trainable_parameters"] <= 70
    assert load(run.folder).models[0].circuits.depth == 4


REFUSED = {
    "shots": {"shots": 100},
    "per_layer": {"per_layer": True},
    "mapping": {"mapping": "mlp"},
    "chunk": {"chunk": 2},
    "numbers": {"numbers": 2_000, "optimizer": "adam"},
    "sparsity": {"sparsity": 0.1, "optimizer": "adam"},
    "generator": {"generator": "hash"},
}


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_choices_leave_no_folder(name, tmp_path):
    choices = {"generator": "hashed"} | REFUSED[name]
    with pytest.raises(ArgumentError, match=name):
        search("bessel", epochs=1, output=tmp_path / "run", quiet=True, **choices)
    assert not (tmp_path / "run" / "result.json").exists()


def test_many_numbers_are_trained_by_gradient_descent(tmp_path):
    run = search(
        "bessel",
        generator="hashed",
        numbers=1_700,
        epochs=1,
        batch_size=200,
        baselines=False,
        output=tmp_path / "run",
        quiet=True,
    )
    assert json.loads((run.folder / "config.json").read_text())
    assert run.result["trainable_parameters"] == 1_700
