import sys

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from diffqas.agents.environments import ENVIRONMENTS, Environment, is_environment
from diffqas.agents.task import environment_task
from diffqas.errors import ArgumentError, DataError, DiffqasError

DISCRETE = spaces.Discrete(2)


class Fixed(gymnasium.Env):
    """Shows what it is given, and ends with any action, which it keeps."""

    def __init__(self, seen: object, space: spaces.Space, actions: spaces.Space = DISCRETE) -> None:
        self.seen, self.observation_space, self.action_space = seen, space, actions
        self.done: list[int] = []
        self.closed = 0

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[object, dict]:
        super().reset(seed=seed)
        return self.seen, {}

    def step(self, action: int) -> tuple[object, float, bool, bool, dict]:
        self.done.append(action)
        return self.seen, 2.5, True, False, {}

    def close(self) -> None:
        self.closed += 1


def test_minigrid_shows_its_image_row_by_row():
    environment = Environment("minigrid-doorkey-5x5")
    seen = environment.reset(4)
    plain = gymnasium.make("MiniGrid-DoorKey-5x5-v0")
    image = plain.reset(seed=4)[0]["image"]
    assert (environment.observations, environment.actions) == (147, 7)
    assert seen.dtype == np.float32
    assert seen.tolist() == [
        image[row, column, kind] for row in range(7) for column in range(7) for kind in range(3)
    ]
    for action in (1, 1, 2, 0, 2, 5):
        step = environment.step(action)
        state, reward, terminated, truncated, _ = plain.step(action)
        assert step.observation.tolist() == state["image"].ravel().tolist()
        assert (step.reward, step.terminated, step.truncated) == (reward, terminated, truncated)
    environment.close()
    plain.close()


def test_cartpole_shows_its_four_numbers():
    environment = Environment("cartpole")
    plain = gymnasium.make("CartPole-v1")
    assert (environment.observations, environment.actions) == (4, 2)
    np.testing.assert_array_equal(environment.reset(11), plain.reset(seed=11)[0])
    np.testing.assert_array_equal(environment.step(1).observation, plain.step(1)[0])
    assert environment.step(1).reward == 1.0


def test_a_numbered_state_is_shown_as_one_of_many():
    environment = Environment("FrozenLake-v1")
    assert (environment.observations, environment.actions) == (16, 4)
    assert environment.reset(0).tolist() == [1.0] + 15 * [0.0]


@pytest.mark.parametrize(
    ("space", "seen", "expected"),
    [
        (spaces.Discrete(3, start=5), np.int64(6), [0, 1, 0]),
        (spaces.Discrete(3), np.array(2), [0, 0, 1]),
        (spaces.MultiBinary(3), np.array([1, 0, 1], np.int8), [1, 0, 1]),
        (spaces.MultiDiscrete([2, 3]), np.array([1, 2]), [0, 1, 0, 0, 1]),
        (
            spaces.Box(-1, 1, (2, 2)),
            np.array([[0.5, -0.5], [0.25, 1]], np.float32),
            [0.5, -0.5, 0.25, 1],
        ),
    ],
    ids=["discrete", "discrete array", "bits", "several discrete", "box"],
)
def test_every_space_becomes_a_vector_of_its_length(registered, space, seen, expected):
    environment = Environment(registered(lambda: Fixed(seen, space)))
    assert environment.reset(0).tolist() == expected
    assert environment.step(0).observation.tolist() == expected
    assert environment.observations == len(expected)


def test_actions_count_from_zero_wherever_the_environment_begins(registered):
    environment = Environment(
        registered(lambda: Fixed(0, spaces.Discrete(2), spaces.Discrete(3, start=-1)))
    )
    environment.reset(0)
    step = environment.step(0)
    environment.step(2)
    assert environment.gym.unwrapped.done == [-1, 1]
    assert (step.reward, step.terminated, step.truncated) == (2.5, True, False)
    assert environment.actions == 3


