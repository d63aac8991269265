"""Runs of the quantum fast weight programmer: folder, resume, page, repeat, wrong words."""

import json

import pytest
import torch
from safetensors.torch import load_file

from diffqas import QLSTM_SPACE, load, search
from diffqas.cli import main
from diffqas.kinds import QFWP_RECIPES
from diffqas.layers import FastWeightForecaster
from diffqas.optimisers import RMSProp
from diffqas.runs.report import report_runs
from diffqas.searches import estimate, prepare
from diffqas.searches.command import command_of
from diffqas.searches.config import config_from_json
from diffqas.storage import RunFolder, read_json

SMALL = {
    "model": "qfwp",
    "qubits": 3,
    "measured": 2,
    "latent_size": 2,
    "depth": 1,
    "candidates": QLSTM_SPACE[:4],
    "quiet": True,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "bessel"
    return search("bessel", **SMALL, epochs=3, seeds=2, output=folder)


def test_the_folder_holds_what_is_promised(run):
    assert {path.name for path in run.folder.iterdir()} == {
        "config.json",
        "metrics.jsonl",
        "checkpoint.pt",
        "result.json",
        "model.safetensors",
        "model-seed-1.safetensors",
        "circuit.qasm",
        "circuit-seed-1.qasm",
        "predictions.pt",
        "predictions.png",
        "structural_weights.png",
        "curves.png",
        "tensorboard",
    }
    text = (run.folder / "circuit.qasm").read_text()
    assert "// the leading live candidate of the mixture" in text
    assert "input float[64] w0_2;" in text


def test_the_result_counts_ranks_and_has_an_lstm_beside_it(run):
    result = read_json(run.folder / "result.json")
    total = (2 + 2) + (2 + 1) + (2 * 3 + 3) + 4 + 3
    assert result["trainable_parameters"] == total == run.models[0].parameter_report().total
    assert (result["model"], result["target_parameters"]) == ("qfwp", None)
    merged = [name for row in result["ranking"] for name in row["merged"]]
    assert sorted(merged) == sorted(QLSTM_SPACE[:4].names)
    names = [row["name"] for row in result["references"]]
    assert not [name for name in names if name.startswith("paper")]
    assert [name for name in names if name.startswith("LSTM")] == ["LSTM, hidden 1"]


def test_it_learns(run):
    records = RunFolder(run.folder).records()
    for seed in (0, 1):
        assert records[-1]["train_mse"][seed] < 0.5 * records[0]["loss"][seed]


def test_stored_numbers_are_those_of_the_model(run):
    stored = load_file(run.folder / "model.safetensors")
    for name, parameter in run.models[0].named_parameters():
        assert torch.equal(stored[name], parameter)
    loaded = load(run.folder).models[1]
    assert isinstance(loaded, FastWeightForecaster)
    assert torch.equal(loaded.cell.slow.encoder.weight, run.models[1].cell.slow.encoder.weight)
    weights = RunFolder(run.folder).records()[-1]["structural_weights"][0]
    assert weights == pytest.approx(run.models[0].cell.structural_weights.flatten().tolist())


def test_a_file_is_loaded_into_a_model_of_ones_own(run):
    model = FastWeightForecaster(run.models[0].cell.__class__(1, 2, 3, 1, QLSTM_SPACE[:4]))
    assert model.cell.latent_size == 8
    with pytest.raises(RuntimeError, match="size mismatch"):
        model.load_state_dict(load_file(run.folder / "model.safetensors"), strict=False)


@pytest.mark.parametrize(
    ("options", "angles", "structure"),
    [
        ({"base_angles": "trained", "spread": 0.3, "angles_rate": 2.0}, 3, 4),
        ({"input_qubits": "first", "structure": "output"}, 0, 8),
        ({"candidates": QLSTM_SPACE[:1], "recipe": "paper"}, 0, 0),
        ({"relaxation": "gumbel", "optimizer": "adam", "slow_rate": 0.5}, 0, 4),
        ({"optimizer": "kalman", "relaxation": "gumbel", "dtype": "float64"}, 0, 4),
        ({"qubits": None, "measured": 8}, 0, 4),
        ({"slow": "written", "slow_rate": 0.3}, 0, 4),
    ],
    ids=str,
)
def test_options_are_used_and_stored(options, angles, structure, tmp_path):
    given = {**SMALL, **options, "classical": False, "epochs": 1}
    run = search("bessel", **given, output=tmp_path / "run")
    report = run.models[0].parameter_report()
    assert (report.circuit, report.structure) == (angles, structure)
    config = config_from_json(read_json(run.folder / "config.json"))
    for name in ("slow", "input_qubits", "base_angles", "structure", "slow_rate", "measured"):
        if name in options:
            assert getattr(config.kind, name) == options[name]


def test_the_papers_recipe_is_that_of_the_public_code():
    paper = QFWP_RECIPES["paper"]
    assert paper.optimizer == RMSProp(lr=0.01, alpha=0.99, eps=1e-8)
    assert (paper.batch_size, paper.depth, paper.epochs) == (10, 2, 100)
    assert paper.schedule == "constant"


@pytest.mark.parametrize("optimizer", ["kalman", "rmsprop"])
def test_a_seed_in_company_is_the_seed_alone(optimizer, tmp_path):
    options = {**SMALL, "epochs": 3, "dtype": "float64", "relaxation": "gumbel"}
    options |= {"optimizer": optimizer, "classical": False}
    both = search("bessel", **options, seeds=2, output=tmp_path / "both")
    alone = search("bessel", **options, seeds=[1], output=tmp_path / "alone")
    assert alone.result["test_mse"][0] == pytest.approx(both.result["test_mse"][1], rel=1e-9)


@pytest.mark.parametrize("slow", ["trained", "written"])
@pytest.mark.parametrize("relaxation", ["raw", "gumbel"])
def test_stopping_after_every_epoch_changes_nothing(stops_and_goes_on, relaxation, slow):
    options = {**SMALL, "epochs": 3, "seeds": 2, "relaxation": relaxation, "classical": False}
    options |= {"slow": slow}
    stops_and_goes_on(options)


def test_the_page_shows_it(run, tmp_path):
    page = tmp_path / "page.html"
    report_runs([run.folder], output=page)
    text = page.read_text("utf-8")
    assert text.count("<figure") >= 3
    assert "structural" in text
    assert "H-RY/Ent-RY" in text


def test_the_command_that_repeats_it(run, capsys):
    config = config_from_json(read_json(run.folder / "config.json"))
    text = command_of(config).text
    for words in ("--model qfwp", "--qubits 3", "--measured 2", "--candidates 1 2 3 4"):
        assert words in text
    main(["repeat", str(run.folder)])
    assert "exported networks  bit-equal" in capsys.readouterr().out


def test_what_is_listed_shown_and_forecast(run, capsys):
    main(["runs", str(run.folder.parent)])
    assert "qfwp" in capsys.readouterr().out
    main(["show", str(run.folder)])
    assert "the slow network" in capsys.readouterr().out
    main(["forecast", str(run.folder)])
    assert (run.folder / "forecast.png").exists()


def test_estimate_counts_it():
    prepared = prepare("bessel", **SMALL, epochs=2)
    assert estimate(prepared).trainable == (2 + 2) + (2 + 1) + (2 * 3 + 3) + 4 + 3


def test_a_circuit_that_must_stay_is_said_to(run, refused):
    folder = str(run.folder)
    assert "change from moment to moment" in refused("export", folder)
    assert "change from moment to moment" in refused("export", folder, "--format", "circuits")
    assert "differ from sample to sample" in refused("noise", folder)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--slow", "frozen"], "invalid choice"),
        (["--measured", "9"], "`measured` must be at most 8, the qubits, but got 9"),
        (["--latent-size", "0"], "`latent_size` must be"),
        (["--spread", "0.2"], "`spread` must go with base_angles trained, but got zero"),
        (["--hidden-size", "3"], "`hidden_size` must be used with the model qlstm"),
        (["--uploads", "2"], "`uploads` must be used with the model vqc"),
        (["--scale", "raw"], "`scale` must be used with the model qt"),
        (["--strategy", "random"], "`strategy` must go with the models vqc and qt"),
    ],
    ids=str,
)
def test_wrong_words_are_one_line(words, message, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in refused("search", "bessel", "--model", "qfwp", *words)
    assert not list(tmp_path.iterdir())


def test_what_is_no_series_or_too_short_is_one_line(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "a task that is no series" in refused("search", "iris", "--model", "qfwp")
    short = tmp_path / "short.csv"
    short.write_text("value\n1\n2\n3\n")
    words = ["search", "series", "--csv", str(short), "--model", "qfwp"]
    assert "3 rows of data are too few" in refused(*words)


def test_the_file_says_every_choice(run):
    content = json.loads((run.folder / "config.json").read_text())
    kind = content["run"]["kind"]
    assert (kind["is"], kind["measured"], kind["base_angles"]) == ("QFWPKind", 2, "zero")
