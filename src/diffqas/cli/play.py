"""`diffqas play`."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Group, RenderableType
from rich.live import Live

from diffqas.agents import COLUMNS, ROWS, Episode, pace, reward_in_words, terminal_frame
from diffqas.reports import Terminal, plain_text
from diffqas.runs import play_run


@dataclass
class Play:
    """Let the agent of a finished run play one episode of its environment.

    The episode is shown in the terminal and written to play.gif. With --model qt no circuit is run:
    the policy is an ordinary network.
    """

    folder: tyro.conf.Positional[Path]
    """The run folder."""
    seed: int | None = None
    """The seed whose agent plays; the first one if not given."""
    episode: int = 0
    """The number of the episode, which decides where the environment begins."""
    sample: bool = False
    """Draw the actions from the policy; if not given, the most probable ones are taken."""
    output: Path | None = None
    """The animation, FILE.gif; play.gif in the run folder if not given."""
    task: str | None = None
    """The environment, if its module is one of your own that you did not search here."""

    def run(self) -> None:
        """Play, show the episode, then print how it went and where the animation lies."""
        episode, path = play_run(
            self.folder,
            seed=self.seed,
            episode_seed=self.episode,
            sample=self.sample,
            output=self.output,
            task=self.task,
        )
        console = Terminal()
        if console.is_terminal:
            with suppress(KeyboardInterrupt):  # enough seen
                _animate(console, episode)
        else:
            for index in (0, -1):
                console.print(_state(console, episode, index), soft_wrap=True)
        # One line also where it is longer than the terminal is wide.
        console.print(plain_text(f"{summary(episode)}: {path}", "bold"), soft_wrap=True)


def summary(episode: Episode) -> str:
    """How an episode went.

    >>> summary(Episode((0.955,), (2,), ("forward",), True, False))
    'reward 0.955, 1 step, success'
    >>> summary(Episode((0.0, 0.0), (0, 0), ("left", "left"), False, True))
    'reward 0, 2 steps (cut at the limit), no success'
    """
    steps = "1 step" if episode.steps == 1 else f"{episode.steps} steps"
    if episode.truncated:
        steps += " (cut at the limit)"
    success = "success" if episode.success else "no success"
    return f"reward {reward_in_words(episode.reward)}, {steps}, {success}"


def _animate(console: Terminal, episode: Episode) -> None:
    count = len(episode.frames)
    with Live(console=console, auto_refresh=False) as live:
        for index in range(count):
            live.update(_state(console, episode, index), refresh=True)
            if index < count - 1:
                time.sleep(1 / pace(count))


def _state(console: Terminal, episode: Episode, index: int) -> RenderableType:
    columns = min(COLUMNS, console.width)
    # The caption and the prompt want room below the frame.
    rows = max(1, min(ROWS, console.height - 3))
    color = console.color_system is not None
    frame = terminal_frame(episode.texts[index], episode.frames[index], color, columns, rows)
    return Group(frame, plain_text(episode.captions[index], style="dim"))
