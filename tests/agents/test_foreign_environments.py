"""Environments of other people: each kind of fault is one line that names environment and place."""

import sys
from dataclasses import replace
from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from diffqas.agents import a2c, environments
from diffqas.agents.arena import Arena
from diffqas.agents.environments import Environment, Step
from diffqas.agents.play import play_episode
from diffqas.agents.task import environment_task
from diffqas.errors import ArgumentError, DataError, DiffqasError

BOX = spaces.Box(0, 1, (8,), np.float32)


class Corridor(gymnasium.Env):
    """Eight fields; a step gives whatever `gives` makes of what it should give."""

    observation_space = BOX
    action_space = spaces.Discrete(2)

    def __init__(self, gives=None, begins=None):
        self.gives, self.begins = gives, begins

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = 0
        usual = self.view(), {}
        return usual if self.begins is None else self.begins(*usual)

    def step(self, action):
        self.place = min(7, max(0, self.place + (1 if action == 1 else -1)))
        usual = self.view(), -0.02, self.place == 7, False, {}
        return usual if self.gives is None else self.gives(*usual)

    def view(self):
        return np.eye(8, dtype=np.float32)[self.place]


def broken(*_):
    raise KeyError("door")


def bare(what):
    return lambda observation, *rest: (what(observation), *rest)


def late(what):
    """The fault comes on the way only."""
    return lambda seen, *rest: (what(seen) if seen[2] == 1 else seen, *rest)


STEPS = {
    "four values": (
        lambda o, r, e, t, i: (o, r, e, i),
        r"is not as gymnasium asks: step\(self, action\) must give \(observation, reward, termin",
    ),
    "six values": (lambda *all: (*all, 1), "step"),
    "nothing": (lambda *_: None, "step"),
    "an observation alone": (lambda o, *_: o, "step"),
    "NaN on the way": (late(lambda o: o * np.nan), "gave an observation that holds nan after 2 st"),
    "infinite": (bare(lambda o: o + np.inf), "an observation that holds inf after 1 steps"),
    "beyond float32": (bare(lambda o: o + np.float64(1e300)), "an observation that holds inf"),
    "a short observation": (
        bare(lambda o: o[:7]),
        r"gave an array of shape \(7,\) as an observation after 1 steps .* where its observation",
    ),
    "text": (bare(lambda o: "left"), "gave str 'left' as an observation"),
    "None": (bare(lambda o: None), "as an observation"),
    "a dictionary": (bare(lambda o: {"place": o}), "as an observation"),
    "a NaN reward": (lambda o, r, *rest: (o, float("nan"), *rest), "gave the reward nan after 1"),
    "an infinite reward": (lambda o, r, *rest: (o, np.float32("inf"), *rest), "the reward inf"),
    "a reward of text": (lambda o, r, *rest: (o, "good", *rest), "gave str 'good' as a reward"),
    "no reward": (lambda o, r, *rest: (o, None, *rest), "as a reward"),
    "two rewards": (lambda o, r, *rest: (o, np.zeros(2), *rest), r"shape \(2,\) as a reward"),
    "an end in words": (lambda o, r, e, *rest: (o, r, "no", *rest), "'no' as terminated"),
    "several ends": (lambda o, r, e, t, i: (o, r, e, [True, False], i), "as truncated"),
    "an error": (broken, r"failed in step: test_foreign_environments.py:\d+: KeyError: 'door'"),
}
RESETS = {
    "an observation alone": (
        lambda o, i: o,
        r"reset\(self, \*, seed=None, options=None\) must give",
    ),
    "three values": (lambda o, i: (o, 0.0, i), "reset"),
    "no dictionary": (lambda o, i: (o, 0), "reset"),
    "NaN": (lambda o, i: (o * np.nan, i), "an observation that holds nan at the start of an epis"),
    "an error": (broken, r"failed in reset: .*KeyError: 'door'"),
}


def told(name, kind=DataError):
    with pytest.raises(kind) as caught:
        environment_task(name)
    assert str(caught.value).isprintable()
    assert name in str(caught.value)
    return str(caught.value)


def matches(words, line):
    with pytest.raises(DiffqasError, match=words):
        raise DataError(line)


@pytest.mark.parametrize("limit", [50, None])
@pytest.mark.parametrize(("gives", "words"), STEPS.values(), ids=STEPS.keys())
def test_a_step_that_is_none(registered, gives, words, limit):
    matches(words, told(registered(lambda: Corridor(gives), max_episode_steps=limit)))


@pytest.mark.parametrize("limit", [50, None])
@pytest.mark.parametrize(("begins", "words"), RESETS.values(), ids=RESETS.keys())
def test_a_reset_that_is_none(registered, begins, words, limit):
    name = registered(lambda: Corridor(begins=begins), max_episode_steps=limit)
    matches(words, told(name))


class NoSeed(Corridor):
    def reset(self):
        self.place = 0
        return self.view(), {}


class NoSpaces(gymnasium.Env):
    def reset(self, *, seed=None, options=None):
        return 0, {}


