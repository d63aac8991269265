"""What `diffqas export` writes: the run's own network, and the truth about what to feed it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from diffqas import QuantumTrain, load_network, search
from diffqas.errors import ArgumentError, RunError
from diffqas.runs.export import export_run
from diffqas.runs.export.networks import generators, networks
from diffqas.searches.data_sets import load_task
from diffqas.tasks.images import load_images
from diffqas.tasks.images.datasets import digits
from diffqas.tasks.series import SeriesLSTM, bessel


def inputs_of(name):
    return torch.randn(
        {"bessel": (5, 4), "narma5": (5, 4), "cartpole": (5, 4)}.get(name, (5, 1, 8, 8))
    )


def test_a_loaded_network_is_that_of_the_run(run, tmp_path):
    files = export_run(run.folder, output=tmp_path / "n.safetensors")
    name = run.folder.name
    assert len(files) == (2 if name == "cartpole" else 1)
    x = inputs_of(name)
    for exported, expected in zip(files, networks(run.models[0]).values(), strict=True):
        network = load_network(exported.path)
        assert not any(isinstance(module, QuantumTrain) for module in network.modules())
        assert torch.equal(network(x), expected(x))
        document = json.loads(exported.path.with_suffix(".json").read_text())
        assert (document["input"]["shape"][1:], document["output"]["shape"][1:]) == (
            list(x.shape[1:]),
            list(expected(x).shape[1:]),
        )
        assert exported.size == exported.path.stat().st_size == exported.weights_size


def test_a_policy_is_the_agents_and_takes_raw_observations(run_of, tmp_path):
    run = run_of("cartpole")
    policy, value = (
        load_network(f.path) for f in export_run(run.folder, output=tmp_path / "agent.safetensors")
    )
    assert {p.name for p in tmp_path.glob("*.json")} == {"agent-policy.json", "agent-value.json"}
    x, agent = inputs_of("cartpole"), run.models[0]
    assert agent.mean.abs().sum() > 0
    with torch.no_grad():
        torch.testing.assert_close(policy(x), agent.eval()(x))
        torch.testing.assert_close(value(x), agent.value((x - agent.mean) * agent.shrink))


def test_a_seed_and_its_figures(run_of, tmp_path):
    run = run_of("bessel")
    (exported,) = export_run(run.folder, seed=5, output=tmp_path / "n.safetensors")
    assert exported.about["figures"]["test_mse"] == run.result["test_mse"][1]
    x = inputs_of("bessel")
    assert torch.equal(load_network(exported.path)(x), run.models[1].export()(x))


def test_files_go_into_the_run_folder_and_a_new_run_clears_them(tmp_path):
    short = {
        "epochs": 1,
        "depth": 1,
        "optimizer": "adam",
        "seeds": [3, 5],
        "output": tmp_path / "run",
        "quiet": True,
    }
    search("bessel", **short)
    export_run(tmp_path / "run", seed=5)
    export_run(tmp_path / "run", "generator")
    names = {"network-seed-5.safetensors", "network-seed-5.json", "generator.safetensors"}
    assert names <= {p.name for p in (tmp_path / "run").iterdir()}
    search("bessel", overwrite=True, **short)
    assert not names & {p.name for p in (tmp_path / "run").iterdir()}


def test_raw_pixels_scaled_as_the_file_says_are_the_networks_inputs(run_of, tmp_path):
    (exported,) = export_run(run_of("digits-mlp").folder, output=tmp_path / "n.safetensors")
    said = json.loads((tmp_path / "n.json").read_text())
    scaling = said["input"]["scaling"]
    names = {name: scaling[name] for name in ("white", "mean", "std")}
    pixels = digits().test[0][digits().test[1] == 8][:1, None].astype(np.float64)
    x = eval(scaling["formula"], {"pixel": pixels} | names)
    images = load_images("digits", (8, 3))
    assert np.abs(images.test_images[images.test_labels == 0][:1] - x).max() < 1e-6
    assert (said["output"]["classes"], said["output"]["labels"]) == (["8", "3"], [8, 3])
    assert exported.about["figures"].keys() >= {"test_accuracy", "test_loss"}


def test_raw_values_scaled_as_the_file_says_give_the_forecast(run_of, tmp_path):
    run = run_of("bessel")
    (exported,) = export_run(run.folder, output=tmp_path / "n.safetensors")
    said = json.loads((tmp_path / "n.json").read_text())
    low, high = (said["input"]["scaling"][key] for key in ("low", "high"))
    series = bessel()
    value = series[200:204]
    window = eval(said["input"]["scaling"]["formula"], {"value": value, "low": low, "high": high})
    task = load_task("bessel")
    rows = torch.cat([task.train.inputs, task.test.inputs])
    assert np.abs(rows[200].numpy() - window).max() < 1e-6
    with torch.no_grad():
        prediction = load_network(exported.path)(
            torch.tensor(window, dtype=torch.float32)[None]
        ).item()
    there = eval(
        said["output"]["scaling"]["formula"], {"prediction": prediction, "low": low, "high": high}
    )
    assert there == pytest.approx((high + low) / 2 + (high - low) / 2 * prediction)


def test_an_unscaled_series_is_fed_as_it_is(run_of, tmp_path):
    (exported,) = export_run(run_of("narma5").folder, output=tmp_path / "n.safetensors")
    assert exported.about["input"]["scaling"] == {"formula": "as it is"}
    assert "the drive u" in exported.about["input"]["meaning"]
    assert "the response y" in exported.about["output"]["meaning"]


def test_a_generator_regenerates_the_runs_network(run, tmp_path):
    for exported, (name, generator) in zip(
        export_run(run.folder, "generator", output=tmp_path / "g.safetensors"),
        generators(run.models[0]).items(),
        strict=True,
    ):
        assert exported.path.stem == ("g" if name == "network" else f"g-{name}")
        again = QuantumTrain.from_generator(exported.path, target=generator.export())
        assert all(torch.equal(t, again.generate()[key]) for key, t in generator.generate().items())
        assert exported.size == exported.path.stat().st_size
        assert (exported.trained, exported.weights) == (
            generator.parameter_report().total,
            generator.parameter_report().target,
        )


def test_a_task_of_ones_own(tmp_path):
    class Doubled(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = SeriesLSTM()

        def forward(self, x):
            return 2 * self.inner(x)

    task = replace(load_task("bessel"), name="mine", kind="plain", target=Doubled)
    run = search(task, epochs=1, depth=1, optimizer="adam", output=tmp_path / "run", quiet=True)
    (exported,) = export_run(run.folder, task=task)
    with pytest.raises(
        ArgumentError, match=r"network\.json does not have the structure of .*Doubled"
    ):
        load_network(exported.path)
    x = inputs_of("bessel")
    assert torch.equal(load_network(exported.path, target=Doubled())(x), run.models[0].export()(x))


def test_a_quantum_lstm_keeps_its_circuits(tmp_path):
    run = search(
        "bessel",
        model="qlstm",
        circuit="C1",
        classical=False,
        epochs=1,
        hidden_size=1,
        depth=1,
        output=tmp_path / "q",
        quiet=True,
    )
    for format in ("safetensors", "onnx", "generator"):
        with pytest.raises(RunError, match=r"no classical network to export .*diffqas\.load"):
            export_run(run.folder, format)
    assert not list(run.folder.glob("network*"))


def test_wrong_arguments_are_told_in_one_line(run_of, tmp_path):
    folder = run_of("bessel").folder
    with pytest.raises(
        ArgumentError,
        match="`format` must be one of safetensors, onnx, generator, but got 'pickle'",
    ):
        export_run(folder, "pickle")
    with pytest.raises(
        ArgumentError, match="`seed` must be one of the run's seeds, 3, 5, but got 0"
    ):
        export_run(folder, seed=0)
    with pytest.raises(ArgumentError, match=r"`output` must name a \.onnx file"):
        export_run(folder, "onnx", output=tmp_path / "n.safetensors")
    with pytest.raises(ArgumentError, match="`output` must lie in a folder that exists"):
        export_run(folder, output=tmp_path / "no" / "n.safetensors")


def test_a_seed_that_diverged_is_not_exported(run_of, tmp_path, monkeypatch):
    run = run_of("bessel")
    failed = run.result | {"failures": {"5": "NaN"}}
    monkeypatch.setattr("diffqas.runs.finished.RunFolder.load_result", lambda self: failed)
    with pytest.raises(RunError, match=r"Seed 5 .* diverged"):
        export_run(run.folder, seed=5, output=tmp_path / "n.safetensors")
    assert not list(tmp_path.iterdir())
