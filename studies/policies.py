"""Policies that are searched circuits, and agents of as many numbers without circuits.

    diffqas study studies/policies.py:CARTPOLE
    diffqas study studies/policies.py:CARTPOLE_SOON

All rows of a study have the same steps of each seed; figures are means of its last 100 episodes,
while the agents learn and draw their actions.
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


CARTPOLE = study()
CARTPOLE_SOON = study(SOON)
