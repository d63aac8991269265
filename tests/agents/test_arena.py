from collections import Counter

import gymnasium
import minigrid  # noqa: F401
import numpy as np
import pytest

from diffqas.agents.arena import Arena
from diffqas.agents.environments import Environment

SHORT = ["cartpole", "minigrid-empty-random-5x5"]


def actions_of(seed: int, number: int, steps: int, name: str) -> np.ndarray:
    """What is done in a place, whoever else is there."""
    return np.random.default_rng([seed, number, 99]).integers(
        2 if name == "cartpole" else 3, size=steps
    )


def walk(arena: Arena, name: str, steps: int, skip: int = 0) -> list[tuple[np.ndarray, ...]]:
    """Observation before, observation after, reward and ends of every step, each (seeds, workers,
    ...).
    """
    plans = [
        [actions_of(place.seed, place.number, skip + steps, name) for place in row]
        for row in arena.places
    ]
    found = []
    for step in range(skip, skip + steps):
        before = arena.observations
        led = arena.step(np.array(plans)[:, :, step], [True] * len(arena.places))
        found.append((before, led.following, led.rewards, led.terminated, led.truncated))
    return found


@pytest.mark.parametrize("name", SHORT)
def test_an_episode_is_the_same_in_any_company(name):
    many, alone = Arena(name, [3, 8, 5], 4), Arena(name, [5], 1, first=2)
    together, single = walk(many, name, 150), walk(alone, name, 150)
    assert many.places[2][2].episode >= 1
    for theirs, own in zip(together, single, strict=True):
        for one, other in zip(theirs, own, strict=True):
            np.testing.assert_array_equal(one[2, 2], other[0, 0])


def test_places_seeds_and_episodes_differ():
    arena = Arena("cartpole", [0, 1], 3)
    starts = [tuple(start) for row in arena.observations for start in row]
    for row in arena.places:
        for place in row:
            place.begin(1)
    starts += [tuple(start) for row in arena.observations for start in row]
    assert len(set(starts)) == 12


@pytest.mark.parametrize(
    ("name", "identity"), [(SHORT[0], "CartPole-v1"), (SHORT[1], "MiniGrid-Empty-Random-5x5-v0")]
)
def test_rewards_and_lengths_are_those_of_a_plain_loop(name, identity):
    arena, steps = Arena(name, [6], 2), 230
    walk(arena, name, steps)
    expected = []
    for number in range(2):
        plain, moves, episode, moved = (
            gymnasium.make(identity),
            actions_of(6, number, steps, name),
            0,
            0,
        )
        while moved < steps:
            seed = np.random.SeedSequence([6, number, episode]).generate_state(1)[0]
            plain.reset(seed=int(seed))
            reward, begun, over = 0.0, moved, False
            while not over and moved < steps:
                _, one, terminated, truncated, _ = plain.step(int(moves[moved]))
                reward, moved, over = reward + float(one), moved + 1, terminated or truncated
            if over:
                expected.append((reward, moved - begun))
            episode += 1
    assert len(expected) >= 4
    assert Counter(arena.finished[0]) == Counter(expected)


def test_an_ending_is_seen_before_the_next_episode_begins():
    arena = Arena("minigrid-empty-5x5", [0], 1)
    start = arena.observations
    for action in (2, 2, 1, 2):
        arena.step(np.array([[action]]), [True])
    led = arena.step(np.array([[2]]), [True])
    assert led.terminated.tolist() == [[True]]
    assert led.truncated.tolist() == [[False]]
    assert not np.array_equal(led.following, start)
    np.testing.assert_array_equal(
        arena.observations, start
    )  # this environment always begins in the same corner
    assert arena.finished == [[(pytest.approx(0.955), 5)]]
    assert arena.places[0][0].actions == []


def test_an_episode_is_cut_at_its_time_limit():
    arena = Arena("minigrid-empty-5x5", [0], 1)
    ends = [arena.step(np.array([[0]]), [True]).truncated.item() for _ in range(101)]
    assert ends == 99 * [False] + [True, False]
    assert arena.finished == [[(0.0, 100)]]


def test_seeds_that_are_left_out_do_not_move():
    arena = Arena("cartpole", [0, 1], 2)
    walk(arena, "cartpole", 5)
    before, state = arena.observations, arena.state_dict()
    for _ in range(40):
        led = arena.step(np.ones((2, 2), dtype=np.int64), [False, True])
        assert not led.following[0].any()
        assert not led.rewards[0].any()
        assert not (led.terminated | led.truncated)[0].any()
    np.testing.assert_array_equal(arena.observations[0], before[0])
    assert arena.state_dict()[0] == state[0]
    assert not arena.finished[0]
    assert len(arena.finished[1]) >= 4
    walk(arena, "cartpole", 1, skip=5)
    assert [len(place.actions) for place in arena.places[0]] == [6, 6]


@pytest.mark.parametrize("name", SHORT)
def test_a_stored_arena_stands_where_it_stood_and_goes_on_alike(name):
    arena, again = Arena(name, [2, 9], 2), Arena(name, [2, 9], 2)
    walk(arena, name, 160)
    walk(again, name, 3)
    again.finished = [[], []]
    again.load_state_dict(arena.state_dict())
    np.testing.assert_array_equal(again.observations, arena.observations)
    assert [[place.reward for place in row] for row in again.places] == [
        [place.reward for place in row] for row in arena.places
    ]
    arena.finished = [[], []]
    for theirs, own in zip(
        walk(arena, name, 120, skip=160), walk(again, name, 120, skip=160), strict=True
    ):
        for one, other in zip(theirs, own, strict=True):
            np.testing.assert_array_equal(one, other)
    assert again.finished == arena.finished
    assert all(arena.finished)


def test_the_state_does_not_move_with_the_arena():
    arena = Arena("cartpole", [0], 1)
    state = arena.state_dict()
    walk(arena, "cartpole", 3)
    assert state == [[{"episode": 0, "actions": []}]]


def test_a_state_of_other_places_is_refused():
    with pytest.raises(ValueError, match="zip"):
        Arena("cartpole", [0], 1).load_state_dict(Arena("cartpole", [0], 2).state_dict())


def test_closing_closes_every_place(monkeypatch):
    closed = []
    monkeypatch.setattr(Environment, "close", lambda self: closed.append(self))
    arena = Arena("cartpole", [0, 1], 3)
    arena.close()
    assert closed == [place.environment for row in arena.places for place in row]
