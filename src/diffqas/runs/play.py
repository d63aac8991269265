"""An episode of a finished run's agent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from diffqas.agents import Environment, Episode, pace, play_episode, save_animation
from diffqas.errors import RunError, path_of, require, whole
from diffqas.runs.finished import FinishedRun
from diffqas.searches import ANIMATION


def play_run(
    folder: str | Path,
    *,
    seed: int | None = None,
    episode_seed: int = 0,
    sample: bool = False,
    output: str | Path | None = None,
    task: str | None = None,
) -> tuple[Episode, Path]:
    """Let the agent of a finished run play one episode, without any circuit; leaves an animation.

    What `diffqas play` does, for scripts and notebooks.

    Args:
        folder: the run folder.
        seed: whose agent; None: that of the run's first seed.
        episode_seed: number of the episode: it decides where the environment begins, and which
            actions are drawn.
        sample: draw the actions from the policy; else take the most probable ones.
        output: the animation, FILE.gif; None: play.gif in the run folder.
        task: the environment again, if making it imports a module of your own.

    Returns:
        The episode with its frames, and where the animation lies.

    Raises:
        ArgumentError: a seed that the run has not, a negative `episode_seed`, or an `output` that
            is no FILE.gif.
        DataError: the environment cannot be made or draws no pictures.
        RunError: no finished run on an environment there, or a full disk.
    """
    run = FinishedRun.open(folder, task=task)
    name = run.result.task
    if run.result.agents is None:
        remedy = "only agents play (try `diffqas search minigrid-empty-5x5`)"
        head = f"The run in {run.folder.path} is on {name}, which is no environment"
        raise RunError(f"{head}: {remedy}.")
    path = run.folder.path / ANIMATION if output is None else path_of(output, "output")
    require(path.suffix == ".gif", "output", "name a .gif file", path)
    require(whole(episode_seed, 0), "episode", "be a whole number of at least 0", episode_seed)
    index = run.index_of(seed)
    agent = run.models[index]
    # An id with a module imports it: that of config.json, which was asked for, not another one's.
    if ":" in name:
        name = run.task.name
    with _no_window(), closing(Environment(name, picture=True)) as environment:
        episode = play_episode(
            environment, agent.export(), episode_seed, greedy=not sample, frames=True
        )
    save_animation(episode.frames, path, episode.captions, pace(len(episode.frames)))
    return episode, path


@contextmanager
def _no_window() -> Iterator[None]:
    """Pygame draws into arrays: it needs no display, and shall not complain where there is none."""
    key = "SDL_VIDEODRIVER"
    before = os.environ.get(key)
    os.environ[key] = "dummy"
    try:
        yield
    finally:
        if before is None:
            del os.environ[key]
        else:
            os.environ[key] = before
