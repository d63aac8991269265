"""Environments that step together; every episode depends on seed, place and number alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from diffqas.agents.environments import Environment, Floats, Step
from diffqas.storage import State


@dataclass
class Place:
    """One environment and the episode that runs in it.

    Attributes:
        environment: the environment.
        seed: the seed of the run.
        number: the number of the place among those of the seed.
        episode: the number of the episode, 0 for the first.
        actions: the actions of the episode so far.
        reward: the undiscounted reward of the episode so far.
        observation: the observation of the present state.
    """

    environment: Environment
    seed: int
    number: int
    episode: int = 0
    actions: list[int] = field(default_factory=list)
    reward: float = 0.0
    observation: Floats = field(default_factory=lambda: np.zeros(0, np.float32))

    def begin(self, episode: int) -> None:
        """Start an episode."""
        entropy = np.random.SeedSequence([self.seed, self.number, episode])
        self.episode, self.actions, self.reward = episode, [], 0.0
        self.observation = self.environment.reset(int(entropy.generate_state(1)[0]))

    def replay(self, episode: int, actions: Sequence[int]) -> None:
        """Start an episode and repeat the actions that were taken in it.

        Environments cannot be stored, but they are deterministic.
        """
        self.begin(episode)
        for action in actions:
            self.act(action)

    def act(self, action: int) -> Step:
        """Take an action, and record it with its reward."""
        step = self.environment.step(action)
        self.actions.append(action)
        self.reward += step.reward
        self.observation = step.observation
        return step


@dataclass(frozen=True, eq=False)
class Transitions:
    """What one action in every place led to; places that were left out have zeros.

    Attributes:
        following: the observations after the action, before a new episode begins, (seeds, workers,
            size).
        rewards: the rewards of the actions, (seeds, workers).
        terminated: whether the episode came to an end of its own, (seeds, workers).
        truncated: whether the episode was cut at its time limit, (seeds, workers).
    """

    following: Floats
    rewards: Floats
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]


class Arena:
    """The environments of all seeds, the same number of places for each seed.

    Args:
        name: the name of the environment, as of `Environment`.
        seeds: the seeds of the run.
        workers: how many places each seed has.
        first: the number of the first place.
    """

    def __init__(self, name: str, seeds: Sequence[int], workers: int, first: int = 0) -> None:
        numbers = range(first, first + workers)
        self.places = [
            [Place(Environment(name), seed, number) for number in numbers] for seed in seeds
        ]
        for place in self._all():
            place.begin(0)
        self.finished: list[list[tuple[float, int]]] = [[] for _ in seeds]
        """(reward, steps) of the episodes that ended since somebody emptied the list, for each
        seed.
        """

    @property
    def observations(self) -> Floats:
        """The observations of the present states, (seeds, workers, size)."""
        return np.stack([np.stack([place.observation for place in row]) for row in self.places])

    def step(self, actions: NDArray[np.int64], active: Sequence[bool]) -> Transitions:
        """Act in the places of the active seeds; where an episode ends, the next one begins.

        Args:
            actions: the actions, (seeds, workers).
            active: for each seed whether it takes part.
        """
        shape = actions.shape
        size = self.places[0][0].environment.observations
        result = Transitions(
            np.zeros((*shape, size), np.float32),
            np.zeros(shape, np.float32),
            np.zeros(shape, bool),
            np.zeros(shape, bool),
        )
        for row, places in enumerate(self.places):
            if not active[row]:
                continue
            for column, place in enumerate(places):
                step = place.act(int(actions[row, column]))
                here = row, column
                result.following[here], result.rewards[here] = step.observation, step.reward
                result.terminated[here], result.truncated[here] = step.terminated, step.truncated
                if step.terminated or step.truncated:
                    self.finished[row].append((place.reward, len(place.actions)))
                    place.begin(place.episode + 1)
        return result

    def close(self) -> None:
        """Close every environment."""
        for place in self._all():
            place.environment.close()

    def state_dict(self) -> list[list[State]]:
        """The episode and its actions for every place."""
        return [
            [{"episode": place.episode, "actions": list(place.actions)} for place in row]
            for row in self.places
        ]

    def load_state_dict(self, state: list[list[State]]) -> None:
        """Bring every place back to the state that was stored."""
        for row, stored in zip(self.places, state, strict=True):
            for place, one in zip(row, stored, strict=True):
                place.replay(one["episode"], one["actions"])

    def _all(self) -> list[Place]:
        return [place for row in self.places for place in row]
