import json
import statistics

import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from diffqas import QuantumTrain, resume, search
from diffqas.circuits import Candidate
from diffqas.errors import ArgumentError, RunError
from diffqas.kinds import constant
from diffqas.searches.artefacts import curves_picture
from diffqas.searches.data_sets import load_task
from diffqas.storage import RunFolder
from diffqas.tasks.series import SeriesLSTM, SeriesScale, load_series


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "bessel"
    return search("bessel", depth=2, epochs=4, seeds=2, output=folder, quiet=True)


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
        "circuit.png",
        "predictions.pt",
        "predictions.png",
        "structural_weights.png",
        "curves.png",
        "tensorboard",
    }
    for picture in run.folder.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_result_has_one_entry_per_seed(run):
    result = json.loads((run.folder / "result.json").read_text())
    assert result == run.result
    assert result["task"] == "bessel"
    assert result["model"] == "qt"
    assert result["seeds"] == [0, 1]
    assert result["trainable_parameters"] == 2 * 11 + 12 + 13
    assert result["target_parameters"] == 1781
    assert result["seconds"] > 0
    assert len(result["train_mse"]) == len(result["test_mse"]) == 2
    assert {"candidate", "weight"} <= result["ranking"][0].keys()
    assert sum(len(entry["merged"]) for entry in result["ranking"]) == 12


def test_every_seed_has_its_circuit_and_the_file_says_whose(run):
    assert run.result["circuit_seed"] == 0
    for seed, name in enumerate(["circuit.qasm", "circuit-seed-1.qasm"]):
        text = (run.folder / name).read_text()
        assert f"// seed {seed}\n" in text
        ranking = run.models[seed].ranking()
        best = next(entry for entry in ranking if not constant(entry.candidate))
        assert f"// {best.candidate.name}, " in text


def test_candidates_are_ranked_by_what_the_seeds_agree_on(run):
    rows = run.result["ranking"]
    ranks = [statistics.fmean(row["ranks"]) for row in rows]
    assert ranks == sorted(ranks) == [row["rank"] for row in rows]
    for seed, model in enumerate(run.models):
        order = [entry.candidate.name for entry in model.ranking()]
        found = sorted(rows, key=lambda row: row["ranks"][seed])
        assert [row["candidate"] for row in found] == order
        assert [row["contributions"][seed] for row in found] == [
            entry.contribution for entry in model.ranking()
        ]


def test_figures_are_those_of_the_exported_network(run):
    task = load_task("bessel").to("cpu", torch.float32)
    for seed, name in enumerate(["model.safetensors", "model-seed-1.safetensors"]):
        network = SeriesLSTM()
        network.load_state_dict(load_file(run.folder / name))
        error = (network(task.test.inputs) - task.test.targets).square().mean().item()
        assert error == pytest.approx(run.result["test_mse"][seed], rel=1e-4)
        with torch.no_grad():
            assert torch.allclose(
                run.models[seed](task.test.inputs), network(task.test.inputs), atol=1e-6
            )


def test_metrics_and_events_tell_the_same(run):
    records = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2, 3, 4]
    assert records[-1]["test_mse"] == run.result["test_mse"]
    events = EventAccumulator(str(run.folder / "tensorboard")).Reload()
    losses = [event.value for event in events.Scalars("loss/seed 1")]
    assert losses == pytest.approx([record["loss"][1] for record in records], rel=1e-6)


def test_the_plot_has_a_panel_per_stored_epoch(run):
    visible = [axes.get_title() for axes in run.plot().axes if axes.get_visible()]
    assert visible == ["epoch 1", "epoch 4"]


def test_pictures_of_a_series_have_its_own_units(run):
    data = load_series("bessel")
    assert run.outcome.scale == SeriesScale("bessel", data.low, data.high)
    panel = run.plot().axes[0]
    assert panel.get_ylabel() == "bessel"
    truth = next(line for line in panel.get_lines() if line.get_label() == "truth")
    assert truth.get_ydata() == pytest.approx(data.unscaled(data.targets), abs=1e-6)
    scaled = "mse of the series scaled to -1 .. 1"
    assert (
        curves_picture(RunFolder(run.folder), scale=run.outcome.scale).axes[0].get_ylabel()
        == scaled
    )


def test_a_seed_in_company_is_the_seed_alone(tmp_path):
    options = {"depth": 2, "epochs": 2, "dtype": "float64", "quiet": True}
    both = search("bessel", seeds=2, output=tmp_path / "both", **options)
    alone = search("bessel", seeds=[1], output=tmp_path / "alone", **options)
    assert alone.result["test_mse"][0] == pytest.approx(both.result["test_mse"][1], rel=1e-6)


def test_finished_runs_are_not_overwritten(run, tmp_path):
    with pytest.raises(RunError, match="holds a finished run"):
        search("bessel", depth=2, epochs=1, output=run.folder, quiet=True)
    with pytest.raises(RunError, match="is finished"):
        resume(run.folder)


def test_overwrite_replaces_a_run(tmp_path):
    options = {"depth": 1, "epochs": 1, "output": tmp_path / "run", "quiet": True}
    search("narma5", seeds=2, **options)
    of_old, own = set((tmp_path / "run").rglob("events.*")), tmp_path / "run" / "notes.txt"
    own.touch()
    again = search("damped-shm", overwrite=True, **options)
    assert again.result["task"] == "damped-shm"
    assert of_old
    assert not of_old & set((tmp_path / "run").rglob("events.*"))
    assert not (tmp_path / "run" / "model-seed-1.safetensors").exists()
    assert own.exists()
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 1


def test_an_own_task_and_own_candidates(tmp_path):
    run = search(
        load_task("narma10"),
        candidates=[
            Candidate(entangler=[(0, 1), (3, 2)], rotation=("rz", "ry")),
            Candidate(rotation="rx"),
        ],
        relaxation="softmax",
        sharing="separate",
        depth=1,
        epochs=1,
        dtype="float64",
        output=tmp_path / "own",
        quiet=True,
    )
    assert isinstance(run.models[0], QuantumTrain)
    assert run.result["ranking"][0]["candidate"].startswith(("Ent-RX", "CX(0>1,3>2)"))
    assert run.result["trainable_parameters"] == 2 * 11 * 2 + 2 + 13


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": "besel"}, r"`dataset` must be one of .* \(did you mean 'bessel'\?\)"),
        ({"task": "bessel", "depth": 0}, "`depth` must be at least 1, but got 0"),
        ({"task": "bessel", "seeds": 0}, "`seeds` must be at least 1"),
        ({"task": "bessel", "recipe": "best"}, "`recipe` must be one of paper, default"),
        ({"task": "bessel", "candidates": []}, "`candidates` must hold at least one"),
        ({"task": "bessel", "csv": "x.csv"}, "`csv` must be used with the data set 'series'"),
        ({"task": "series"}, "`csv` must name a file"),
        ({"task": "bessel", "device": "tpu"}, "`device` must be one of cpu"),
        ({"task": "bessel", "dtype": "float16"}, "`dtype` must be float32"),
    ],
)
def test_bad_input_is_told_before_anything_is_written(options, message, tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(ArgumentError, match=message):
        search(**options, output=folder, quiet=True)
    assert not folder.exists()
