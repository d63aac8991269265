"""What a search says of a task of one's own: whether it will learn, and when it does not."""

import json

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from diffqas import search
from diffqas.optimisers import Adam, Kalman
from diffqas.quantum_train import RECIPES
from diffqas.runs.report import report_runs
from diffqas.tasks import Settings, Split, Task

draw = torch.Generator().manual_seed(0)
X = torch.randn(60, 13, generator=draw)
LABELS, VALUES = torch.arange(60) % 3, X[:, :3].sin()


def deep():
    return nn.Sequential(
        nn.Linear(13, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3)
    )


def task_of(loss=cross_entropy, targets=LABELS, network=deep, **choices):
    given = {"depth": 2, "epochs": 2, "batch_size": 30, "optimizer": Adam(0.05)} | choices
    recipe = given.pop("recipe", "default")
    return Task(
        name="own",
        train=Split(X, targets),
        test=Split(X[:10], targets[:10]),
        target=network,
        loss=loss,
        metrics={"loss": loss},
        recipes={"default": Settings(RECIPES[recipe], **given)},
    )


def said(capsys):
    return " ".join(capsys.readouterr().out.split())


@pytest.fixture
def run(tmp_path, capsys):
    """Search a task; what it prints."""

    def searched(task, **choices):
        search(task, output=tmp_path / "run", overwrite=True, **choices)
        return said(capsys)

    return searched


def test_a_network_that_the_steps_kill(run):
    out = run(task_of())
    assert "check: The outputs hardly depend on the inputs any more after 20 steps" in out
    assert "recipe='auto' measures the rates" in out


def test_a_healthy_one(run):
    out = run(task_of(recipe="auto", optimizer=Adam(0.01)))
    assert "check: Nothing was found that keeps it from learning." in out


def test_the_filter_has_no_learning_rate(run):
    out = run(task_of(mse_loss, VALUES, optimizer=Kalman()))
    assert "check: " in out
    assert "a learning rate of" not in out


@pytest.mark.parametrize(
    "choices",
    [
        {"bilevel": True},
        {"sparsity": 0.1},
        {"relaxation": "gumbel"},
        {"clients": 2},
        {"shots": 100},
        {"per_layer": True},
        {"seeds": 2, "optimizer": "soap", "schedule": "cosine"},
    ],
    ids=str,
)
def test_every_way_to_train(run, choices):
    assert "check: " in run(task_of(network=lambda: nn.Linear(13, 3)), **choices)


def test_a_named_data_set_is_not_checked(run):
    assert "check: " not in run("bessel", depth=1, epochs=1, chunk=64)


def test_it_changes_nothing(tmp_path, capsys):
    choices = {"seeds": 2, "relaxation": "gumbel"}
    task = task_of(
        network=lambda: nn.Sequential(nn.Linear(13, 8), nn.Dropout(0.5), nn.Linear(8, 3))
    )
    told = search(task, output=tmp_path / "told", **choices)
    assert "check: " in said(capsys)
    untold = search(task, output=tmp_path / "untold", quiet=True, **choices)
    assert told.result["test_loss"] == untold.result["test_loss"]
    lines = [(found.folder / "metrics.jsonl").read_bytes() for found in (told, untold)]
    assert lines[0] == lines[1]


def test_what_has_learnt_nothing_is_said_and_kept(tmp_path, capsys):
    task = task_of(optimizer=Adam(1e-9))
    result = search(task, seeds=2, output=tmp_path / "run")
    out = said(capsys)
    assert "Seeds 0, 1 have learnt nothing after 1 of 2 epochs: the loss is" in out
    stored = json.loads((tmp_path / "run" / "result.json").read_text())["stuck"]
    assert set(stored) == {"0", "1"}
    shown = " ".join(repr(result.outcome).split())
    assert "had learnt nothing after a tenth of the training: the loss is" in shown
    page, _ = report_runs([tmp_path / "run"])
    assert "Seed 1 had learnt nothing after a tenth of the training" in page.read_text()
