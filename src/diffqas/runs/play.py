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
    """Let the agent of a finished run play one episode, and write an animation of it.

    This is what `diffqas play` does, for scripts and notebooks. If circuits wrote the agent's
    policy, none of them is run.

    Args:
        folder: the run folder.
        seed: the seed whose agent plays; None stands for the run's first seed.
        episode_seed: the number of the episode. It decides where the environment begins and which
            actions are drawn.
        sample: whether the actions are drawn from the policy; if not, the most probable ones are
            taken.
        output: the animation, FILE.gif; None stands for play.gif in the run folder.
        task: the environment again, if making it imports a module of your own.

    Returns:
        The episode with its frames, and the path of the animation.

    Raises:
        ArgumentError: the run has no such seed, `episode_seed` is negative, or `output` is no
            FILE.gif.
        DataError: the environment cannot be made, fails, or draws no pictures.
        RunError: there is no finished run on an environment, the policy's outputs are not finite,
            or the disk is full.
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
    """Let pygame draw into arrays without a display, and without complaining if there is none."""
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