class Sized(Corridor):
    def __init__(self, size):
        super().__init__()


class Unsound(Corridor):
    def __init__(self):
        raise RuntimeError("no licence\nfor this machine")


@pytest.mark.parametrize("limit", [50, None])
def test_a_reset_without_a_seed(registered, limit):
    assert "reset(self, *, seed=None, options=None) must give" in told(
        registered(NoSeed, max_episode_steps=limit)
    )


def test_what_cannot_be_made(registered):
    line = told(registered(Sized))
    assert "cannot be made: " in line
    assert "missing 1 required positional argument: 'size'" in line
    assert line.endswith("; give its arguments by gymnasium.register(..., kwargs={...}).")
    assert "RuntimeError: no licence for this machine." in told(registered(Unsound))
    with pytest.raises(ArgumentError, match="have observations that are numbers or an image, but"):
        environment_task(registered(NoSpaces))


def test_a_module_that_fails_is_told(tmp_path, monkeypatch):
    (tmp_path / "broken_rooms_of_tests.py").write_text("import gymnasium\n1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DataError, match=r"broken_rooms_of_tests.py:2: ZeroDivisionError: division"):
        environment_task("broken_rooms_of_tests:Corridor-v0")
    sys.modules.pop("broken_rooms_of_tests", None)


@pytest.mark.parametrize("space", [spaces.Box(-1, 1, (1,)), spaces.MultiDiscrete([2, 2])])
def test_other_actions(registered, space):
    def make():
        made = Corridor()
        made.action_space = space
        return made

    with pytest.raises(ArgumentError, match="`dataset` must have discrete actions, but got "):
        environment_task(registered(make))


@pytest.mark.parametrize("seen", [3, -1, 1.5, "a"])
def test_a_state_that_is_none_of_the_space(registered, seen):
    def make():
        made = Corridor(bare(lambda _: seen), begins=lambda _, info: (0, info))
        made.observation_space = spaces.Discrete(3)
        return made

    assert "as an observation after 1 steps" in told(registered(make))


def test_episodes_that_never_end(registered, monkeypatch):
    never = lambda o, r, *rest: (o, r, False, False, rest[-1])  # noqa: E731
    line = told(registered(lambda: Corridor(never)))
    assert "sets no time limit, and 10,000 random steps ended no episode" in line
    assert line.endswith("register it with max_episode_steps.")
    # With a limit it is an environment like any other.
    assert environment_task(registered(lambda: Corridor(never), max_episode_steps=9)).cut is None


def test_an_environment_without_a_limit_is_cut(registered, monkeypatch):
    monkeypatch.setattr(environments, "CUT", 4)
    environment = Environment(registered(Corridor))
    for _ in range(2):
        environment.reset(0)
        steps = [environment.step(0) for _ in range(4)]
        assert [step.truncated for step in steps] == [False, False, False, True]
        assert not any(step.terminated for step in steps)


def test_an_environment_with_a_limit_is_not_cut(registered, monkeypatch):
    monkeypatch.setattr(environments, "CUT", 4)
    environment = Environment(registered(Corridor, max_episode_steps=6))
    environment.reset(0)
    assert [environment.step(0).truncated for _ in range(6)] == [False] * 5 + [True]
    environment.close()


class Planned(Corridor):
    """The limit is known when an episode begins, as in BabyAI."""

    def reset(self, *, seed=None, options=None):
        self.max_steps = 30
        return super().reset(seed=seed)


def test_a_limit_that_an_episode_begins_with(registered):
    assert environment_task(registered(Planned)).cut is None


def test_a_task_tells_of_the_cut(registered):
    assert environment_task(registered(Corridor)).cut == environments.CUT
    assert environment_task(registered(Corridor, max_episode_steps=50)).cut is None


class Drawing(Corridor):
    metadata = {"render_modes": ["rgb_array"], "render_fps": 4}  # noqa: RUF012

    def __init__(self, render_mode=None, drawn=None):
        super().__init__()
        self.render_mode, self.drawn = render_mode, drawn

    def render(self):
        return broken() if isinstance(self.drawn, str) else self.drawn


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Corridor, r"^The Tests\d+-v0 draws no pictures\.$"),
        (Sized, "cannot be made: .*gymnasium.register"),
        (partial(Drawing, drawn=None), "draws no pictures: render.. gives None, and no array"),
        (partial(Drawing, drawn=np.zeros((4, 4))), r"gives an array of shape \(4, 4\), and no"),
        (partial(Drawing, drawn="error"), "failed in render: .*KeyError: 'door'"),
    ],
)
def test_pictures_that_are_none(registered, make, words):
    with pytest.raises(DataError, match=words):
        play_episode(
            Environment(registered(make, max_episode_steps=9), picture=True),
            nn.Linear(8, 2),
            0,
            frames=True,
        )


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.floats(), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.sampled_from([np.zeros(8), np.eye(8)[1], np.zeros((2, 4)), np.float32(1), np.bool_(True)]),
)