def test_an_episode_follows_from_its_seed():
    environment = Environment("minigrid-empty-random-5x5")
    first = environment.reset(3)
    others = [environment.reset(seed) for seed in range(10)]
    np.testing.assert_array_equal(others[3], first)
    assert any(not np.array_equal(other, first) for other in others)


def test_a_picture_is_drawn_where_one_is_asked_for():
    environment = Environment("minigrid-empty-5x5", picture=True)
    environment.reset(0)
    picture = environment.render()
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    assert picture.std() > 0


def test_closing_closes_what_was_made(registered):
    environment = Environment(registered(lambda: Fixed(0, DISCRETE)))
    environment.close()
    assert environment.gym.unwrapped.closed == 1


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_short_name_can_be_made(name):
    environment = Environment(name)
    assert environment.reset(0).shape == (environment.observations,)
    environment.close()


def test_the_form_of_a_name_tells_an_environment():
    yes = (
        "cartpole",
        "CartPole-v1",
        "minigrid:MiniGrid-Empty-5x5-v0",
        "ALE/Pong-v5",
        "MiniGrid-Empty-5x5-v0",
    )
    no = ("bessel", "mnist", "CartPole", "v1", "-v1", "data.csv", "CartPole-v1.csv")
    assert all(map(is_environment, yes))
    assert not any(map(is_environment, no))


def refusal(name: str, kind: type[DiffqasError]) -> str:
    with pytest.raises(kind) as stop:
        environment_task(name)
    told = str(stop.value)
    assert len(told.splitlines()) == 1
    return told


def test_an_unknown_id_is_refused_with_those_that_there_are():
    told = refusal("MiniGrid-Emty-5x5-v0", ArgumentError)
    for word in (
        "`dataset`",
        "minigrid-empty-5x5, ",
        "cartpole",
        "'MiniGrid-Emty-5x5-v0'",
        "Did you mean: `MiniGrid-E",
    ):
        assert word in told


@pytest.mark.parametrize(
    "name", ["cartpol", "CartPole-v99", "nowhere/CartPole-v1", "no_such_module:Some-v0"]
)
def test_whatever_gymnasium_refuses_is_one_line(name):
    assert repr(name) in refusal(name, ArgumentError)


def test_continuous_actions_are_refused():
    told = refusal("Pendulum-v1", ArgumentError)
    assert "`dataset` must have discrete actions, but got Box(" in told
    assert told.endswith("of Pendulum-v1.")


@pytest.mark.parametrize(
    ("space", "seen"),
    [
        (spaces.Dict({"place": spaces.Discrete(2)}), {"place": 0}),
        (spaces.Dict({"image": spaces.Box(0, 1, (2,))}), {"image": np.zeros(2, np.float32)}),
        (spaces.Tuple([spaces.Discrete(2), spaces.Discrete(2)]), (0, 1)),
        (spaces.Text(4), "left"),
    ],
    ids=["dict", "image without mission", "tuple", "text"],
)
def test_observations_that_are_neither_numbers_nor_an_image_are_refused(registered, space, seen):
    told = refusal(registered(lambda: Fixed(seen, space)), ArgumentError)
    assert "`dataset` must have observations that are numbers or an image, but got" in told


@pytest.mark.parametrize(
    ("module", "name"), [("gymnasium", "cartpole"), ("minigrid", "minigrid-empty-5x5")]
)
def test_what_is_not_installed_is_told_with_its_remedy(monkeypatch, module, name):
    monkeypatch.setitem(sys.modules, module, None)
    assert "pip install 'diffqas[rl]'" in refusal(name, DataError)


def test_cartpole_needs_no_minigrid(monkeypatch):
    monkeypatch.setitem(sys.modules, "minigrid", None)
    assert environment_task("cartpole").observations == 4


def test_what_a_single_environment_needs_is_told_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "Box2D", None)
    told = refusal("LunarLander-v3", DataError)
    assert "The environment LunarLander-v3 cannot be made: " in told
    assert "gymnasium[box2d]" in told
