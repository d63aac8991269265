"""Federated runs: from the command line to the folder, resumed, and refused in one line."""

import pytest

from diffqas import load, resume, search
from diffqas.cli import main
from diffqas.errors import ArgumentError, RunError
from diffqas.reports import Terminal
from diffqas.runs.report import run_page
from diffqas.searches.artefacts import curves_picture
from diffqas.searches.config import config_from_json
from diffqas.searches.result_table import show
from diffqas.storage import RunFolder, read_json
from diffqas.training import Federated, FederatedTraining

SMALL = {"depth": 1, "optimizer": "adam", "quiet": True}


def test_the_command_line_leaves_a_run_with_what_travelled(tmp_path, capsys):
    folder = tmp_path / "run"
    words = [
        "search",
        "bessel",
        "--depth",
        "1",
        "--clients",
        "4",
        "--rounds",
        "2",
        "--local-epochs",
        "3",
    ]
    main([*words, "--optimizer", "adam", "--seeds", "2", "--output", str(folder)])
    said = " ".join(capsys.readouterr().out.split())
    assert "4 clients (contiguous, 42 samples each), 2 rounds of 3 local epochs" in said
    assert (
        "144 bytes to and from each client in every round; the network's weights would be 7,124."
        in said
    )
    result = read_json(folder / "result.json")
    assert result["epochs"] == 6
    assert result["trainable_parameters"] == 36
    assert result["federated"]["bytes"] == 2 * 2 * 4 * 36 * 4
    config = config_from_json(read_json(folder / "config.json"))
    assert config.federated == Federated(4, 3, "contiguous")
    assert config.settings.epochs == 6
    run = load(folder)
    assert curves_picture(RunFolder(folder)).axes[0].get_xlabel() == "round"
    assert run_page(folder).settings["federated.clients"] == "4"
    show(run.result, console := Terminal(record=True, width=200))
    assert "default recipe, 2 rounds" in console.export_text()


def test_a_stopped_run_ends_like_one_that_was_not(tmp_path, monkeypatch):
    options = {**SMALL, "clients": 3, "rounds": 3, "seeds": 2}
    whole = search("narma5", **options, output=tmp_path / "whole")
    one_round = FederatedTraining._one_epoch

    def stop_after_one(self):
        if self.epoch == 1:
            raise RunError("stopped")
        return one_round(self)

    monkeypatch.setattr("diffqas.searches.session.CHECKPOINT_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(FederatedTraining, "_one_epoch", stop_after_one)
        with pytest.raises(RunError, match="stopped"):
            search("narma5", **options, output=tmp_path / "stopped")
    continued = resume(tmp_path / "stopped", quiet=True)
    assert continued.result | {"seconds": 0} == whole.result | {"seconds": 0}
    files = [run.folder / "model.safetensors" for run in (whole, continued)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_run_without_clients_says_nothing_of_them(tmp_path):
    run = search("bessel", **SMALL, epochs=1, output=tmp_path / "run")
    assert "federated" not in run.result
    assert config_from_json(read_json(run.folder / "config.json")).federated is None


def test_a_quantum_lstm_is_averaged_too(tmp_path):
    options = {
        "model": "qlstm",
        "hidden_size": 1,
        "classical": False,
        "depth": 1,
        "optimizer": "adam",
        "quiet": True,
    }
    run = search("bessel", **options, clients=2, rounds=1, output=tmp_path / "run")
    assert run.result["federated"]["samples"] == [84, 84]


@pytest.mark.parametrize(
    ("dataset", "options", "message"),
    [
        (
            "bessel",
            {"clients": 200},
            "`clients` must be at most the 168 training samples, but got 200.",
        ),
        ("bessel", {"clients": 0}, "`clients` must be at least 1, but got 0."),
        (
            "bessel",
            {"clients": 2, "split": "label"},
            "`split` must be iid or contiguous for a task without classes",
        ),
        ("bessel", {"rounds": 3}, "`rounds` must go with clients, but got 3."),
        ("bessel", {"local_epochs": 3}, "`local_epochs` must go with clients, but got 3."),
        ("bessel", {"split": "iid"}, "`split` must go with clients, but got iid."),
        (
            "bessel",
            {"clients": 2, "rounds": 3, "epochs": 3},
            "`epochs` must be left out where rounds are given",
        ),
        (
            "bessel",
            {"clients": 2, "rounds": 0},
            "`rounds` must be a whole number of at least 1, but got 0.",
        ),
        (
            "bessel",
            {"clients": 2, "local_epochs": 7},
            "`epochs` must be a multiple of the 7 local epochs of a round",
        ),
        (
            "bessel",
            {"clients": 2, "select": "best"},
            "`select` must be final with clients, but got best.",
        ),
        (
            "cartpole",
            {"clients": 2},
            "`clients` must be used with a data set, but got an environment.",
        ),
    ],
)
def test_wrong_options_leave_nothing_behind(tmp_path, dataset, options, message):
    if dataset == "cartpole":
        pytest.importorskip("gymnasium", reason="environments need gymnasium")
    with pytest.raises(ArgumentError) as error:
        search(dataset, quiet=True, output=tmp_path / "run", **options)
    assert str(error.value).startswith(f"Argument {message}")
    assert not (tmp_path / "run").exists()
