"""Agents whose policy and value are ordinary small networks, as many numbers as a search trains."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from diffqas.agents.networks import tanh_network
from diffqas.agents.task import POLICY_HEAD, EnvironmentTask
from diffqas.errors import ArgumentError
from diffqas.tasks import SmallMLP, largest_size


def ordinary_agent(task: EnvironmentTask, numbers: int) -> EnvironmentTask:
    """The same environment for perceptrons with one hidden layer of tanh.

    Policy and value have the same width, the largest with which both together have at most so many
    weights: the observations of MiniGrid alone need 147 for a single unit.

    Args:
        task: the environment.
        numbers: the most that both networks together may have.

    Raises:
        ArgumentError: a single unit is too many.

    >>> from diffqas.agents import environment_task
    >>> cart = ordinary_agent(environment_task("cartpole"), 270)
    >>> cart.policy()
    Sequential(
      (0): Linear(in_features=4, out_features=20, bias=True)
      (1): Tanh()
      (2): Linear(in_features=20, out_features=2, bias=True)
    )
    """
    size, actions = task.observations, task.actions

    def count(width: int) -> int:
        return SmallMLP.count(size, width, actions) + SmallMLP.count(size, width, 1)

    width = largest_size(count, numbers)
    if width == 0:
        raise ArgumentError(
            f"Argument `numbers` must be at least {count(1):,} for agents in {task.name}, "
            f"but got {numbers:,}."
        )
    policy = partial(tanh_network, size, actions, (width,), POLICY_HEAD)
    return replace(task, policy=policy, value=partial(tanh_network, size, 1, (width,)))
