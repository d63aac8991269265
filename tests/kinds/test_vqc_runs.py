"""Runs of the searched quantum layer: folder, resume, page, repeat, estimate, wrong words."""

import json

import pytest
import torch
from safetensors.torch import load_file

from diffqas import load, resume, search
from diffqas.cli import main
from diffqas.runs.report import report_runs
from diffqas.searches import estimate, prepare
from diffqas.searches.command import command_of
from diffqas.searches.config import config_from_json
from diffqas.storage import read_json

SMALL = {
    "model": "vqc",
    "qubits": 3,
    "epochs": 2,
    "observables": "diagonal",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "iris"
    return search("iris", **SMALL, seeds=2, output=folder, quiet=True)


def test_the_folder_holds_what_is_promised(run):
    names = {path.name for path in run.folder.iterdir()}
    assert names == {
        "config.json",
        "metrics.jsonl",
        "checkpoint.pt",
        "result.json",
        "model.safetensors",
        "model-seed-1.safetensors",
        "circuit.qasm",
        "circuit-seed-1.qasm",
        "structural_weights.png",
        "curves.png",
        "tensorboard",
    }


def test_the_result_counts_and_ranks(run):
    result = read_json(run.folder / "result.json")
    model = run.models[0]
    assert result["model"] == "vqc"
    assert result["target_parameters"] is None
    assert result["trainable_parameters"] == model.parameter_report().total
    merged = [name for row in result["ranking"] for name in row["merged"]]
    assert sorted(merged) == sorted(candidate.name for candidate in model.layer.candidates)


def test_controls_of_equal_count_stand_beside_it(run):
    result = read_json(run.folder / "result.json")
    total = result["trainable_parameters"]
    found = {row["name"]: row["numbers"] for row in result["baselines"]}
    logistic, features, network = found
    assert logistic == "logistic regression"
    assert features.endswith("random features")
    assert network.startswith("MLP, hidden")
    assert all(0.8 * total <= found[name] <= total for name in (features, network))


def test_stored_numbers_are_those_of_the_model(run):
    stored = load_file(run.folder / "model.safetensors")
    for name, parameter in run.models[0].named_parameters():
        assert torch.equal(stored[name], parameter)
    assert torch.equal(load(run.folder).models[1].layer.angles, run.models[1].layer.angles)


def test_the_circuit_reads_its_inputs(run):
    text = (run.folder / "circuit.qasm").read_text()
    assert "// the leading live candidate of the mixture" in text
    assert "input float x3;" in text.replace("input float[64]", "input float")


def test_a_resumed_run_ends_bit_equal(tmp_path, stopped, run):
    with stopped():
        search("iris", **SMALL, seeds=2, output=tmp_path / "half", quiet=True)
    resumed = resume(tmp_path / "half", quiet=True)
    assert resumed.result["test_accuracy"] == run.result["test_accuracy"]
    assert resumed.result["test_loss"] == run.result["test_loss"]
    for name in ("model.safetensors", "model-seed-1.safetensors"):
        assert (resumed.folder / name).read_bytes() == (run.folder / name).read_bytes()


def test_the_command_of_a_run_makes_its_choices(run):
    config = config_from_json(json.loads((run.folder / "config.json").read_text()))
    assert command_of(config).text == (
        "diffqas search iris --model vqc --qubits 3 --observables diagonal --epochs 2 --seeds 2"
    )


def test_the_page_shows_it(run, tmp_path):
    page = report_runs([run.folder], output=tmp_path / "page.html")
    text = page.read_text() if hasattr(page, "read_text") else (tmp_path / "page.html").read_text()
    assert "logistic regression" in text
    assert "structural" in text


def test_it_is_repeated_bit_by_bit(run, capsys):
    main(["repeat", str(run.folder)])
    assert "exported networks  bit-equal" in capsys.readouterr().out


def test_time_and_memory_are_told_before(tmp_path):
    found = estimate(prepare("moons", **SMALL))
    assert found.steps == 2 * 10
    assert found.trainable > 0


def test_values_of_a_table_of_ones_own(tmp_path):
    path = tmp_path / "own.csv"
    rows = "".join(f"{i % 7},{i % 5},{(i % 7) * 0.3 - i % 5}\n" for i in range(60))
    path.write_text(f"a,b,c\n{rows}")
    choices = SMALL | {"structure": "output", "observables": "zz"}
    run = search("table", csv=path, label="c", **choices, output=tmp_path / "run", quiet=True)
    assert run.result["metric"] == "mse"
    assert run.result["baselines"][0]["name"] == "linear regression"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["bessel", "--model", "vqc"], "`model` must be qt, qlstm or qfwp for a series"),
        (["CartPole-v1", "--model", "qlstm"], "`model` must be qt or vqc"),
        (
            ["iris", "--model", "vqc", "--observables", "z", "--qubits", "2"],
            "must be at most the number of observables",
        ),
        (["iris", "--model", "vqc", "--front", "pool"], "`front` must be none or linear"),
        (["iris", "--model", "vqc", "--structure", "gate"], "`structure` must be one of layer"),
        (["iris", "--model", "vqc", "--hidden-size", "2"], "must be used with the model qlstm"),
        (["iris", "--qubits", "2"], "must be used with the model vqc"),
        (["iris", "--model", "vqc", "--optimizer", "kalman"], "kalman"),
    ],
)
def test_wrong_words_are_one_line(words, line, refused):
    assert line in refused("search", *words)
