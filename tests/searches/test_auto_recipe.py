"""`--recipe auto`: on data sets by its name, and of a task of one's own that brings no recipes."""

import json

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from diffqas import resume, search
from diffqas.cli import main
from diffqas.optimisers import SOAP, Adam
from diffqas.quantum_train import ADAM_LR, RECIPES, SOAP_LR
from diffqas.searches import estimate, prepare
from diffqas.searches.command import command_of
from diffqas.storage import RunFolder
from diffqas.tasks import SERIES_RECIPES, Settings, Split, Task, auto_settings, with_auto

X = torch.randn(60, 4, generator=torch.Generator().manual_seed(0))
LABELS = (X[:, 0] > 0).long()

OWN = """
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from diffqas.tasks import Split, Task

x = torch.randn(60, 4, generator=torch.Generator().manual_seed(0))
part = Split(x, (x[:, 0] > 0).long())
task = Task("own", part, part, lambda: nn.Linear(4, 2), cross_entropy, {"loss": cross_entropy})
"""


@pytest.fixture
def own(tmp_path):
    """The words of a task without recipes."""
    path = tmp_path / "own.py"
    path.write_text(OWN)
    return f"{path}:task"


def test_a_task_without_recipes(own):
    prepared = prepare(own)
    assert prepared.config.recipe == "auto"
    settings = prepared.config.settings
    assert settings == auto_settings(60)
    assert settings.generator == RECIPES["auto"]
    assert settings.optimizer == SOAP(SOAP_LR)
    assert settings.schedule == "cosine"
    # 60 samples in batches of 7 are 9 steps: 223 epochs are 2,007 of them.
    assert (settings.depth, settings.batch_size, settings.epochs) == (30, 7, 223)


def test_recipes_that_a_task_brings_are_kept():
    split = Split(X, LABELS)
    mine = Settings(RECIPES["default"], depth=2, epochs=3, batch_size=5)
    task = Task("own", split, split, lambda: nn.Linear(4, 2), cross_entropy, {}, {"default": mine})
    assert dict(task.recipes) == {"default": mine}
    known = with_auto(task.recipes)
    assert known["default"] == mine
    automatic = known["auto"]
    assert (automatic.depth, automatic.epochs, automatic.batch_size) == (2, 3, 5)
    assert automatic.generator == RECIPES["auto"]
    given = {"auto": mine}
    assert with_auto(given) is given


@pytest.mark.parametrize("changes", [{"bilevel": True}, {"sparsity": 0.1}])
def test_what_only_adam_can_do_is_done_by_adam(changes):
    mine = Settings(RECIPES["default"], depth=2, epochs=3, batch_size=5, **changes)
    assert with_auto({"default": mine})["auto"].optimizer == Adam(ADAM_LR)


@pytest.mark.parametrize("name", ["bessel", "digits", "wine"])
def test_it_is_there_for_every_kind_of_data(name):
    config = prepare(name, recipe="auto").config
    assert config.recipe == "auto"
    assert config.settings.generator == RECIPES["auto"]
    assert config.settings.optimizer == SOAP(SOAP_LR)


def test_options_go_with_it():
    settings = prepare("bessel", recipe="auto", depth=3, lr=0.05, leverage=10.0).config.settings
    assert settings.optimizer == SOAP(0.05)
    assert (settings.depth, settings.generator.leverage) == (3, 10.0)
    assert prepare("bessel", recipe="auto", optimizer="adam").config.settings.optimizer == Adam(
        ADAM_LR
    )


def test_too_many_numbers_are_trained_by_adam():
    prepared = prepare("bessel", recipe="auto", depth=250)
    assert prepared.config.settings.optimizer == Adam(ADAM_LR)
    assert "soap: trained by adam" in prepared.note
    series = SERIES_RECIPES["default"]
    assert prepare("bessel", depth=2).config.settings.optimizer == series.optimizer


@pytest.mark.parametrize(
    ("dataset", "choices"),
    [("bessel", {"model": "qlstm"}), ("bessel", {"per_layer": True}), ("cartpole", {})],
)
def test_where_it_cannot_be(dataset, choices):
    with pytest.raises(ValueError, match="`recipe` must be one of paper, default, but got 'auto'"):
        prepare(dataset, recipe="auto", **choices)


def test_a_command_repeats_it():
    config = prepare("bessel", recipe="auto", epochs=5).config
    assert command_of(config).text == "diffqas search bessel --recipe auto --epochs 5"


def test_an_estimate(own):
    found = estimate(prepare(own))
    assert found.steps == 223 * 9


def test_a_run_is_resumed_to_the_bit(own, tmp_path, stopped):
    choices = {"epochs": 3, "depth": 2, "quiet": True}
    whole = search(own, output=tmp_path / "whole", **choices)
    with stopped():
        search(own, output=tmp_path / "half", **choices)
    again = resume(tmp_path / "half", quiet=True)
    assert again.result["test_loss"] == whole.result["test_loss"]
    assert again.result["recipe"] == "auto"


def test_the_command_line(own, tmp_path, capsys):
    words = ["--recipe", "auto", "--depth", "1", "--epochs", "1", "--output", str(tmp_path / "run")]
    main(["search", own, *words])
    assert "auto recipe, 1 epoch" in capsys.readouterr().out
    content = json.loads(RunFolder(tmp_path / "run").config.read_text())
    assert content["run"]["recipe"] == "auto"


def test_help_shows_its_defaults(capsys):
    with pytest.raises(SystemExit):
        main(["search", "bessel", "--recipe", "auto", "--help"])
    said = capsys.readouterr().out
    assert f"(default: {RECIPES['auto'].leverage})" in " ".join(said.split())
    assert f"(default: {SOAP_LR})" in " ".join(said.split())


def test_a_regression_learns(tmp_path):
    torch.manual_seed(0)
    targets = torch.stack([X[:, 0] * X[:, 1], X[:, 2]], 1)
    split = Split(X, targets)

    def network():
        return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2))

    task = Task("own", split, split, network, mse_loss, {"mse": mse_loss})
    run = search(task, epochs=15, depth=5, quiet=True, output=tmp_path / "run")
    assert run.result["train_mse"][0] < 0.7 * float(targets.var(0).mean())
