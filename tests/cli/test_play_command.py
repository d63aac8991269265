"""`diffqas play` as a person types it."""

import json
import os
from types import SimpleNamespace

import pytest
import torch
from PIL import Image
from torch import nn

from diffqas.agents.networks import Agent
from diffqas.cli.play import Play
from diffqas.errors import ArgumentError, RunError
from diffqas.runs.play import play_run

pytest.importorskip("minigrid", reason="environments need minigrid")


def agent(size, actions, favourite):
    """One that nearly always does the same."""
    policy = nn.Linear(size, actions, dtype=torch.float64)
    with torch.no_grad():
        policy.weight.zero_()
        policy.bias.copy_(9.0 * torch.eye(actions)[favourite])
    return Agent(policy, nn.Linear(size, 1), size)


RESULT = {
    "seeds": [3, 5],
    "recipe": "default",
    "report": "80 trainable numbers",
    "metric": "mse",
    "relaxation": "raw",
    "ranking": [],
    "references": [],
    "failures": {},
}
AGENTS = {"metric": "reward", "algorithm": "a2c", "last": 5, "mean_reward": [0.5, 0.0]}
AGENTS |= {"success_rate": [1.0, 0.0], "mean_length": [9.0, 9.0]}
AGENTS |= {"episodes": [20.0, 20.0], "steps": [180.0, 180.0]}
SERIES = {"train_mse": [0.1, 0.2], "test_mse": [0.1, 0.2]}


@pytest.fixture
def make(tmp_path, monkeypatch):
    """A run folder with a result, and what is loaded from it."""

    def run(task="minigrid-empty-5x5", size=147, actions=7):
        folder = tmp_path / "run"
        folder.mkdir()
        result = RESULT | {"task": task} | (SERIES if task == "bessel" else AGENTS)
        (folder / "result.json").write_text(json.dumps(result))
        loaded = SimpleNamespace(
            models=[agent(size, actions, favourite) for favourite in (actions - 1, 0)]
        )
        monkeypatch.setattr("diffqas.runs.finished.load", lambda place: {folder: loaded}[place])
        return folder

    return run


def size(path):
    with Image.open(path) as image:
        return image.n_frames, image.size


def test_first_and_last_state_and_how_it_went(make, capsys):
    run = make()
    Play(run, seed=5).run()
    printed = capsys.readouterr().out.splitlines()
    board = ["██████████", "██► ..  ██", "██      ██", "██    ★ ██", "██████████"]
    assert printed[:6] == [*(row.replace(".", " ") for row in board), "step 0/100"]
    assert printed[11] == "step 100/100  left  reward 0"
    assert printed[12:] == [
        f"reward 0, 100 steps (cut at the limit), no success: {run / 'play.gif'}"
    ]
    assert size(run / "play.gif") == (101, (320, 338))
    assert {path.name for path in run.iterdir()} == {"result.json", "play.gif"}


def test_the_first_seed_plays_if_none_is_named(make, tmp_path):
    run = make("cartpole", 4, 2)
    episode, path = play_run(run, output=tmp_path / "first.gif")
    assert path == tmp_path / "first.gif"
    assert path.exists()
    assert set(episode.actions) == {1}
    assert set(play_run(run, seed=3)[0].actions) == {1}
    assert set(play_run(run, seed=5)[0].actions) == {0}


def test_drawn_actions(make):
    run = make("cartpole", 4, 2)
    first, again, other = (
        play_run(run, episode_seed=number, sample=True)[0] for number in (1, 1, 2)
    )
    assert first.actions == again.actions
    assert first.rewards
    assert other.texts == ("",) * (other.steps + 1)


def test_another_environment_in_shades(make, capsys, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "other")
    run = make("cartpole", 4, 2)
    Play(run, episode=7).run()
    assert os.environ["SDL_VIDEODRIVER"] == "other"
    printed = capsys.readouterr().out.splitlines()
    assert any("▓" in line for line in printed)
    assert "▀" not in "".join(printed)
    assert printed[-1] == f"reward 10, 10 steps, success: {run / 'play.gif'}"
    assert size(run / "play.gif") == (11, (320, 231))


@pytest.mark.parametrize("stop", [None, KeyboardInterrupt])
def test_a_terminal_shows_every_state(stop, make, capsys, monkeypatch):
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if stop:
            raise stop

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("diffqas.cli.play.time.sleep", sleep)
    run = make("cartpole", 4, 2)
    Play(run, episode=7).run()
    printed = capsys.readouterr().out
    assert "▀" in printed
    assert "step 0/10" in printed
    assert ("step 6/10" in printed) is (stop is None)
    assert slept == [0.25] * (10 if stop is None else 1)
    assert f"success: {run / 'play.gif'}" in printed.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": 4}, "`seed` must be one of the run's seeds, 3, 5, but got 4."),
        ({"output": "play.png"}, "`output` must name a .gif file, but got play.png."),
        ({"episode_seed": -1}, "`episode` must be a whole number of at least 0, but got -1."),
    ],
)
def test_wrong_options(options, words, make):
    run = make()
    with pytest.raises(ArgumentError, match=words):
        play_run(run, **options)
    assert [path.name for path in run.iterdir()] == ["result.json"]


def test_a_run_on_something_else(make, monkeypatch):
    run = make("bessel")
    monkeypatch.setattr("diffqas.runs.finished.load", None)
    with pytest.raises(
        RunError, match=r"is on bessel, which is no environment: only agents play .*\.$"
    ):
        play_run(run)


def test_folders_that_hold_no_finished_run(tmp_path):
    with pytest.raises(RunError, match=r"There is no result\.json"):
        play_run(tmp_path)
