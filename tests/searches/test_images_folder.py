"""What a run on images leaves: both figures of both parts, names of classes, curves."""

import json
from dataclasses import replace

import pytest
import torch

from diffqas import search
from diffqas.searches.data_choices import DataChoices
from diffqas.searches.data_sets import load_task
from diffqas.tasks.images import MLP


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "digits"
    return search("digits", classes=(8, 3), depth=1, epochs=2, seeds=2, output=folder, quiet=True)


def test_the_result_has_both_figures_of_both_parts(run):
    result = json.loads((run.folder / "result.json").read_text())
    assert result == run.result
    assert (result["metric"], result["classes"]) == ("accuracy", ["8", "3"])
    for key in ("train_accuracy", "test_accuracy", "train_loss", "test_loss"):
        assert len(result[key]) == 2
    assert all(0 <= value <= 1 for value in result["test_accuracy"])
    assert len(result["ranking"][0]["weights"]) == 2
    assert [row["name"] for row in result["references"]] == ["majority class", "nearest mean image"]


def test_the_loss_is_that_of_the_exported_network(run):
    task = load_task("digits", DataChoices(classes=(8, 3))).to("cpu", torch.float32)
    for seed, model in enumerate(run.models):
        network = model.export()
        assert isinstance(network, MLP)
        with torch.no_grad():
            loss = task.loss(network(task.test.inputs), task.test.targets).item()
        assert loss == pytest.approx(run.result["test_loss"][seed], rel=1e-5)


def test_the_pictures_are_those_of_images(run):
    names = {path.name for path in run.folder.iterdir()}
    assert {"curves.png", "structural_weights.png"} <= names
    assert not {"predictions.png", "predictions.pt"} & names
    accuracy, loss = run.plot().axes
    records = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    for axes, key, unit in ((accuracy, "test_accuracy", 100), (loss, "test_loss", 1)):
        drawn = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
        assert drawn["test"] == pytest.approx([unit * sum(record[key]) / 2 for record in records])


def test_names_of_classes_are_the_task_s_own(tmp_path):
    named = load_task("digits", DataChoices(classes=(0, 1)), "cnn")
    for number, names in enumerate([("0", "1"), ()]):
        task = replace(named, class_names=names)
        folder = tmp_path / f"own{number}"
        result = search(task, depth=1, epochs=1, output=folder, quiet=True).result
        assert result["classes"] == list(names)
    every = search(
        "digits", target="cnn", depth=1, epochs=1, output=tmp_path / "all", quiet=True
    ).result
    assert every["classes"] == list("0123456789")
