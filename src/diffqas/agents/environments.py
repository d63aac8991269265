"""Environments of gymnasium as vectors in, actions out."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import ArgumentError, DataError, require
from diffqas.storage import Json

Floats = NDArray[np.float32]

ENVIRONMENTS = {
    "minigrid-empty-5x5": "MiniGrid-Empty-5x5-v0",
    "minigrid-empty-6x6": "MiniGrid-Empty-6x6-v0",
    "minigrid-empty-8x8": "MiniGrid-Empty-8x8-v0",
    "minigrid-empty-random-5x5": "MiniGrid-Empty-Random-5x5-v0",
    "minigrid-doorkey-5x5": "MiniGrid-DoorKey-5x5-v0",
    "minigrid-lavagap-s5": "MiniGrid-LavaGapS5-v0",
    "minigrid-fourrooms": "MiniGrid-FourRooms-v0",
    "cartpole": "CartPole-v1",
}
"""Short names of the command line; any other id of gymnasium may stand there as it is."""

_ID = re.compile(r"^(?:[\w.]+:)?(?:[\w.-]+/)?[\w.-]+-v\d+$")

MISSING = "Environments need gymnasium and minigrid: install them with `pip install 'diffqas[rl]'`."


def is_environment(name: str) -> bool:
    """Whether a name is one of `ENVIRONMENTS`, or has the form of a gymnasium id.

    >>> is_environment("minigrid-empty-5x5"), is_environment("Acrobot-v1"), is_environment("mnist")
    (True, True, False)
    """
    return name in ENVIRONMENTS or _ID.match(name) is not None


@dataclass(frozen=True)
class Step:
    """What one action led to.

    Attributes:
        observation: of the state after it, (size,).
        reward: for it.
        terminated: the episode came to an end of its own.
        truncated: the episode was cut at its time limit.
    """

    observation: Floats
    reward: float
    terminated: bool
    truncated: bool


class Environment:
    """A gymnasium environment with discrete actions, whose observations are flattened to vectors.

    Of MiniGrid's observations the image is taken: 7 x 7 x 3 numbers, row by row, as they are.

    Args:
        name: key of `ENVIRONMENTS` or an id of gymnasium.
        picture: able to `render`.

    Raises:
        DataError: gymnasium or what the environment needs is not installed.
        ArgumentError: no such environment, or one with other observations or actions.
    """

    def __init__(self, name: str, picture: bool = False) -> None:
        try:
            import gymnasium
            from gymnasium import spaces
        except ImportError:
            raise DataError(MISSING) from None
        self._flatten = spaces.flatten
        identity = ENVIRONMENTS.get(name, name)
        if any(word in identity.lower() for word in ("minigrid", "babyai")):
            _register_minigrid()
        options: Json = {"render_mode": "rgb_array"} if picture else {}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", DeprecationWarning
                )  # that an id has a newer version
                self.gym = gymnasium.make(identity, disable_env_checker=True, **options)
        except gymnasium.error.DependencyNotInstalled as error:
            raise DataError(
                f"The environment {identity} cannot be made: {_one_line(error)}"
            ) from None
        except (gymnasium.error.Error, ImportError, TypeError) as error:
            near = f"one of {', '.join(ENVIRONMENTS)}, or another id of gymnasium"
            raise ArgumentError(
                f"Argument `dataset` must be {near}, but got {name!r}: {_one_line(error)}"
            ) from None
        space = self.gym.observation_space
        self._image = isinstance(space, spaces.Dict) and {"image", "mission"} <= set(space.spaces)
        self._space = space["image"] if isinstance(space, spaces.Dict) and self._image else space
        flat = isinstance(
            self._space, spaces.Box | spaces.Discrete | spaces.MultiBinary | spaces.MultiDiscrete
        )
        require(
            flat,
            "dataset",
            "have observations that are numbers or an image",
            f"{_one_line(space)} of {identity}",
        )
        actions = self.gym.action_space
        require(
            isinstance(actions, spaces.Discrete),
            "dataset",
            "have discrete actions",
            f"{_one_line(actions)} of {identity}",
        )
        self._plain = isinstance(self._space, spaces.Box)
        self.observations = int(spaces.flatdim(self._space))
        self.actions = int(actions.n)  # pyright: ignore[reportAttributeAccessIssue]
        self._first_action = int(actions.start)  # pyright: ignore[reportAttributeAccessIssue]

    def reset(self, seed: int) -> Floats:
        """Begin the episode that belongs to a seed; its first observation."""
        observation, _ = self.gym.reset(seed=seed)
        return self._vector(observation)

    def step(self, action: int) -> Step:
        """Act; `action` counts from 0."""
        observation, reward, terminated, truncated, _ = self.gym.step(action + self._first_action)
        return Step(self._vector(observation), float(reward), bool(terminated), bool(truncated))

    @property
    def limit(self) -> int | None:
        """Most steps of an episode; None if the environment sets no limit, or does not tell."""
        spec = self.gym.spec
        found = spec.max_episode_steps if spec else None
        return found or getattr(self.gym.unwrapped, "max_steps", None)

    def render(self) -> NDArray[np.uint8]:
        """The state as a picture, (height, width, 3)."""
        return np.asarray(self.gym.render(), dtype=np.uint8)

    def close(self) -> None:
        """Let go of what the environment holds."""
        self.gym.close()

    def _vector(self, observation: Any) -> Floats:
        if self._image:
            observation = observation["image"]
        if self._plain:
            return np.array(observation, dtype=np.float32).ravel()
        return np.asarray(self._flatten(self._space, observation), dtype=np.float32)


def _register_minigrid() -> None:
    try:
        import minigrid  # noqa: F401
    except ImportError:
        raise DataError(MISSING) from None


def _one_line(what: object) -> str:
    return " ".join(str(what).split())
