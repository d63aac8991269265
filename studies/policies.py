"""Policies that are searched circuits, and agents of as many numbers without circuits.

    diffqas study studies/policies.py:CARTPOLE
    diffqas study studies/policies.py:CARTPOLE_SOON
    diffqas study studies/policies.py:MINIGRID

In all rows of a study each seed has the same number of steps, or in MiniGrid of episodes. Figures
are means of its last 100 episodes, while the agents learn and draw their actions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from diffqas.agents import (
    ACTING,
    CLASSIC_RECIPES,
    NETWORKS,
    QUANTUM_RECIPES,
    AgentSettings,
    EnvironmentTask,
    circuit_networks,
    ordinary_agent,
)
from diffqas.kinds import RandomFeatures, VQCKind
from diffqas.layers import HybridLockstep
from diffqas.optimisers import DirectLockstep
from diffqas.studies import REWARD, Row, Study, TrainedRow, populations
from diffqas.tasks import Task, output_shape
from diffqas.training import seeded

LAST = 100
"""Episodes at the end of each seed that are compared."""
SOON = 50_000
"""Steps of each seed in the short study."""

SMALL_LR = 0.01
"""Of an ordinary network; of 0.003 (the circuits' own), 0.01 and 0.03 the best on the table's own
seeds, which favours it.
"""

LOCAL = ACTING
"""Trained observables on three neighbours each, of the four qubits."""
FIXED = replace(ACTING, observables="z", locality=2)


ONE_QUBIT = replace(ACTING, qubits=1, observables="z", locality=1)
"""A linear layer makes one angle of the 147 numbers that are observed in MiniGrid."""
GRID_LR = 0.006
"""Of 0.003, 0.006 and 0.01 the one that passes soonest on seeds 100 to 102."""
GRID_SMALL_LR = 0.03
"""Of an ordinary network there, of 0.003, 0.006, 0.01, 0.03 and 0.1, chosen alike."""


def searched(
    task: Task, settings: AgentSettings, seeds: Sequence[int], circuit: VQCKind
) -> HybridLockstep:
    """What `diffqas search --model vqc` trains."""
    networks, _ = circuit_networks(task, settings, seeds, circuit)
    return networks


def frozen(
    task: Task, settings: AgentSettings, seeds: Sequence[int], circuit: VQCKind
) -> HybridLockstep:
    """The same at the angles that circuits are drawn with; all other numbers learn."""
    networks = searched(task, settings, seeds, circuit)
    networks.layer.angles.requires_grad_(False)
    return networks


def features(
    task: Task, settings: AgentSettings, seeds: Sequence[int], circuit: VQCKind
) -> DirectLockstep:
    """No circuit: a linear layer of random features, with at most as many numbers as the search."""
    outputs = output_shape(task)
    count = _count(task, settings, circuit) // math.prod(outputs) - 1
    size = task.train.inputs.shape[1]
    make = partial(RandomFeatures, size, count, outputs)
    return DirectLockstep([seeded(seed, make, task) for seed in seeds])


def small_networks(
    environment: EnvironmentTask, settings: AgentSettings, circuit: VQCKind
) -> EnvironmentTask:
    """An environment for ordinary small networks of at most as many numbers as the search."""
    counts = [_count(environment.network(name), settings, circuit) for name in NETWORKS]
    return ordinary_agent(environment, sum(counts))


def _count(task: Task, settings: AgentSettings, circuit: VQCKind) -> int:
    """Numbers of a searched policy, or value."""
    _, models = circuit_networks(task, settings, [0], circuit)
    return models[0].parameter_report().total


def rows(settings: AgentSettings, recipe: str) -> list[Row]:
    """The search with trained and with fixed observables, and controls."""
    small = TrainedRow(
        "ordinary small network",
        "control",
        settings,
        populations.direct,
        agents=partial(small_networks, circuit=LOCAL),
    )
    every = [
        TrainedRow("search, 3-local", "search", settings, partial(searched, circuit=LOCAL)),
        TrainedRow("search, Z", "search", settings, partial(searched, circuit=FIXED)),
        TrainedRow("frozen circuits, 3-local", "control", settings, partial(frozen, circuit=LOCAL)),
        TrainedRow("random features", "control", settings, partial(features, circuit=LOCAL)),
        small,
        replace(
            small,
            name=f"ordinary small network, lr {SMALL_LR:g}",
            settings=replace(settings, lr=SMALL_LR),
        ),
    ]
    return [replace(row, has_target=False, last=LAST) for row in every]


def study(steps: int | None = None) -> Study:
    """The rows in CartPole-v1; `steps` in place of the recipe's."""
    usual = CLASSIC_RECIPES["default"]
    chosen = usual if steps is None else replace(usual, most_steps=steps)
    return Study(rows, ("cartpole",), REWARD, lambda: {"default": chosen})


def grid_rows(settings: AgentSettings, recipe: str) -> list[Row]:
    """The smallest search in MiniGrid, and controls."""
    small = TrainedRow(
        "ordinary small network",
        "control",
        replace(settings, lr=GRID_SMALL_LR),
        populations.direct,
        agents=partial(small_networks, circuit=ONE_QUBIT),
    )
    every = [
        TrainedRow("search, one qubit", "search", settings, partial(searched, circuit=ONE_QUBIT)),
        TrainedRow("frozen circuits", "control", settings, partial(frozen, circuit=ONE_QUBIT)),
        small,
    ]
    return [replace(row, has_target=False, last=LAST) for row in every]


def grid_settings() -> AgentSettings:
    """The usual ones of circuits, for 1,000 episodes."""
    usual = QUANTUM_RECIPES["default"]
    return replace(usual, depth=1, episodes=1_000, lr=GRID_LR)


CARTPOLE = study()
CARTPOLE_SOON = study(SOON)
MINIGRID = Study(grid_rows, ("minigrid-empty-5x5",), REWARD, lambda: {"default": grid_settings()})
