"""One cell of a study of agents measured."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import cast

import numpy as np

from diffqas.agents import (
    VALUE_SEEDS,
    WINDOW,
    Agents,
    AgentSettings,
    EnvironmentTask,
    EpisodeLog,
    Network,
    SyncTraining,
    few,
    moving,
)
from diffqas.errors import RunError
from diffqas.studies.cell import AgentFigures, Cell, Figures, SmoothedRewards
from diffqas.studies.rows import TrainedRow

COMPARED = 5_000
"""Rows are compared by the last fifth of so many first episodes: all rows have them."""
SMOOTHED, POINTS = 1_000, 250
"""Episodes in the moving average of the figures, and points kept of it, as many again of its
beginning.
"""
SOLVED = 0.9
"""What the moving average of 500 episodes is to pass."""


def measure_agents(
    study: str, row: TrainedRow, dataset: str, seeds: Sequence[int], task: EnvironmentTask
) -> Cell:
    """Train the agents of one row, always by a2c.

    Figures are those of the episodes while they learn.
    """
    settings = row.settings
    assert isinstance(settings, AgentSettings)
    started = time.perf_counter()
    if row.agents is not None:
        task = row.agents(task, settings)
    agents = make_agents(row, task, seeds)
    training = SyncTraining(agents, task, settings, list(seeds))
    try:
        for _ in training.epochs():
            pass
    except RunError:
        if len(training.failures) < len(seeds):
            raise
    finally:
        training.close()
    log, failed = training.log, training.failures
    last = log.figures(row.last)
    whole = log.figures(settings.episodes)

    final = [compared(rewards) for rewards in log.rewards]
    if settings.most_steps is not None:
        # A seed that has learned has few and long episodes: only the last ones are alike.
        final = last["reward"]

    def sound(values: Sequence[float]) -> Figures:
        return [
            None if seed in failed else value for seed, value in zip(seeds, values, strict=True)
        ]

    return Cell(
        study=study,
        row=row.name,
        dataset=dataset,
        group=row.group,
        circuit=row.circuit,
        trainable=sum(p.numel() for p in agents.parameters_in_order) // len(seeds),
        target=_target(task) if row.has_target else None,
        deterministic=False,
        identical=row.identical,
        seeds=list(seeds),
        figures={
            "test_reward": sound(final),
            "train_reward": [None for _ in seeds],
            "test_mean_reward": sound(whole["reward"]),
            "train_mean_reward": [None for _ in seeds],
        },
        seconds=round(time.perf_counter() - started, 3),
        failures=dict(failed),
        agents=AgentFigures(
            passed=[passed(rewards) for rewards in log.rewards],
            last=min(settings.episodes, row.last),
            mean_reward=sound(last["reward"]),
            success_rate=sound(last["success"]),
            mean_length=sound(last["length"]),
            episodes=log.counts,
            steps=list(log.steps),
            rewards=_curves(log, settings),
        ),
    )


def make_agents(row: TrainedRow, task: EnvironmentTask, seeds: Sequence[int]) -> Agents:
    """The row's policies and values, one pair per seed."""
    settings = row.settings
    assert isinstance(settings, AgentSettings)
    policy = row.populate(task.network("policy"), settings, seeds)
    value = row.populate(task.network("value"), settings, [seed + VALUE_SEEDS for seed in seeds])
    size, shrink = task.observations, settings.shrink
    return Agents(
        cast("Network", policy), cast("Network", value), len(seeds), size, settings.centre, shrink
    )


def _target(task: EnvironmentTask) -> int:
    """Weights of policy and value."""
    networks = (task.policy(), task.value())
    return sum(p.numel() for network in networks for p in network.parameters())


def compared(rewards: Sequence[float]) -> float:
    """Mean of the last fifth of the first 5,000 episodes.

    >>> compared([0.0] * 4_000 + [0.5] * 1_000 + [1.0] * 45_000)
    0.5
    """
    first = rewards[:COMPARED]
    return float(np.mean(first[-max(1, len(first) // 5) :])) if first else math.nan


def passed(rewards: Sequence[float]) -> int | None:
    """Episodes until the mean of the last 500 passes 0.9; None if it never does.

    >>> passed([0.0] * 100 + [1.0] * 600), passed([0.0] * 1_000)
    (551, None)
    """
    # A shorter beginning has no mean of so many episodes.
    if len(rewards) < WINDOW:
        return None
    mean, _ = moving(rewards, WINDOW)
    above = np.flatnonzero(mean > SOLVED)
    return int(above[0]) + WINDOW if len(above) else None


def _curves(log: EpisodeLog, settings: AgentSettings) -> list[SmoothedRewards]:
    """What the figures are drawn from, by seed."""
    if settings.most_steps is None:
        return [_smoothed(rewards) for rewards in log.rewards]
    both = zip(log.rewards, log.lengths, strict=True)
    return [_smoothed(rewards, lengths) for rewards, lengths in both]


def _smoothed(rewards: Sequence[float], lengths: Sequence[int] | None = None) -> SmoothedRewards:
    """Moving mean and deviation of one seed at some episodes, and their steps, for the figures."""
    window = max(1, min(SMOOTHED, len(rewards) // 5))
    begin = few(window)
    mean, deviation = moving(rewards, window, begin)
    even, early = (
        np.linspace(0, end, POINTS) for end in (len(mean) - 1, min(len(mean) - 1, 2 * SMOOTHED))
    )
    places = np.unique(np.concatenate([even, early]).astype(int)) if len(mean) else np.zeros(0, int)
    episodes = places + begin
    steps = None
    if lengths is not None:
        # After e episodes the first e lengths are over.
        steps = np.cumsum(lengths, dtype=int)[episodes - 1].tolist()
    return SmoothedRewards(
        episode=episodes.tolist(),
        mean=np.round(mean[places], 5).tolist(),
        deviation=np.round(deviation[places], 5).tolist(),
        step=steps,
    )