@settings(deadline=None)
@given(st.one_of(st.lists(VALUES, max_size=6).map(tuple), VALUES, st.tuples(*[VALUES] * 5)))
def test_whatever_a_step_gives_is_sound_or_told(given_back):
    identity = "AnythingOfTests-v0"
    make = lambda: Corridor(lambda *_: given_back)  # noqa: E731
    gymnasium.register(identity, entry_point=make, max_episode_steps=5)
    try:
        environment = Environment(identity)
        environment.reset(0)
        line = None
        try:
            step = environment.step(1)
        except DataError as error:
            line = str(error)
    finally:
        del gymnasium.registry[identity]
    if line is not None:
        assert line.isprintable()
        assert identity in line
        return
    assert isinstance(step, Step)
    assert step.observation.shape == (8,)
    assert np.isfinite(step.observation).all()
    assert np.isfinite(step.reward)


def test_a_fault_in_training_blames_the_environment(registered):
    name = registered(lambda: Corridor(late(lambda o: o * np.nan)), max_episode_steps=50)
    arena = Arena(name, [0], 2)
    onwards = np.ones((1, 2), np.int64)
    arena.step(onwards, [True])
    with pytest.raises(DataError, match="gave an observation that holds nan after 2 steps"):
        arena.step(onwards, [True])


def test_a_training_tells_that_no_episode_ends(registered, make_agents, settings, monkeypatch):
    monkeypatch.setattr(a2c, "CUT", 30)
    monkeypatch.setattr(a2c, "UPDATES_PER_RECORD", 1)
    never = lambda o, r, *rest: (o, r, False, False, rest[-1])  # noqa: E731
    task = environment_task(registered(lambda: Corridor(never), max_episode_steps=10**6))
    short = replace(settings, workers=1, steps=10)
    training = a2c.SyncTraining(make_agents(task, short, [0]), task, short, [0])
    said = []
    records = training.epochs()
    for _ in range(5):
        next(records)
        said.append(list(training.remarks))
        training.remarks.clear()
    training.close()
    assert [bool(lines) for lines in said] == [False, False, True, False, False]
    assert said[2][0].startswith("No episode has ended in 30 steps: set a smaller max_episode")


def test_the_cut_is_told_before_the_training(registered, make_agents, settings):
    task = environment_task(registered(Corridor))
    training = a2c.SyncTraining(make_agents(task, settings, [0]), task, settings, [0])
    training.close()
    assert training.remarks == [
        f"The environment {task.identity} sets no time limit: episodes are cut after 10,000 steps."
    ]


def leaves(*_, **__):
    sys.exit(0)


def raises(*_, **__):
    raise KeyError("door")


@pytest.mark.parametrize("method", ["reset", "step", "render", "close"])
@pytest.mark.parametrize("fails", [leaves, raises])
def test_an_environment_that_fails_or_leaves_the_program_anywhere_is_told(
    registered, method, fails
):
    environment = Environment(registered(Corridor))
    environment.reset(0)
    setattr(environment.gym.unwrapped, method, fails)
    arguments = (0,) if method in ("reset", "step") else ()
    with pytest.raises(DataError, match=f"failed in {method}"):
        getattr(environment, method)(*arguments)


@pytest.mark.parametrize(
    "drawn",
    [
        [[1, 2], [3]],
        np.full((4, 4, 3), 0.5),
        np.zeros((0, 4, 3), np.uint8),
        np.full((2, 2, 3), "x"),
    ],
    ids=["ragged", "fractions", "empty", "texts"],
)
def test_a_picture_that_is_none_is_told(registered, drawn):
    environment = Environment(registered(Corridor))
    environment.reset(0)
    environment.gym.unwrapped.render = lambda: drawn
    with pytest.raises(DataError, match=r"draws no pictures|failed in render"):
        environment.render()


@pytest.mark.parametrize("reward", [1e300, -1e38, 10**400])
def test_a_reward_whose_square_is_beyond_the_numbers_is_no_fault_of_the_learning_rate(
    registered, reward
):
    def large(observation, _, *rest):
        return observation, reward, *rest

    environment = Environment(registered(partial(Corridor, large)))
    environment.reset(0)
    with pytest.raises(DataError, match="rewards must be"):
        environment.step(0)


def test_more_actions_than_a_layer_can_have_are_told(registered):
    class Many(Corridor):
        action_space = spaces.Discrete(10**12)

    with pytest.raises(ArgumentError, match="at most 10,000,000"):
        Environment(registered(Many))


class Secret(Corridor):
    @property
    def observation_space(self):
        raise ValueError("odd")


class Reward:
    def __array__(self, *_, **__):
        raise TypeError("none")


def test_spaces_and_rewards_whose_own_code_fails_are_told(registered):
    with pytest.raises(DataError, match="failed in its spaces"):
        Environment(registered(Secret))

    def rewarded(observation, _, *rest):
        return observation, Reward(), *rest

    environment = Environment(registered(partial(Corridor, rewarded)))
    environment.reset(0)
    with pytest.raises(DataError, match="it must be a number"):
        environment.step(0)
