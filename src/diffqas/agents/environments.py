"""Environments of gymnasium that give vectors and take numbers of actions."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import ArgumentError, DataError, require

if TYPE_CHECKING:
    import gymnasium

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


CUT = 10_000
"""Steps after which an episode is cut, where neither registration nor environment sets a limit."""

TRIED = 100
"""Random steps that try an environment which sets a limit, before anything is trained."""

LONGEST_MESSAGE = 300

LARGEST_REWARD = 1e15
"""Errors of returns are squared, and summed over a batch, in numbers that end at 3e38."""

LARGEST_SIZE = 10_000_000
"""Observations and actions are ends of layers: 64 numbers stand there for each of them."""

INTERFACE = {
    "reset": "reset(self, *, seed=None, options=None) must give (observation, info)",
    "step": "step(self, action) must give (observation, reward, terminated, truncated, info)",
}
"""What gymnasium asks of an environment since 2022."""


@dataclass(frozen=True)
class Step:
    """What one action led to.

    Attributes:
        observation: the observation of the state after the action, (size,).
        reward: the reward for the action.
        terminated: whether the episode came to an end of its own.
        truncated: whether the episode was cut at its time limit.
    """

    observation: Floats
    reward: float
    terminated: bool
    truncated: bool


class Environment:
    """A gymnasium environment with discrete actions, whose observations are flattened to vectors.

    Of an observation of MiniGrid only the image is taken, 7 x 7 x 3 numbers, row by row, as they
    are. Everything that the environment gives is checked, because a number that is not finite would
    only be seen much later, as a loss that diverges.

    Args:
        name: a key of `ENVIRONMENTS` or an id of gymnasium.
        picture: whether `render` is wanted.

    Attributes:
        gym: the environment as gymnasium made it.
        identity: the id of gymnasium.
        observations: the length of an observation.
        actions: the number of actions.
        cut: the number of steps after which diffqas ends an episode. None if the environment has a
            limit of its own, and before the first episode.

    Raises:
        DataError: gymnasium, or what the environment needs, is not installed; or the environment
            cannot be made, or draws no pictures.
        ArgumentError: there is no such environment, or its observations or actions are of another
            kind.
    """

    def __init__(self, name: str, picture: bool = False) -> None:
        try:
            from gymnasium import spaces
        except ImportError:
            raise DataError(MISSING) from None
        self._flatten = spaces.flatten
        self.identity = ENVIRONMENTS.get(name, name)
        if any(word in self.identity.lower() for word in ("minigrid", "babyai")):
            _register_minigrid()
        self.gym = _made(name, self.identity, picture)
        try:
            space = getattr(self.gym, "observation_space", None)
            actions = getattr(self.gym, "action_space", None)
        except (Exception, SystemExit) as error:
            raise self._failure("its spaces", error) from None
        self._image = isinstance(space, spaces.Dict) and {"image", "mission"} <= set(space.spaces)
        self._space = space["image"] if isinstance(space, spaces.Dict) and self._image else space
        flat = isinstance(
            self._space, spaces.Box | spaces.Discrete | spaces.MultiBinary | spaces.MultiDiscrete
        )
        rule = "have observations that are numbers or an image"
        require(flat, "dataset", rule, f"{_one_line(space)} of {self.identity}")
        got = f"{_one_line(actions)} of {self.identity}"
        require(isinstance(actions, spaces.Discrete), "dataset", "have discrete actions", got)
        assert isinstance(actions, spaces.Discrete)  # for the type checker
        self._plain = isinstance(self._space, spaces.Box)
        self.observations = int(spaces.flatdim(self._space))
        require(self.observations > 0, "dataset", rule, f"{_one_line(space)} of {self.identity}")
        self.actions = int(actions.n)
        rule = f"have at most {LARGEST_SIZE:,} numbers in an observation, and actions"
        got = f"{self.observations:,} and {self.actions:,} of {self.identity}"
        require(max(self.observations, self.actions) <= LARGEST_SIZE, "dataset", rule, got)
        self._first_action = int(actions.start)
        self.cut: int | None = None
        self._steps = 0

    def reset(self, seed: int) -> Floats:
        """Begin the episode that belongs to a seed, and return its first observation.

        Raises:
            DataError: the environment fails, or gives something other than an observation.
        """
        self._steps = 0
        try:
            given = self.gym.reset(seed=seed)
        except (Exception, SystemExit) as error:
            raise self._failure("reset", error) from None
        # Before 2022 the observation came alone. That may be a tuple, too, but no pair with a dict.
        if not isinstance(given, tuple | list) or len(given) != 2 or not isinstance(given[1], dict):
            raise self._wrong_interface("reset", given)
        # Some environments, such as those of BabyAI, choose a new limit for every episode.
        self.cut = CUT if self.limit is None else None
        return self._vector(given[0])

    def step(self, action: int) -> Step:
        """Take an action; actions are counted from 0.

        Raises:
            DataError: the environment fails, or does not give what a step must give.
        """
        try:
            given = self.gym.step(action + self._first_action)
        except (Exception, SystemExit) as error:
            raise self._failure("step", error) from None
        if not isinstance(given, tuple | list) or len(given) != 5:
            raise self._wrong_interface("step", given)
        self._steps += 1
        observation, reward, terminated, truncated, _ = given
        ended = self._truth("terminated", terminated)
        cut = self._truth("truncated", truncated) or self._steps == self.cut
        return Step(self._vector(observation), self._number(reward), ended, cut)

    @property
    def limit(self) -> int | None:
        """The most steps of an episode; None if the environment sets no limit or tells of none."""
        spec = self.gym.spec
        found = spec.max_episode_steps if spec else None
        found = found or getattr(self.gym.unwrapped, "max_steps", None)
        if isinstance(found, int | np.integer) and found > 0:
            return int(found)
        return None

    def render(self) -> NDArray[np.uint8]:
        """The state as a picture, (height, width, 3).

        Raises:
            DataError: the environment draws no pictures, or fails in drawing one.
        """
        from gymnasium.error import DependencyNotInstalled

        try:
            drawn = self.gym.render()
        except DependencyNotInstalled as error:
            line = f"Pictures of {self.identity} cannot be drawn: {_one_line(error)}"
            raise DataError(line) from None
        except (Exception, SystemExit) as error:
            raise self._failure("render", error) from None
        try:
            picture = np.asarray(drawn)
        except Exception as error:
            raise self._failure("render", error) from None
        # Numbers between 0 and 1 would silently be cut to black.
        colours = picture.size > 0 and picture.dtype.kind in "ui"
        if not colours or picture.ndim != 3 or picture.shape[2] != 3:
            got = f"render() gives {_kind(drawn)}, and no array (height, width, 3)"
            if not colours:
                got += " of whole numbers"
            raise DataError(f"The {self.identity} draws no pictures: {got}.")
        return picture.astype(np.uint8)

    def close(self) -> None:
        """Close the environment.

        Raises:
            DataError: the environment fails in closing.
        """
        try:
            self.gym.close()
        except (Exception, SystemExit) as error:
            raise self._failure("close", error) from None

    def _vector(self, observation: object) -> Floats:
        seen = observation
        if self._image and isinstance(observation, dict):
            seen = observation.get("image")
        try:
            # A number beyond float32 becomes infinite, which is reported below.
            with np.errstate(over="ignore", invalid="ignore"):
                vector = self._flat(seen)
        except Exception as error:
            why = f"{type(error).__name__}: {_one_line(error)}"
            raise self._misfit(seen, f" ({why[:LONGEST_MESSAGE]})") from None
        if vector.shape != (self.observations,):
            raise self._misfit(seen)
        if not np.isfinite(vector).all():
            bad = vector[~np.isfinite(vector)][0]
            got = f"an observation that holds {bad}"
            raise DataError(f"{self._gave(got)}: its numbers must be finite.")
        return vector

    def _flat(self, seen: object) -> Floats:
        if self._plain:
            return np.array(seen, dtype=np.float32).ravel()
        # Flattening would take the state -1 for the last state.
        if self._space is None or not self._space.contains(seen):
            raise ValueError(f"{seen!r} is no member")
        return np.asarray(self._flatten(self._space, seen), dtype=np.float32)

    def _number(self, reward: object) -> float:
        number = _single(reward)
        if number is None:
            raise DataError(f"{self._gave(f'{_kind(reward)} as a reward')}: it must be a number.")
        if not np.isfinite(number):
            raise DataError(f"{self._gave(f'the reward {number}')}: rewards must be finite.")
        if abs(number) > LARGEST_REWARD:
            got = self._gave(f"the reward {number:g}")
            raise DataError(f"{got}: rewards must be at most {LARGEST_REWARD:g} in size.")
        return number

    def _truth(self, name: str, value: object) -> bool:
        """Read whether an episode is over; a text or several values are refused."""
        number = _single(value)
        if number is None or np.isnan(number):
            raise DataError(f"{self._gave(f'{_kind(value)} as {name}')}: it must be True or False.")
        return bool(number)

    def _gave(self, what: str) -> str:
        place = f"after {self._steps} steps" if self._steps else "at the start"
        return f"The environment {self.identity} gave {what} {place} of an episode"

    def _misfit(self, seen: object, why: str = "") -> DataError:
        space = _one_line(self._space)[:LONGEST_MESSAGE]
        got = self._gave(f"{_kind(seen)} as an observation")
        return DataError(f"{got}, where its observation space is {space}{why}.")

    def _failure(self, method: str, error: BaseException) -> DataError:
        """The message for an error inside the environment.

        If the error comes from a wrong interface, the message tells the rule that is broken.
        """
        frame = extract_tb(error.__traceback__)[-1]
        # If a wrapper of gymnasium cannot call or unpack something, it breaks gymnasium's rule.
        called = {"gymnasium", "diffqas"} & set(Path(frame.filename).parts)
        if method in INTERFACE and called and isinstance(error, TypeError | ValueError):
            rule = INTERFACE[method]
            return DataError(f"The environment {self.identity} is not as gymnasium asks: {rule}.")
        return DataError(f"The environment {self.identity} failed in {method}: {_told(error)}.")

    def _wrong_interface(self, method: str, given: object) -> DataError:
        head = f"The environment {self.identity} is not as gymnasium asks: {INTERFACE[method]}"
        return DataError(f"{head}, but gave {_kind(given)}.")


def try_out(environment: Environment) -> None:
    """Take random steps, so that faults of an environment are reported before the training.

    Raises:
        DataError: as of `Environment.reset` and `Environment.step`; or the environment sets no
            limit, and no episode came to an end.
    """
    draw = np.random.default_rng(0)
    environment.reset(0)
    steps = TRIED if environment.cut is None else environment.cut - 1
    for _ in range(steps):
        step = environment.step(int(draw.integers(environment.actions)))
        if step.terminated or step.truncated:
            return
    if environment.cut is not None:
        raise DataError(
            f"The environment {environment.identity} sets no time limit, and {environment.cut:,} "
            "random steps ended no episode: register it with max_episode_steps."
        )


def _made(name: str, identity: str, picture: bool) -> gymnasium.Env:
    """Make the environment with gymnasium.

    Raises:
        ArgumentError: gymnasium knows no such environment.
        DataError: its code fails, it draws no pictures, or something is not installed.
    """
    import gymnasium

    # Environments without pictures have no argument for a mode, not even for None.
    make = partial(gymnasium.make, identity, disable_env_checker=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that an id has a newer version
            warnings.filterwarnings("ignore", ".*render_mode")  # an error tells of pictures
            return make(render_mode="rgb_array") if picture else make()
    except gymnasium.error.DependencyNotInstalled as error:
        line = f"The environment {identity} cannot be made: {_one_line(error)}"
        raise DataError(line) from None
    except (gymnasium.error.Error, ImportError) as error:
        near = f"one of {', '.join(ENVIRONMENTS)}, or another id of gymnasium"
        raise ArgumentError(
            f"Argument `dataset` must be {near}, but got {name!r}: {_one_line(error)}"
        ) from None
    except (Exception, SystemExit) as error:
        if picture:
            # Made without pictures, it either works or tells what else is wrong.
            _made(name, identity, picture=False).close()
            raise DataError(f"The {identity} draws no pictures.") from None
        told = _told(error)
        if isinstance(error, TypeError) and "missing" in told:
            told += "; give its arguments by gymnasium.register(..., kwargs={...})"
        raise DataError(f"The environment {identity} cannot be made: {told}.") from None


def _register_minigrid() -> None:
    try:
        import minigrid  # noqa: F401
    except ImportError:
        raise DataError(MISSING) from None


def _told(error: BaseException) -> str:
    """An error of another author's code in words: its kind, its message, and where it arose."""
    frames = extract_tb(error.__traceback__)
    libraries = {"gymnasium", "diffqas", "site-packages"}
    theirs = [frame for frame in frames if not libraries & set(Path(frame.filename).parts)]
    place = f"{Path(theirs[-1].filename).name}:{theirs[-1].lineno}: " if theirs else ""
    words = f"{type(error).__name__}: {_one_line(error)}".rstrip(": .")
    return f"{place}{words[:LONGEST_MESSAGE]}"


def _single(value: object) -> float | None:
    """The number in a value or in an array of one entry; None for anything else, such as a text."""
    if isinstance(value, bool | int | float):  # at every step: no array is made for these
        return _as_float(value)
    try:
        array = np.asarray(value)
    except Exception:  # lists of different lengths, or an object whose own code fails
        return None
    if array.size != 1 or array.dtype.kind not in "biuf":
        return None
    return float(array.reshape(()))


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # of Python's whole numbers without bounds
        return float("inf")


def _kind(given: object) -> str:
    """What another author's code gave, in a few words."""
    if given is None:
        return "None"
    if isinstance(given, tuple):
        return f"a tuple of {len(given)}"
    if isinstance(given, np.ndarray):
        return f"an array of shape {given.shape}"
    return f"{type(given).__name__} {given!r}"[:60]


def _one_line(what: object) -> str:
    return " ".join(str(what).split())
