"""Agents as a person types them: search, show, play, and what is refused."""

import io
import re
from contextlib import redirect_stdout

import pytest
import torch

from diffqas.cli import main

pytest.importorskip("minigrid", reason="environments need minigrid")

ROOM = "minigrid-empty-5x5"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a small run, and what was printed meanwhile."""
    folder, printed = tmp_path_factory.mktemp("agents"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setenv("COLUMNS", "160")
        patch.chdir(folder)
        main(["search", ROOM, "--episodes", "4", "--workers", "4", "--depth", "2", "--seeds", "2"])
    return folder / "runs" / ROOM, printed.getvalue()


@pytest.fixture
def run(finished, monkeypatch):
    """The run as the folder `run` of the current one."""
    monkeypatch.chdir(finished[0].parent)
    monkeypatch.setenv("COLUMNS", "160")
    return ROOM


def test_a_search_tells_what_it_trains_and_how_far_it_is(finished):
    _, printed = finished
    counts = "106 trainable numbers write 11,848 weights (111.8x): "
    parts = "policy 53 -> 6,023 (13 qubits, depth 2), value 53 -> 5,825 (13 qubits, depth 2)"
    assert printed.startswith(f"{ROOM}: {counts}{parts}\n")
    assert "6 of 12 candidates are constant whatever their angles" in printed
    assert re.search(
        r"\nepisode 8/8  reward \d\.\d{3}  success \d+%  \d+ episodes/s  "
        r"leading (policy|value) \S+\n",
        printed,
    )


def test_a_search_ends_with_its_report_and_its_files(finished):
    _, printed = finished
    assert f"{ROOM}: reward (mean of 4 episodes)" in map(str.rstrip, printed.splitlines())
    for words in (
        "best possible",
        "0.955",
        "5 steps of at most 100",
        "default recipe, a2c; success",
    ):
        assert words in printed
    table = printed[printed.index("candidates by mean rank over 2 seeds") :]
    assert table.splitlines()[1].split() == [
        "network",
        "candidate",
        "contribution",
        "weight",
        "rank",
    ]
    bars = [
        line.split()[:2]
        for line in table.splitlines()
        if "█" in line and line.startswith(("policy", "value"))
    ]
    assert [network for network, _ in bars] == ["policy", "value"]
    assert table.count("and 3 more") == 2
    told, _, further = table[table.index(f"runs/{ROOM}\n") :].partition("\n\nnext\n")
    assert [line.split()[1] for line in further.splitlines()] == ["play", "report", "export"]
    files = [line.split()[0] for line in told.splitlines()[1:]]
    assert files == [
        "model.safetensors",
        "circuit-policy.qasm",
        "circuit-value.qasm",
        "*-seed-*",
        "structural_weights.png",
        "rewards.png",
        "episodes.safetensors",
        "result.json",
        "metrics.jsonl",
        "tensorboard",
    ]


def test_show_prints_the_same_report(finished, run, capsys):
    main(["show", run])
    shown = capsys.readouterr().out.strip()
    assert shown.count("\n") > 20
    assert shown in finished[1].replace(f"runs/{ROOM}", ROOM)


def test_the_agent_plays(run, capsys, tmp_path):
    animation = tmp_path / "episode.gif"
    main(["play", run, "--seed", "1", "--episode", "2", "--output", str(animation)])
    printed = capsys.readouterr().out
    assert printed.splitlines()[0] == "██████████"
    assert re.search(
        r"\nreward \S+, \d+ steps?( \(cut at the limit\))?, "
        rf"(no )?success: {re.escape(str(animation))}\n",
        printed,
    )
    assert animation.read_bytes().startswith(b"GIF89a")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (
            ["--epochs", "3"],
            "`epochs` must be used with a data set, but got an environment (minigrid-empty-5x5).",
        ),
        (
            ["--optimizer", "adam"],
            "`optimizer` must be used with a data set, but got an environment",
        ),
        (["--select", "best"], "`select` must be used with a data set, but got an environment"),
        (["--target", "mlp"], "`target` must be used with a data set, but got an environment"),
        (
            ["--classes", "1", "5"],
            f"`classes` must be used with a data set, but got the environment '{ROOM}'.",
        ),
        (
            ["--csv", "x.csv"],
            f"`csv` must be used with a data set, but got the environment '{ROOM}'.",
        ),
        (
            ["--column", "x"],
            f"`column` must be used with a data set, but got the environment '{ROOM}'.",
        ),
        (
            ["--scaling", "train"],
            f"`scaling` must be used with a data set, but got the environment '{ROOM}'.",
        ),
        (
            ["--data-dir", "."],
            f"`data_dir` must be used with a data set, but got the environment '{ROOM}'.",
        ),
        (["--reservoir"], "`reservoir` must be used with a data set, but got an environment."),
        (
            ["--hidden-size", "5"],
            "`hidden_size` must be used with a data set, but got an environment.",
        ),
        (["--model", "qlstm"], "`model` must be qt or vqc for an environment, but got 'qlstm'."),
        (["--workers", "0"], "`workers` must be at least 1, but got 0."),
        (["--episodes", "0"], "`episodes` must be at least 1, but got 0."),
        (["--lr", "0"], "`lr` must be positive, but got 0.0."),
        (["--seeds", "0"], "`seeds` must be at least 1, but got 0."),
    ],
)
def test_options_that_no_agent_has(option, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused("search", ROOM, *option)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "option", [["--episodes", "3"], ["--algorithm", "a2c"], ["--workers", "4"]]
)
def test_options_that_only_agents_have(option, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = f"`{option[0][2:]}` must be used with an environment, but got data (bessel)."
    assert words in refused("search", "bessel", *option)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("minigrid-emty-5x5", ["`dataset` must be one of", "did you mean 'minigrid-empty-5x5'?"]),
        (
            "MiniGrid-Nowhere-v0",
            ["`dataset` must be one of minigrid-empty-5x5", "but got 'MiniGrid-Nowhere-v0'"],
        ),
        ("Pendulum-v1", ["`dataset` must have discrete actions, but got Box", "of Pendulum-v1."]),
    ],
)
def test_environments_that_cannot_be(name, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = refused("search", name)
    for word in words:
        assert word in told
    assert not list(tmp_path.iterdir())


def test_an_unknown_algorithm(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["search", ROOM, "--algorithm", "a4c"])
    assert stop.value.code == 2
    assert "a4c" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(torch.cuda.is_available(), reason="the device is there")
def test_a_device_that_is_not_there(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = refused("search", ROOM, "--algorithm", "a3c", "--device", "cuda")
    assert "`device` must be one of cpu (torch sees no CUDA here), but got 'cuda'." in told
    assert not list(tmp_path.iterdir())


def test_agents_forecast_nothing(run, refused):
    assert f"The run is on {ROOM}, which is no series:" in refused("forecast", run)


def test_a_run_is_not_replaced_unasked(run, refused):
    assert "holds a finished run. Give another --output, or --overwrite." in refused(
        "search", ROOM, "--output", run
    )
    assert "is finished" in refused("resume", run)
