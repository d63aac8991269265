"""One episode, step by step."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from diffqas.agents.environments import Environment
from diffqas.agents.play import Episode, grid_text, play_episode
from diffqas.errors import ArgumentError, DataError, RunError

pytest.importorskip("minigrid", reason="environments need minigrid")

LEFT, RIGHT, FORWARD, PICKUP, TOGGLE = 0, 1, 2, 3, 5


class Script(nn.Module):
    """A policy that takes the actions of a list, one after the other, and then again."""

    def __init__(self, *actions, count=7):
        super().__init__()
        self.actions, self.count, self.calls = actions, count, 0
        self.register_buffer("dtype", torch.zeros(1, dtype=torch.float64))

    def forward(self, observation):
        assert observation.dtype == torch.float64
        self.calls += 1
        return 9.0 * torch.eye(self.count)[self.actions[(self.calls - 1) % len(self.actions)]]


@pytest.fixture(scope="module")
def empty():
    environment = Environment("minigrid-empty-5x5", picture=True)
    yield environment
    environment.close()


def test_the_shortest_way_to_the_goal(empty):
    way = (FORWARD, FORWARD, RIGHT, FORWARD, FORWARD)
    episode = play_episode(empty, Script(*way), 0, frames=True)
    assert episode.actions == way
    assert episode.words == ("forward", "forward", "right", "forward", "forward")
    assert episode.rewards == (0, 0, 0, 0, pytest.approx(0.955))
    assert (episode.steps, episode.terminated, episode.truncated, episode.success) == (
        5,
        True,
        False,
        True,
    )
    assert len(episode.frames) == len(episode.texts) == len(episode.captions) == 6
    assert all(frame.dtype == np.uint8 and frame.shape == (160, 160, 3) for frame in episode.frames)
    assert not np.array_equal(episode.frames[0], episode.frames[1])
    assert episode.captions[0] == "step 0/5"
    assert episode.captions[3] == "step 3/5  right  reward 0"
    assert episode.captions[5] == "step 5/5  forward  reward 0.955"


def test_frames_are_only_kept_where_they_are_asked_for():
    environment = Environment("minigrid-empty-5x5")
    episode = play_episode(environment, Script(FORWARD), 0, limit=3)
    assert episode.frames == episode.texts == ()
    with pytest.raises(DataError, match=r"^The MiniGrid-Empty-5x5-v0 draws no pictures\.$"):
        play_episode(environment, Script(FORWARD), 0, limit=3, frames=True)


def test_limits(empty):
    own = play_episode(empty, Script(LEFT), 0, limit=1_000)
    assert (own.steps, own.terminated, own.truncated, own.success) == (100, False, True, False)
    cut = play_episode(empty, Script(LEFT), 0, limit=7)
    assert (cut.steps, cut.terminated, cut.truncated, cut.success) == (7, False, True, False)
    end = play_episode(empty, Script(FORWARD, FORWARD, RIGHT, FORWARD, FORWARD), 0, limit=5)
    assert (end.steps, end.terminated, end.truncated) == (5, True, False)


def test_drawn_actions_belong_to_the_seed(empty):
    policy = nn.Linear(147, 7)
    nn.init.zeros_(policy.weight)
    nn.init.zeros_(policy.bias)
    first, again, other = (
        play_episode(empty, policy, seed, greedy=False, limit=40) for seed in (3, 3, 4)
    )
    assert first.actions == again.actions != other.actions
    assert len(set(first.actions)) == 7
    assert set(play_episode(empty, policy, 3, limit=40).actions) == {0}


def test_the_seed_decides_where_the_environment_begins():
    environment = Environment("cartpole")
    first, again, other = (
        play_episode(environment, Script(0, count=2), seed) for seed in (0, 0, 2**70)
    )
    assert first.actions == again.actions
    assert first.reward == first.steps > 5
    assert first.success
    assert first.words[0] == "action 0"
    starts = {tuple(environment.reset(seed)) for seed in (0, 2**70)}
    assert len(starts) == 2
    assert other.terminated


@pytest.mark.parametrize(
    ("seed", "limit", "words"),
    [
        (-1, 5, "`episode` must be a whole number of at least 0, but got -1"),
        (0, 0, "`limit` must be a whole number"),
    ],
)
def test_wrong_numbers(seed, limit, words, empty):
    with pytest.raises(ArgumentError, match=words):
        play_episode(empty, Script(FORWARD), seed, limit=limit)


@pytest.mark.parametrize("greedy", [True, False])
def test_logits_that_are_no_numbers(greedy, empty):
    policy = nn.Linear(147, 7)
    nn.init.constant_(policy.bias, float("nan"))
    with pytest.raises(RunError, match="logits are not finite"):
        play_episode(empty, policy, 0, greedy=greedy)


def test_no_step_at_all():
    assert Episode((), (), (), False, False).reward == 0


def test_a_grid_as_text(empty):
    empty.reset(0)
    wall = "W5"
    assert grid_text(empty).split("\n") == [
        wall * 5,
        wall + ">0    " + wall,
        wall + "      " + wall,
        wall + "    G1" + wall,
        wall * 5,
    ]
    for arrow in "v<^>":
        empty.step(RIGHT)
        assert grid_text(empty).count(arrow + "0") == 1


def test_keys_doors_and_what_is_carried():
    environment = Environment("minigrid-doorkey-5x5")
    environment.reset(0)
    state = environment.gym.unwrapped
    assert {"K4", "L4"} <= cells(environment)
    key, door = (
        next(thing for thing in state.grid.grid if thing and thing.type == kind)
        for kind in ("key", "door")
    )
    state.carrying = key
    assert grid_text(environment).split("\n")[-1] == "+K4"
    door.is_locked = False
    assert "D4" in cells(environment)
    door.is_open = True
    assert "O4" in cells(environment)


def test_lava():
    environment = Environment("minigrid-lavagap-s5")
    environment.reset(0)
    assert "V0" in cells(environment)


def test_unknown_things_and_environments_without_a_grid():
    things = {
        (0, 0): SimpleNamespace(type="robot", color="pink"),
        (1, 0): SimpleNamespace(type="ball", color="blue"),
    }
    grid = SimpleNamespace(width=3, height=1, get=lambda column, row: things.get((column, row)))
    state = SimpleNamespace(grid=grid, agent_pos=(2, 0), agent_dir=2)
    assert grid_text(SimpleNamespace(gym=SimpleNamespace(unwrapped=state))) == "?5A2<0"
    assert grid_text(Environment("cartpole")) == ""


def cells(environment):
    return {
        row[at : at + 2]
        for row in grid_text(environment).split("\n")
        for at in range(0, len(row), 2)
    }
