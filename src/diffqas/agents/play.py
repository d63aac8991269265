"""One episode of a policy, step by step, for people to look at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import accumulate, chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from diffqas.agents.environments import Environment
from diffqas.errors import DataError, RunError, require, whole

STEPS = 1_000
"""An episode is cut after so many, if the environment itself does not end it."""

COLORS = ("red", "green", "blue", "purple", "yellow", "grey")
"""Those of MiniGrid's objects; `grid_text` writes their places in this list."""

_KINDS = {
    "wall": "W",
    "floor": "F",
    "door": "D",
    "key": "K",
    "ball": "A",
    "box": "B",
    "goal": "G",
    "lava": "V",
}


@dataclass(frozen=True, eq=False)
class Episode:
    """What happened in an episode.

    Attributes:
        rewards: the reward of each step.
        actions: the action of each step, counted from 0.
        words: the names of these actions.
        terminated: whether the episode came to an end of its own.
        truncated: whether it was cut at a limit instead.
        frames: a picture (height, width, 3) of each state, including the first and the last; empty
            if no frames were asked for.
        texts: the same states as texts, see `grid_text`.
    """

    rewards: tuple[float, ...]
    actions: tuple[int, ...]
    words: tuple[str, ...]
    terminated: bool
    truncated: bool
    frames: tuple[NDArray[np.uint8], ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def reward(self) -> float:
        """The undiscounted sum of the rewards."""
        return sum(self.rewards, 0.0)

    @property
    def steps(self) -> int:
        """The number of steps."""
        return len(self.actions)

    @property
    def success(self) -> bool:
        """Whether the reward is positive: in MiniGrid, whether the goal was reached."""
        return self.reward > 0

    @property
    def captions(self) -> tuple[str, ...]:
        """A line for each state with the number of steps, the last action and the reward so far.

        >>> Episode((0.0, 0.955), (1, 2), ("right", "forward"), True, False).captions[1:]
        ('step 1/2  right  reward 0', 'step 2/2  forward  reward 0.955')
        """
        totals = accumulate(self.rewards)
        steps = (
            f"step {number}/{self.steps}  {word}  reward {reward_in_words(total)}"
            for number, (word, total) in enumerate(zip(self.words, totals, strict=True), 1)
        )
        return (f"step 0/{self.steps}", *steps)


def reward_in_words(reward: float) -> str:
    """A reward with three decimals at most.

    >>> reward_in_words(0.95625), reward_in_words(500.0), reward_in_words(-0.0)
    ('0.956', '500', '0')
    """
    return f"{round(reward, 3) + 0.0:g}"


@torch.no_grad()
def play_episode(
    environment: Environment,
    policy: nn.Module,
    seed: int,
    *,
    greedy: bool = True,
    limit: int = STEPS,
    frames: bool = False,
) -> Episode:
    """Let a policy act from the start of an episode to its end.

    Args:
        environment: the environment; it must be able to `render` if frames are wanted.
        policy: observations (size,) -> logits of the actions (actions,).
        seed: the seed of the episode. It decides where the environment begins and which actions
            are drawn.
        greedy: whether the most probable action is taken; if not, actions are drawn.
        limit: the most steps.
        frames: whether a picture of every state is kept.

    Raises:
        ArgumentError: `seed` or `limit` is no such number.
        DataError: the environment fails, or cannot draw pictures.
        RunError: the logits are not finite.
    """
    require(whole(seed, 0), "episode", "be a whole number of at least 0", seed)
    require(whole(limit), "limit", "be a whole number of at least 1", limit)
    numbers = next(chain(policy.parameters(), policy.buffers()), torch.zeros(()))
    draws = np.random.default_rng(seed)
    rewards: list[float] = []
    actions: list[int] = []
    pictures: list[NDArray[np.uint8]] = []
    texts: list[str] = []
    observation, terminated, truncated = environment.reset(seed), False, False
    while True:
        if frames:
            pictures.append(_picture(environment))
            texts.append(grid_text(environment))
        if terminated or truncated:
            break
        logits = policy(torch.as_tensor(observation).to(numbers)).double().cpu()
        if not torch.isfinite(logits).all():
            raise RunError(
                "The policy cannot play: its logits are not finite. Choose another seed of the run."
            )
        if greedy:
            action = int(logits.argmax())
        else:
            action = int(draws.choice(len(logits), p=logits.softmax(-1).numpy()))
        step = environment.step(action)
        actions.append(action)
        rewards.append(step.reward)
        observation, terminated = step.observation, step.terminated
        truncated = not terminated and (step.truncated or len(actions) == limit)
    words = tuple(_word(environment, action) for action in actions)
    return Episode(
        tuple(rewards), tuple(actions), words, terminated, truncated, tuple(pictures), tuple(texts)
    )


def grid_text(environment: Environment) -> str:
    """The state of a MiniGrid environment as text; empty for any other environment.

    Each row is a line, and each cell has two characters: what stands there (W wall, F floor, D
    closed door, L locked door, O open door, K key, A ball, B box, G goal, V lava, ? anything else;
    the agent is >, v, < or ^) and the place of its colour in `COLORS`. An empty cell is two spaces.
    If the agent carries something, that stands in a last line after a plus.
    """
    state = environment.gym.unwrapped
    grid, place, direction = (
        getattr(state, name, None) for name in ("grid", "agent_pos", "agent_dir")
    )
    if grid is None or getattr(grid, "get", None) is None or place is None or direction is None:
        return ""
    rows = [
        [_cell(grid.get(column, row)) for column in range(grid.width)] for row in range(grid.height)
    ]
    rows[place[1]][place[0]] = ">v<^"[direction] + str(COLORS.index("red"))
    carried = getattr(state, "carrying", None)
    lines = ["".join(row) for row in rows]
    if carried is not None:
        lines.append("+" + _cell(carried))
    return "\n".join(lines)


def _cell(thing: object) -> str:
    """The two characters of an object of MiniGrid, or of an empty cell."""
    if thing is None:
        return "  "
    kind = _KINDS.get(getattr(thing, "type", ""), "?")
    if kind == "D" and getattr(thing, "is_open", False):
        kind = "O"
    elif kind == "D" and getattr(thing, "is_locked", False):
        kind = "L"
    color = getattr(thing, "color", "grey")
    return kind + str(COLORS.index(color if color in COLORS else "grey"))


def _word(environment: Environment, action: int) -> str:
    """The name of an action, if the environment has an enumeration of its actions."""
    names = getattr(environment.gym.unwrapped, "actions", None)
    if isinstance(names, type) and issubclass(names, Enum):
        return next((one.name for one in names if one.value == action), f"action {action}")
    return f"action {action}"


def _picture(environment: Environment) -> NDArray[np.uint8]:
    made = environment.gym
    modes = (made.metadata or {}).get("render_modes", ())
    if made.render_mode != "rgb_array" or "rgb_array" not in modes:
        raise DataError(f"The {environment.identity} draws no pictures.")
    return environment.render().copy()
