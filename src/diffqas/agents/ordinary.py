"""Agents of ordinary small networks with as many numbers as a search trains."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from diffqas.agents.networks import tanh_network
from diffqas.agents.task import POLICY_HEAD, EnvironmentTask
from diffqas.errors import ArgumentError
from diffqas.tasks import SmallMLP, largest_size


def ordinary_agent(task: EnvironmentTask, numbers: int) -> EnvironmentTask:
    """The same environment with perceptrons of one hidden tanh layer as policy and value.

    Policy and value have the same width, which is the largest with which both together have at most
    `numbers` weights. With the observations of MiniGrid a single unit needs 147 weights for them.

    Args:
        task: the environment.
        numbers: the most weights that both networks together may have.

    Raises:
        ArgumentError: even a single hidden unit has too many weights.

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
